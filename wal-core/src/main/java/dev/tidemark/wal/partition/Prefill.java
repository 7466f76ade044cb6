package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;

/**
 * Zeros ahead of the end of the active segment. Overwriting blocks that really hold zeros makes a force a data write and one
 * flush; growing the file adds a commit of its metadata. That pays while rounds are small; large rounds outrun it, and then
 * the file simply grows.
 *
 * <p><b>Threads.</b> The writer asks ({@link #wants}), a flusher does it ({@link #run}). A range is claimed under the lock when
 * the task begins, and it always begins at the end of the file. The writer does not enter a claimed range before the task has
 * ended ({@link #beforeGrowing}); while the writer grows the file no range is claimed. So zeros never go over data.
 *
 * <p><b>Crash.</b> Zeros behind the end are what recovery expects (R1). A prefill that failed has left some zeros or none behind
 * the end of what {@link #filledEnd} says: the file only grows over them.
 */
final class Prefill {
    private static final int FIRST_STEP_BYTES = 64 << 10;
    private static final int MAX_STEP_BYTES = 1 << 20;
    private static final int ZEROS_BYTES = 256 << 10;
    /** Rounds larger than this on average outrun any prefill. */
    private static final long SMALL_ROUND_BYTES = 48 << 10;

    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(ZEROS_BYTES).asReadOnlyBuffer();

    private enum Task {
        NONE,
        QUEUED,
        RUNNING
    }

    private final long segmentBytes;
    private final boolean isEnabled;
    private final RankedLock lock;
    private final Condition taskEnded;
    private Task task = Task.NONE;
    private boolean isGrowing;
    private boolean hasFailed;
    private boolean isStopped;
    private int stepBytes = FIRST_STEP_BYTES;

    private volatile long filledEnd;
    /** Moving average of the bytes of a round; the write right. */
    private long averageRoundBytes;

    /**
     * For one segment.
     *
     * @param filledEnd how far its file is known to have blocks of its own
     * @param averageRoundBytes what is known from the segment before; 0 if nothing is
     */
    Prefill(PartitionServices services, long filledEnd, long averageRoundBytes) {
        this.isEnabled = services.config().prefill();
        this.segmentBytes = services.config().segmentBytes();
        this.lock = services.lock(LockRank.PREFILL);
        this.taskEnded = lock.newCondition();
        this.filledEnd = filledEnd;
        this.averageRoundBytes = averageRoundBytes;
    }

    /** Up to here the file has blocks of its own: zeros, or what was written over them. */
    long filledEnd() {
        return filledEnd;
    }

    long averageRoundBytes() {
        return averageRoundBytes;
    }

    /**
     * Called by the writer after each round. True when a task should be queued now; the caller then queues {@link #run}.
     *
     * @param endPosition where the next frame goes
     */
    boolean wants(long endPosition, int roundBytes) {
        averageRoundBytes += (roundBytes - averageRoundBytes) / 8;
        if (!isEnabled || averageRoundBytes > SMALL_ROUND_BYTES || filledEnd >= segmentBytes) {
            return false;
        }
        lock.lock();
        try {
            // Half of the last step, which was half of the next one: a partition that gets an append now and then stays
            // with
            // its first step, and a thousand of them do not take gigabytes.
            boolean isEnoughLeft = filledEnd - endPosition > stepBytes / 4;
            if (task != Task.NONE || hasFailed || isStopped || isEnoughLeft) {
                return false;
            }
            task = Task.QUEUED;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Writes zeros, in the thread of a flusher. Returns whether there are new ones, which the next force will cover. A failure
     * is no news to anybody: the next round grows the file, and meets the same error itself if it lasts.
     */
    boolean run(DiskFile file) {
        long from;
        int bytes;
        lock.lock();
        try {
            if (task != Task.QUEUED) {
                return false;
            }
            if (isGrowing) {
                task = Task.NONE;
                return false;
            }
            from = filledEnd;
            bytes = (int) Math.min(stepBytes, segmentBytes - from);
            if (bytes <= 0) {
                task = Task.NONE;
                return false;
            }
            task = Task.RUNNING;
        } finally {
            lock.unlock();
        }
        boolean isDone = false;
        try {
            writeZeros(file, from, bytes);
            isDone = true;
        } catch (IOException e) {
            isDone = false;
        } finally {
            ended(isDone, from + bytes);
        }
        return isDone;
    }

    /** Writes so many zeros; none, if that is not a positive number. */
    static void writeZeros(DiskFile file, long from, long bytes) throws IOException {
        ByteBuffer zeros = ZEROS.duplicate();
        for (long done = 0; done < bytes; ) {
            int piece = (int) Math.min(ZEROS_BYTES, bytes - done);
            zeros.clear().limit(piece);
            file.writeFully(zeros, from + done);
            done += piece;
        }
    }

    private void ended(boolean isDone, long newFilledEnd) {
        lock.lock();
        try {
            task = Task.NONE;
            hasFailed |= !isDone;
            if (isDone) {
                filledEnd = newFilledEnd;
                stepBytes = Math.min(MAX_STEP_BYTES, 2 * stepBytes);
            }
            taskEnded.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Called by the writer before it writes up to {@code endPosition}. Beyond the filled space it waits for a task that is
     * writing, which ends when its I/O does, and keeps new ones from beginning until {@link #afterGrowing}.
     *
     * @return whether {@link #afterGrowing} has to be called
     */
    boolean beforeGrowing(long endPosition) {
        if (endPosition <= filledEnd) {
            return false;
        }
        lock.lock();
        try {
            if (task == Task.QUEUED) {
                task = Task.NONE;
            }
            awaitTask();
            isGrowing = endPosition > filledEnd;
            return isGrowing;
        } finally {
            lock.unlock();
        }
    }

    /** The writer has written up to here, or failed to ({@code 0}). */
    void afterGrowing(long endPosition) {
        lock.lock();
        try {
            isGrowing = false;
            filledEnd = Math.max(filledEnd, endPosition);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a task under way and forgets what lies behind the end: the file is cut there. */
    void reset(long endPosition) {
        lock.lock();
        try {
            if (task == Task.QUEUED) {
                task = Task.NONE;
            }
            awaitTask();
            filledEnd = endPosition;
            hasFailed = false;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a task under way and lets no further one begin: the segment is about to be sealed or closed. */
    void stop() {
        lock.lock();
        try {
            isStopped = true;
            if (task == Task.QUEUED) {
                task = Task.NONE;
            }
            awaitTask();
        } finally {
            lock.unlock();
        }
    }

    /** Tasks may begin again: the segment was not sealed after all. */
    void restart() {
        lock.lock();
        try {
            isStopped = false;
        } finally {
            lock.unlock();
        }
    }

    private void awaitTask() {
        // As long as the I/O of a thread that is already in it: the kernel offers no deadline for that.
        while (task == Task.RUNNING) {
            taskEnded.awaitUninterruptibly();
        }
    }
}
