package dev.tidemark.stress;

import dev.tidemark.stress.LastOperation.Kind;
import dev.tidemark.stress.LastOperation.Moment;
import dev.tidemark.stress.LastOperation.Phase;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The real disk up to one operation, the last one: there it tells so and lets nobody go on, until the process is killed.
 *
 * <p><b>Threads.</b> Any. Operations that other threads have begun by then may still be done, as with any kill.
 */
final class DeadlyDisk implements Disk {
    private final Disk disk;
    private final LastOperation last;
    private final Runnable tell;
    private final AtomicInteger met = new AtomicInteger();
    private final AtomicBoolean isTold = new AtomicBoolean();
    private volatile boolean isServing;
    private volatile boolean isOver;

    /**
     * This disk, with an end.
     *
     * @param tell says that the last operation has been reached
     */
    DeadlyDisk(Disk disk, LastOperation last, Runnable tell) {
        this.disk = disk;
        this.last = last;
        this.tell = tell;
    }

    /** The store is open and has acknowledged something: operations of the phase that begins now are counted. Again and again has no effect. */
    void serves() {
        isServing = true;
    }

    /** What is done to the disk. */
    private interface Change<T> {
        T make() throws IOException;
    }

    private <T> T at(Kind kind, Path path, Change<T> change) throws IOException {
        boolean isLast = isLast(kind, path);
        if (isLast && last.moment() != Moment.AFTER) {
            stop();
        }
        T result = change.make();
        if (isLast) {
            stop();
        }
        return result;
    }

    private boolean isLast(Kind kind, Path path) {
        if (isOver) {
            stop();
        }
        boolean isCounted = (last.phase() == Phase.OPENING || isServing) && last.matches(kind, path);
        return isCounted && met.incrementAndGet() == last.number();
    }

    /** Does not return: the process is killed here. */
    private void stop() {
        isOver = true;
        if (isTold.compareAndSet(false, true)) {
            tell.run();
        }
        while (isOver) {
            LockSupport.park(this);
        }
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        return new DeadlyFile(at(Kind.CREATE, file, () -> disk.create(file)));
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        return new DeadlyFile(disk.open(file, access));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        at(Kind.CREATE, directory, () -> {
            disk.createDirectory(directory);
            return true;
        });
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        at(Kind.RENAME, to, () -> {
            disk.rename(from, to);
            return true;
        });
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        at(Kind.CREATE, link, () -> {
            disk.link(existing, link);
            return true;
        });
    }

    @Override
    public void delete(Path path) throws IOException {
        at(Kind.DELETE, path, () -> {
            disk.delete(path);
            return true;
        });
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
        at(Kind.FORCE_DIRECTORY, directory, () -> {
            disk.forceDirectory(directory);
            return true;
        });
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

    private final class DeadlyFile implements DiskFile {
        private final DiskFile file;

        DeadlyFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source, long at) throws IOException {
            boolean isLast = isLast(Kind.WRITE, file.path());
            if (isLast && last.moment() == Moment.INSIDE) {
                file.write(source.slice(source.position(), source.remaining() / 2), at);
            }
            if (isLast && last.moment() != Moment.AFTER) {
                stop();
            }
            int bytes = file.write(source, at);
            if (isLast) {
                stop();
            }
            return bytes;
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            return file.read(target, at);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            DeadlyDisk.this.at(Kind.FORCE, file.path(), () -> {
                file.force(metadata);
                return true;
            });
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            DeadlyDisk.this.at(Kind.TRUNCATE, file.path(), () -> {
                file.truncate(sizeBytes);
                return true;
            });
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
