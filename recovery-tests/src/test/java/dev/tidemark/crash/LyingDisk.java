package dev.tidemark.crash;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a store and its disk and leaves one right thing undone, without a word: the store behaves as if it had forgotten
 * it. If the enumeration is worth anything, it notices.
 *
 * <p><b>Threads.</b> One.
 */
final class LyingDisk implements Disk {

    /** What is left undone. */
    enum Lie {
        /** Forcing a segment. */
        SEGMENT_FORCE,
        /** Forcing a segment before the append is acknowledged: it is done with the next operation. */
        SEGMENT_FORCE_IN_TIME,
        /** Forcing the new header before it gets its name. */
        HEADER_FORCE,
        /** Forcing PARTITION before it takes the place of the one before. */
        METADATA_FORCE,
        /** Forcing a directory. */
        DIRECTORY_FORCE,
        /** Writing again what is there already, as recovery does with the tail: the force alone is thought to do. */
        REWRITE,
        /** Cutting a refused round away. */
        CUT
    }

    private final Disk disk;
    private final Lie lie;
    private @Nullable DiskFile late;

    LyingDisk(Disk disk, Lie lie) {
        this.disk = disk;
        this.lie = lie;
    }

    private void catchUp() throws IOException {
        DiskFile owed = late;
        late = null;
        if (owed != null && owed.isOpen()) {
            owed.force(false);
        }
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        catchUp();
        return new LyingFile(disk.create(file));
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        catchUp();
        return new LyingFile(disk.open(file, access));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        disk.createDirectory(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        catchUp();
        disk.rename(from, to);
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        disk.link(existing, link);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        catchUp();
        if (lie != Lie.DIRECTORY_FORCE) {
            disk.forceDirectory(directory);
        }
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        return disk.lock(file);
    }

    @Override
    public Volume volume(Path path) throws IOException {
        return disk.volume(path);
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return disk.realPath(path);
    }

    private final class LyingFile implements DiskFile {
        private final DiskFile file;
        private final String name;

        LyingFile(DiskFile file) {
            this.file = file;
            this.name = file.path().getFileName().toString();
        }

        @Override
        public int write(ByteBuffer source, long at) throws IOException {
            catchUp();
            if (lie == Lie.REWRITE && isThereAlready(source, at)) {
                int bytes = source.remaining();
                source.position(source.limit());
                return bytes;
            }
            return file.write(source, at);
        }

        private boolean isThereAlready(ByteBuffer source, long at) throws IOException {
            ByteBuffer there = ByteBuffer.allocate(source.remaining());
            file.readFully(there, at);
            return there.flip().equals(source);
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            return file.read(target, at);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            catchUp();
            boolean isSegment = name.endsWith(".seg");
            if (lie == Lie.SEGMENT_FORCE_IN_TIME && isSegment) {
                late = file;
                return;
            }
            boolean isForgotten = lie == Lie.SEGMENT_FORCE && isSegment
                    || lie == Lie.HEADER_FORCE && name.startsWith("next-")
                    || lie == Lie.METADATA_FORCE && name.startsWith("PARTITION");
            if (!isForgotten) {
                file.force(metadata);
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            catchUp();
            if (lie != Lie.CUT) {
                file.truncate(sizeBytes);
            }
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            catchUp();
            file.close();
        }
    }
}
