package dev.tidemark.wal.partition;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.ThreadRules;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * A number of bytes that callers take and give back; who finds too few waits in line until a deadline.
 *
 * <p>First come, first served, whatever the size: nobody passes a waiting caller, so that a large append is not starved by
 * small ones. Behind a large one the small ones wait, though there might be room for them.
 *
 * <p><b>Threads.</b> Any. While nobody waits, taking and giving are one atomic operation and one read. Waiting lines up
 * under a lock that is late in the {@linkplain LockRank order} and held for a few instructions.
 *
 * <p><b>Ordering.</b> A caller is in the line, and {@code waiting} says so, before it looks at {@code free} a last time;
 * who gives adds to {@code free} before it reads {@code waiting}. At least one sees the other, so no wake-up is lost. What
 * was done before giving is seen by who takes the same bytes.
 */
public final class QueueMemory implements MemoryBudget, AutoCloseable {
    private final long limitBytes;
    private final Clock clock;
    private final AtomicLong free;
    private final AtomicLong mostTaken = new AtomicLong();

    private final RankedLock lock;

    @GuardedBy("lock")
    private final Deque<Condition> line = new ArrayDeque<>();

    /** Length of the line. Written under the lock. */
    private volatile int waiting;

    private volatile boolean isClosed;

    /**
     * So many bytes, all of them free.
     *
     * @param lock of rank {@code MEMORY}, used by nobody else
     */
    public QueueMemory(long limitBytes, Clock clock, RankedLock lock) {
        this.limitBytes = limitBytes;
        this.clock = clock;
        this.lock = lock;
        this.free = new AtomicLong(limitBytes);
    }

    @Override
    public boolean tryTake(long bytes) {
        return waiting == 0 && takeIfFree(bytes);
    }

    @Override
    public boolean take(long bytes, long deadlineNanos) throws InterruptedException {
        if (bytes > limitBytes) {
            return false;
        }
        if (tryTake(bytes)) {
            return true;
        }
        ThreadRules.assertMayBlock();
        long maxNanos = deadlineNanos - clock.nanos();
        if (!lock.tryLock(maxNanos)) {
            return false;
        }
        try {
            return waitInLine(bytes, maxNanos);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private boolean waitInLine(long bytes, long maxNanos) throws InterruptedException {
        Condition turn = lock.newCondition();
        line.addLast(turn);
        waiting = line.size();
        try {
            long leftNanos = maxNanos;
            while (!isClosed) {
                if (line.peekFirst() == turn && takeIfFree(bytes)) {
                    return true;
                }
                if (leftNanos <= 0) {
                    return false;
                }
                leftNanos = turn.awaitNanos(leftNanos);
            }
            return false;
        } finally {
            line.remove(turn);
            waiting = line.size();
            // Whoever leaves, with or without bytes, may have been what the next one waited for.
            wakeFirst();
        }
    }

    @Override
    public void give(long bytes) {
        long now = free.addAndGet(bytes);
        if (now > limitBytes) {
            throw new IllegalStateException(
                    "more bytes were given back than taken: free=" + now + " limit=" + limitBytes);
        }
        if (waiting > 0) {
            lock.lockForWork();
            try {
                wakeFirst();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public long limitBytes() {
        return limitBytes;
    }

    /** Bytes that are taken now. */
    public long takenBytes() {
        return limitBytes - free.get();
    }

    /** The most that were taken at one time. */
    public long mostTakenBytes() {
        return mostTaken.get();
    }

    /** How many callers wait now. */
    public int waitingCallers() {
        return waiting;
    }

    /** Sends away who waits, and whoever would. Giving back still works. */
    @Override
    public void close() {
        lock.lockForWork();
        try {
            isClosed = true;
            line.forEach(Condition::signal);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void wakeFirst() {
        Condition first = line.peekFirst();
        if (first != null) {
            first.signal();
        }
    }

    private boolean takeIfFree(long bytes) {
        while (true) {
            long seen = free.get();
            if (seen < bytes) {
                return false;
            }
            if (free.compareAndSet(seen, seen - bytes)) {
                noteTaken(limitBytes - seen + bytes);
                return true;
            }
        }
    }

    private void noteTaken(long taken) {
        long most = mostTaken.get();
        while (taken > most && !mostTaken.compareAndSet(most, taken)) {
            most = mostTaken.get();
        }
    }
}
