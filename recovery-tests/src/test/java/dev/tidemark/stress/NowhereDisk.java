package dev.tidemark.stress;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A disk that takes everything at once and keeps nothing: for races of a microsecond, in which no byte matters. */
public final class NowhereDisk implements Disk {

    /** A file whose closings are counted. */
    public NowhereFile file(Path path) {
        return new NowhereFile(path);
    }

    @Override
    public DiskFile create(Path path) {
        return file(path);
    }

    @Override
    public DiskFile open(Path path, Access access) {
        return file(path);
    }

    @Override
    public void createDirectory(Path directory) {}

    @Override
    public void rename(Path from, Path to) {}

    @Override
    public void link(Path existing, Path link) {}

    @Override
    public void delete(Path path) {}

    @Override
    public List<DiskEntry> list(Path directory) {
        return List.of();
    }

    @Override
    public boolean exists(Path path) {
        return false;
    }

    @Override
    public void forceDirectory(Path directory) {}

    @Override
    public DiskLock lock(Path path) throws IOException {
        throw new IOException("nothing can be locked here");
    }

    @Override
    public Volume volume(Path path) {
        return new Volume("nowhere", 1L << 40, 1L << 40, 4096);
    }

    @Override
    public Path realPath(Path path) {
        return path;
    }

    /** Takes what is written, has nothing to read. */
    public static final class NowhereFile implements DiskFile {
        private final Path path;
        private final AtomicInteger closings = new AtomicInteger();

        private NowhereFile(Path path) {
            this.path = path;
        }

        /** How often it was closed. */
        public int closings() {
            return closings.get();
        }

        @Override
        public int write(ByteBuffer source, long at) throws IOException {
            requireOpen();
            int bytes = source.remaining();
            source.position(source.limit());
            return bytes;
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            requireOpen();
            return -1;
        }

        @Override
        public void force(boolean metadata) throws IOException {
            requireOpen();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            requireOpen();
        }

        private void requireOpen() throws IOException {
            if (!isOpen()) {
                throw new IOException("file is closed: file=" + path);
            }
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public boolean isOpen() {
            return closings.get() == 0;
        }

        @Override
        public void close() {
            closings.incrementAndGet();
        }
    }
}
