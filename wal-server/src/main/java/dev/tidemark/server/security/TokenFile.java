package dev.tidemark.server.security;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.UnaryOperator;

/**
 * The file of tokens: read by a server, changed by {@code wal token}.
 *
 * <p><b>Crash.</b> It is replaced in one step, after the new one is on the disk; so it is the old one or the new one. Two that would change it at the same time exclude each other by a lock
 * file beside it: a revocation must not be undone by somebody who has read the file before.
 */
public final class TokenFile {
    private final Path file;

    /** The file at this place, which need not be there. */
    public TokenFile(Path file) {
        this.file = file;
    }

    /**
     * What it says.
     *
     * @throws AccessFileException if that is nonsense
     */
    public Tokens read() throws IOException, AccessFileException {
        return Tokens.parse(WatchedFile.textOf(file));
    }

    /**
     * Replaces it by what the change makes of it; begins with none where there is no file.
     *
     * @throws IOException also when another process is about to change it
     */
    public Tokens change(UnaryOperator<Tokens> change) throws IOException, AccessFileException {
        FileAttribute<?> own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        Path lockFile = sibling(".lock");
        if (!Files.exists(lockFile)) {
            create(lockFile, own);
        }
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                throw new IOException("another process is changing the tokens: file=" + file);
            }
            Tokens changed = change.apply(Files.exists(file) ? read() : Tokens.none());
            replace(changed.format(), own);
            return changed;
        } catch (OverlappingFileLockException e) {
            throw new IOException("another thread is changing the tokens: file=" + file, e);
        }
    }

    private static void create(Path lockFile, FileAttribute<?> own) throws IOException {
        try {
            Files.createFile(lockFile, own);
        } catch (java.nio.file.FileAlreadyExistsException e) {
            // Somebody else was faster; the lock decides.
            assert Files.exists(lockFile);
        }
    }

    private void replace(String text, FileAttribute<?> own) throws IOException {
        Path written = sibling(".tmp");
        Files.deleteIfExists(written);
        Files.createFile(written, own);
        if (Files.exists(file)) {
            belongLike(file, written);
        }
        try (FileChannel channel = FileChannel.open(written, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // A revocation that was told to somebody is there after a loss of power.
        try (FileChannel directory = FileChannel.open(written.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** An administrator changes it, and the server, which is somebody else, has to be able to read it afterwards. */
    private static void belongLike(Path known, Path made) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(known, PosixFileAttributes.class);
        PosixFileAttributeView view = Files.getFileAttributeView(made, PosixFileAttributeView.class);
        PosixFileAttributes now = view.readAttributes();
        if (!now.group().equals(attributes.group())) {
            view.setGroup(attributes.group());
        }
        view.setPermissions(attributes.permissions());
        if (!now.owner().equals(attributes.owner())) {
            view.setOwner(attributes.owner());
        }
    }

    private Path sibling(String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }
}
