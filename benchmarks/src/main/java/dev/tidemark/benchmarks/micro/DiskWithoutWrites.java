package dev.tidemark.benchmarks.micro;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The real disk, but nothing that is written to a file after it was made reaches it, and no force does anything: what remains of an append is the
 * engine's own work. A store on it cannot be opened again.
 *
 * <p><b>Threads.</b> Any; no state of its own.
 */
final class DiskWithoutWrites implements Disk {
    private final Disk real;

    DiskWithoutWrites(Disk real) {
        this.real = real;
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        return real.create(file);
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        DiskFile opened = real.open(file, access);
        return access == Access.READ_WRITE && String.valueOf(file.getFileName()).endsWith(".seg")
                ? new Unwritten(opened)
                : opened;
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        real.createDirectory(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        real.rename(from, to);
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        real.link(existing, link);
    }

    @Override
    public void delete(Path path) throws IOException {
        real.delete(path);
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        return real.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return real.exists(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        real.forceDirectory(directory);
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        return real.lock(file);
    }

    @Override
    public Volume volume(Path path) throws IOException {
        return real.volume(path);
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return real.realPath(path);
    }

    private record Unwritten(DiskFile file) implements DiskFile {
        @Override
        public int write(ByteBuffer source, long at) {
            int bytes = source.remaining();
            source.position(source.limit());
            return bytes;
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            return file.read(target, at);
        }

        @Override
        public void force(boolean metadata) {
            // Nothing was written.
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
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
            file.close();
        }
    }
}
