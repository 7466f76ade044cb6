package dev.tidemark.wal.engine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Timers;
import dev.tidemark.wal.io.Volume;
import dev.tidemark.wal.partition.DiskRoom;
import dev.tidemark.wal.partition.Events;
import dev.tidemark.wal.partition.Flushers;
import dev.tidemark.wal.partition.RankedLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code RESERVE}, and what a full disk means for a store.
 *
 * <p>From the first write that finds the disk full, nothing may grow. What has to be written all the same (seals, metadata)
 * gets the blocks of {@code RESERVE}. From then on an attempt a second looks whether there is room: enough to make {@code
 * RESERVE} whole, and as much again to go on with. Then it is filled first, and growing is allowed afterwards. While the
 * disk is not full there is no timer.
 *
 * <p><b>Threads.</b> Any. The file is changed under a lock of rank {@code RESERVE}, which is held during the I/O: for giving it
 * up, and for each piece while it is filled. Attempts run on a flusher.
 *
 * <p><b>Ordering.</b> {@code isFull} is cleared under the lock, after the whole file was forced, and set again by whoever gives
 * the file up: growing is never allowed while it is not whole.
 *
 * <p><b>Crash.</b> Its content means nothing; a file that is too short is filled at the next opening. It is written in its place,
 * with bytes that are not zeros, so that no file system or copying tool keeps them without blocks.
 */
final class Reserve implements DiskRoom, AutoCloseable {
    static final long ATTEMPT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int PIECE_BYTES = 256 << 10;

    private final Environment environment;
    private final Disk disk;
    private final Path directory;
    private final long wantedBytes;
    private final RankedLock lock;
    private final Flushers flushers;
    private final Events events;
    private final AtomicBoolean isFull = new AtomicBoolean();
    private volatile boolean isClosed;

    /** How often the file was given up. */
    private final AtomicLong givenUp = new AtomicLong();

    @GuardedBy("lock")
    private @Nullable DiskFile file;

    @GuardedBy("lock")
    private long sizeBytes;

    private volatile Timers.@Nullable Cancellable next;

    Reserve(
            Environment environment,
            Path directory,
            long wantedBytes,
            RankedLock lock,
            Flushers flushers,
            Events events) {
        this.environment = environment;
        this.disk = environment.disk();
        this.directory = directory;
        this.wantedBytes = wantedBytes;
        this.lock = lock;
        this.flushers = flushers;
        this.events = events;
    }

    /**
     * Opens the file, and makes it whole if it is not. On a full disk the store opens all the same, and refuses to grow.
     *
     * @return whether it had to be filled
     */
    boolean open() throws IOException {
        boolean wasShort;
        lock.lock();
        try {
            Path path = directory.resolve(Names.RESERVE);
            file = disk.exists(path) ? disk.open(path, Disk.Access.READ_WRITE) : disk.create(path);
            sizeBytes = file.size();
            wasShort = sizeBytes < wantedBytes;
            if (sizeBytes > wantedBytes) {
                file.truncate(wantedBytes);
                sizeBytes = wantedBytes;
            }
        } catch (IOException e) {
            if (!DiskErrors.isFull(e)) {
                throw e;
            }
            full(e);
            return true;
        } finally {
            lock.unlock();
        }
        try {
            if (!fill()) {
                throw new IOException("closed while it was opened: file=" + Names.RESERVE);
            }
            disk.forceDirectory(directory);
        } catch (IOException e) {
            if (!DiskErrors.isFull(e)) {
                throw e;
            }
            full(e);
        }
        return wasShort;
    }

    @Override
    public boolean mayGrow() {
        return !isFull.get();
    }

    @Override
    public void full(IOException cause) {
        if (isFull.compareAndSet(false, true)) {
            events.diskFull(true);
            scheduleAttempt();
        }
    }

    @Override
    public <T> T withReserve(IoAction<T> action) throws IOException {
        long givenUpBefore = givenUp.get();
        try {
            return action.run();
        } catch (IOException e) {
            if (!DiskErrors.isFull(e)) {
                throw e;
            }
            full(e);
            // When somebody else gave it up meanwhile, there may be room now that there was not a moment ago.
            if (!giveUp(e) && givenUp.get() == givenUpBefore) {
                throw e;
            }
        }
        return action.run();
    }

    /** Frees the blocks; says whether there were any. */
    private boolean giveUp(IOException cause) {
        try {
            lock.lock();
        } catch (UnavailableException e) {
            cause.addSuppressed(e);
            return false;
        }
        try {
            DiskFile held = file;
            if (held == null || sizeBytes == 0) {
                return false;
            }
            held.truncate(0);
            sizeBytes = 0;
            // Some file systems hand out freed blocks only when the freeing itself is committed.
            held.force(true);
            givenUp.incrementAndGet();
            // An attempt to fill it may have ended just now and said that there is room.
            full(cause);
            return true;
        } catch (IOException e) {
            cause.addSuppressed(e);
            return false;
        } finally {
            lock.unlock();
            closeIfLate();
        }
    }

    private void scheduleAttempt() {
        if (!isClosed) {
            next = environment.timers().schedule(this::submitAttempt, ATTEMPT_NANOS);
        }
    }

    private void submitAttempt() {
        boolean isSubmitted = false;
        try {
            flushers.submit(this::attempt);
            isSubmitted = true;
        } finally {
            if (!isSubmitted) {
                scheduleAttempt();
            }
        }
    }

    /** Whatever comes in between, as long as the file is not whole there is a next attempt: without one, growing would never be allowed again. */
    private void attempt() {
        boolean isDone = false;
        try {
            isDone = isClosed || (isThereRoom() && reopen() && fill());
        } catch (IOException e) {
            if (!DiskErrors.isFull(e)) {
                events.warning("RESERVE could not be filled, the next attempt follows: " + DiskErrors.said(e));
            }
        } catch (UnavailableException e) {
            events.warning("RESERVE could not be filled, the next attempt follows: " + e.getMessage());
        } finally {
            if (!isDone) {
                scheduleAttempt();
            }
            closeIfLate();
        }
    }

    /** Room for what is missing, and for as much as the whole again: else the next append would find it full at once. */
    private boolean isThereRoom() throws IOException {
        long missing;
        lock.lock();
        try {
            missing = wantedBytes - sizeBytes;
        } finally {
            lock.unlock();
        }
        Volume volume = disk.volume(directory);
        // Some file systems tell no sizes; there only trying tells.
        return volume.totalBytes() <= 0 || volume.usableBytes() >= missing + wantedBytes;
    }

    /** After an opening on a full disk there may be no file yet. */
    private boolean reopen() throws IOException {
        lock.lock();
        try {
            if (file == null && !isClosed) {
                file = disk.create(directory.resolve(Names.RESERVE));
                sizeBytes = 0;
                disk.forceDirectory(directory);
            }
            return file != null && !isClosed;
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is missing, piece by piece, so that who needs the blocks never waits long; says whether it is whole now. */
    private boolean fill() throws IOException {
        ByteBuffer piece = null;
        while (true) {
            lock.lock();
            try {
                DiskFile held = file;
                if (held == null || isClosed) {
                    return false;
                }
                long missing = wantedBytes - sizeBytes;
                if (missing <= 0) {
                    forceWhole(held);
                    if (isFull.getAndSet(false)) {
                        events.diskFull(false);
                    }
                    return true;
                }
                if (piece == null) {
                    piece = noise();
                }
                piece.position(0).limit((int) Math.min(PIECE_BYTES, missing));
                try {
                    held.writeFully(piece, sizeBytes);
                } finally {
                    // What a write that failed has reached counts: it is freed again, or written on.
                    sizeBytes += piece.position();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private ByteBuffer noise() {
        byte[] noise = new byte[PIECE_BYTES];
        environment.random().nextBytes(noise);
        return ByteBuffer.allocateDirect(PIECE_BYTES).put(noise);
    }

    @GuardedBy("lock")
    private void forceWhole(DiskFile held) throws IOException {
        try {
            held.force(false);
        } catch (IOException | RuntimeException | Error e) {
            // Another force would report success and prove nothing. The next attempt writes everything anew.
            sizeBytes = 0;
            throw e;
        }
    }

    /**
     * Closes the file, at once, or after the operation that has the lock.
     *
     * @throws UnavailableException if that operation does not return for as long as one waits for a lock; it closes the file
     *     when it does
     */
    @Override
    public void close() throws IOException {
        isClosed = true;
        Timers.Cancellable waiting = next;
        if (waiting != null) {
            waiting.cancel();
        }
        lock.lock();
        try {
            closeFile();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void closeFile() throws IOException {
        DiskFile held = file;
        file = null;
        if (held != null) {
            held.close();
        }
    }

    /** After an operation on the file: closing may have waited for it in vain. */
    private void closeIfLate() {
        if (!isClosed) {
            return;
        }
        try {
            close();
        } catch (IOException | UnavailableException e) {
            // Whoever has the lock comes here after it.
            events.warning("RESERVE could not be closed: "
                    + (e instanceof IOException io ? DiskErrors.said(io) : e.getMessage()));
        }
    }
}
