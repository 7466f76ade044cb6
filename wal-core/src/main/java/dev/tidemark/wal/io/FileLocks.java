package dev.tidemark.wal.io;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file locks this process holds.
 *
 * <p>A lock of the operating system belongs to the whole process, and is lost as soon as the process closes <em>any</em>
 * descriptor of the file. Opening a lock file to see whether it is free, and closing it again, would therefore give away the
 * lock of whoever holds it in this process. So the held ones are listed here by real path, and the list is asked before
 * anything is opened.
 *
 * <p><b>Threads.</b> Any. All is done under the monitor of the class; taking a lock is rare and never waits for its holder.
 */
final class FileLocks {

    @GuardedBy("FileLocks.class")
    private static final Set<Path> HELD = new HashSet<>();

    // Kept open on purpose, see lockFile().
    @GuardedBy("FileLocks.class")
    private static final List<AsynchronousFileChannel> LENT = new ArrayList<>();

    private FileLocks() {}

    static synchronized DiskLock lock(Path file) throws IOException {
        Path name = file.getFileName();
        Path directory = file.toAbsolutePath().getParent();
        if (name == null || directory == null) {
            throw new IOException("not a name for a lock file: file=" + file);
        }
        // The file itself may be absent, its directory may not.
        Path key = directory.toRealPath().resolve(name);
        if (HELD.contains(key)) {
            throw new LockHeldException(file, true);
        }
        AsynchronousFileChannel channel = lockFile(file);
        HELD.add(key);
        return new Held(file, key, channel);
    }

    @GuardedBy("FileLocks.class")
    private static AsynchronousFileChannel lockFile(Path file) throws IOException {
        AsynchronousFileChannel channel = RealDisk.openChannel(file, RealDisk.READ_WRITE_MAYBE_CREATE);
        @Nullable FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // This process holds it after all: through another class loader, or by another name of the file. Closing
            // our channel would drop the holder's lock, so it stays open as long as the process lives.
            LENT.add(channel);
            throw new LockHeldException(file, true);
        } catch (IOException | RuntimeException e) {
            closeAfter(e, channel);
            throw e;
        }
        if (lock == null) {
            channel.close();
            throw new LockHeldException(file, false);
        }
        return channel;
    }

    private static void closeAfter(Exception first, AsynchronousFileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }

    private static synchronized void release(Path key, AsynchronousFileChannel channel) throws IOException {
        // Asked under the monitor: a second close must not take a later holder's name from the list.
        if (!channel.isOpen()) {
            return;
        }
        // Closing releases the lock. The name leaves the list only then: taken out earlier, another thread could open
        // the file, and our close would drop its lock.
        try {
            channel.close();
        } finally {
            HELD.remove(key);
        }
    }

    private static final class Held implements DiskLock {
        private final Path path;
        private final Path key;
        private final AsynchronousFileChannel channel;

        Held(Path path, Path key, AsynchronousFileChannel channel) {
            this.path = path;
            this.key = key;
            this.channel = channel;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public boolean isHeld() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            release(key, channel);
        }
    }
}
