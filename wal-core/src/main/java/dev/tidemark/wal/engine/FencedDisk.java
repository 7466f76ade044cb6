package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The disk of one open store. Whatever changes something passes a turnstile, which is shut when the store is closed. So
 * {@code LOCK} can be given back at a moment of which it is certain that nothing of this store is on its way to the disk or
 * will ever be again, also when a force hung and a thread is still in it. A store that is open for reading only is shut
 * from the beginning.
 *
 * <p>Reading and closing files go on.
 *
 * <p>When the process has no descriptor left for an operation, idle files of the store are closed and the operation is tried
 * again: the store's own bound counts segments, and others use descriptors as well.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Crash.</b> Holds nothing back.
 */
final class FencedDisk implements Disk {
    private static final int OPENING_ATTEMPTS = 8;

    private final Disk disk;
    private final String reason;
    private final Turnstile changes = new Turnstile();
    /** Closes some files that nobody uses, and says whether there were any. */
    private volatile BooleanSupplier idleFiles = () -> false;

    private FencedDisk(Disk disk, String reason) {
        this.disk = disk;
        this.reason = reason;
    }

    /** Open for changes, until it is {@linkplain #fence fenced}. */
    static FencedDisk open(Disk disk) {
        return new FencedDisk(disk, "the store was closed");
    }

    /** For reading only. */
    static FencedDisk readOnly(Disk disk) {
        FencedDisk fenced = new FencedDisk(disk, "the store was opened read-only");
        fenced.changes.shut();
        return fenced;
    }

    /** From where descriptors may be had when there are none left. */
    void closeWhenOutOfFiles(BooleanSupplier idle) {
        idleFiles = idle;
        // Once now, when it does nothing: the classes it needs could not be loaded without a descriptor.
        if (DiskErrors.isTooManyOpenFiles(new IOException(reason)) || idle.getAsBoolean()) {
            throw new IllegalStateException("files are open before the first was opened");
        }
    }

    /** Something that needs a descriptor, and does nothing if it gets none. */
    private interface Opening<T> {
        T open() throws IOException;
    }

    private <T> T withDescriptor(Opening<T> opening) throws IOException {
        boolean wasNoneIdle = false;
        for (int attempt = 1; ; attempt++) {
            try {
                return opening.open();
            } catch (IOException e) {
                // More than once: what was closed may have gone to another thread by now. Also if there was none to
                // close:
                // another thread in the same need may just have closed them all.
                if (!DiskErrors.isTooManyOpenFiles(e) || attempt == OPENING_ATTEMPTS) {
                    throw e;
                }
                boolean isNoneIdle = !idleFiles.getAsBoolean();
                if (isNoneIdle && wasNoneIdle) {
                    throw e;
                }
                wasNoneIdle = isNoneIdle;
            }
        }
    }

    /** Refuses changes from now on. */
    void fence() {
        changes.shut();
    }

    /** Waits until the changes under way have returned, after it was fenced; says whether they have in time. */
    boolean awaitQuiet(long maxNanos) throws InterruptedException {
        return changes.awaitEmpty(maxNanos);
    }

    /** Runs this once they have. */
    void whenQuiet(Runnable action) {
        changes.whenEmpty(action);
    }

    /** How many changes are under way. */
    long changesUnderWay() {
        return changes.inside();
    }

    private void enter(Path path) throws IOException {
        if (!changes.enter()) {
            throw new IOException(reason + ": file=" + path.getFileName());
        }
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        enter(file);
        try {
            return new FencedFile(withDescriptor(() -> disk.create(file)));
        } finally {
            changes.leave();
        }
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        return new FencedFile(withDescriptor(() -> disk.open(file, access)));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        enter(directory);
        try {
            disk.createDirectory(directory);
        } finally {
            changes.leave();
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        enter(from);
        try {
            disk.rename(from, to);
        } finally {
            changes.leave();
        }
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        enter(link);
        try {
            disk.link(existing, link);
        } finally {
            changes.leave();
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        enter(path);
        try {
            disk.delete(path);
        } finally {
            changes.leave();
        }
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        return withDescriptor(() -> disk.list(directory));
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        enter(directory);
        try {
            withDescriptor(() -> forcedDirectory(directory));
        } finally {
            changes.leave();
        }
    }

    private Path forcedDirectory(Path directory) throws IOException {
        disk.forceDirectory(directory);
        return directory;
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        return disk.lock(file);
    }

    @Override
    public Volume volume(Path path) throws IOException {
        return withDescriptor(() -> disk.volume(path));
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return disk.realPath(path);
    }

    /** A file whose changes pass the turnstile. */
    private final class FencedFile implements DiskFile {
        private final DiskFile file;

        FencedFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source, long at) throws IOException {
            enter(file.path());
            try {
                return file.write(source, at);
            } finally {
                changes.leave();
            }
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            return file.read(target, at);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            enter(file.path());
            try {
                file.force(metadata);
            } finally {
                changes.leave();
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            enter(file.path());
            try {
                file.truncate(sizeBytes);
            } finally {
                changes.leave();
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
            file.close();
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }
}
