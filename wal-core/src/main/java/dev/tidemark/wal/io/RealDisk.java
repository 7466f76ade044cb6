package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The disk of this machine. It needs a system on which a directory can be opened and forced, which Linux and macOS are.
 *
 * <p><b>Threads.</b> Any. It has no state of its own; locks are in {@link FileLocks}.
 */
final class RealDisk implements Disk {

    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
    private static final Set<OpenOption> READ_WRITE = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final Set<OpenOption> CREATE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    static final Set<OpenOption> READ_WRITE_MAYBE_CREATE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);

    private static final String OWNER_READS_AND_WRITES = "rw-------";
    private static final String OWNER_DOES_ALL = "rwx------";
    private static final long USUAL_BLOCK_BYTES = 4096;

    @Override
    public DiskFile create(Path file) throws IOException {
        ThreadRules.assertMayBlock();
        return new RealFile(file, openChannel(file, CREATE));
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        ThreadRules.assertMayBlock();
        return new RealFile(file, openChannel(file, access == Access.READ ? READ : READ_WRITE));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        ThreadRules.assertMayBlock();
        Files.createDirectory(directory, permissions(directory, OWNER_DOES_ALL));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        ThreadRules.assertMayBlock();
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        ThreadRules.assertMayBlock();
        Files.createLink(link, existing);
    }

    @Override
    public void delete(Path path) throws IOException {
        ThreadRules.assertMayBlock();
        Files.delete(path);
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        ThreadRules.assertMayBlock();
        List<DiskEntry> entries = new ArrayList<>();
        try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
            for (Path path : names) {
                entryOf(path).ifPresent(entries::add);
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        entries.sort(Comparator.comparing(DiskEntry::name));
        return entries;
    }

    /** Empty if the name was deleted since it was listed. */
    private static Optional<DiskEntry> entryOf(Path path) throws IOException {
        Optional<BasicFileAttributes> found = attributesOf(path);
        if (found.isEmpty()) {
            // A link to nowhere is an entry too; left out, whoever expects the file would think it was never there.
            found = attributesOf(path, LinkOption.NOFOLLOW_LINKS);
        }
        return found.map(attributes -> new DiskEntry(
                String.valueOf(path.getFileName()),
                attributes.isDirectory(),
                attributes.isDirectory() ? 0 : attributes.size()));
    }

    @Override
    public boolean exists(Path path) throws IOException {
        ThreadRules.assertMayBlock();
        if (attributesOf(path).isPresent()) {
            return true;
        }
        // A file where a directory should be is an error on JDK 17 and "no such file" on 25: here it is an error on
        // both.
        for (Path above = path.toAbsolutePath().getParent(); above != null; above = above.getParent()) {
            Optional<BasicFileAttributes> found = attributesOf(above);
            if (found.isPresent() && !found.get().isDirectory()) {
                throw new NotDirectoryException(above.toString());
            }
            if (found.isPresent()) {
                break;
            }
        }
        return false;
    }

    // Files.exists would answer "no" to any error.
    private static Optional<BasicFileAttributes> attributesOf(Path path, LinkOption... options) throws IOException {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class, options));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        ThreadRules.assertMayBlock();
        try (AsynchronousFileChannel channel = openChannel(directory, READ)) {
            channel.force(true);
        }
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        ThreadRules.assertMayBlock();
        return FileLocks.lock(file);
    }

    @Override
    public Volume volume(Path path) throws IOException {
        ThreadRules.assertMayBlock();
        FileStore store = Files.getFileStore(path);
        return new Volume(store.type(), store.getTotalSpace(), store.getUsableSpace(), blockBytesOf(store));
    }

    private static long blockBytesOf(FileStore store) throws IOException {
        try {
            return store.getBlockSize();
        } catch (UnsupportedOperationException e) {
            return USUAL_BLOCK_BYTES;
        }
    }

    @Override
    public Path realPath(Path path) throws IOException {
        ThreadRules.assertMayBlock();
        return path.toRealPath();
    }

    static AsynchronousFileChannel openChannel(Path path, Set<OpenOption> options) throws IOException {
        return AsynchronousFileChannel.open(
                path, options, CallingThread.EXECUTOR, permissions(path, OWNER_READS_AND_WRITES));
    }

    private static FileAttribute<?>[] permissions(Path path, String permissions) {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return new FileAttribute<?>[0];
        }
        return new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        };
    }
}
