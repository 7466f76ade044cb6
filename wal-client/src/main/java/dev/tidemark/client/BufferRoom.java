package dev.tidemark.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many bytes of appends a client may hold that are not answered yet. Whoever wants more waits, up to a deadline. Who waits is served in the order
 * of coming, so that a large append is not passed by small ones for ever.
 *
 * <p><b>Threads.</b> Any. While nobody waits, taking and giving is one atomic step.
 */
final class BufferRoom {
    private final long capacityBytes;
    private final AtomicLong takenBytes = new AtomicLong();
    /** Fair: the first in the queue holds {@link #turn} while it waits for room; the others wait for the turn. */
    private final ReentrantLock turn = new ReentrantLock(true);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition given = lock.newCondition();
    private volatile boolean isSomebodyWaiting;

    BufferRoom(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    long capacityBytes() {
        return capacityBytes;
    }

    long takenBytes() {
        return takenBytes.get();
    }

    /** Takes so many bytes, which are no more than the capacity. False when there was no room in time. */
    boolean take(long bytes, long waitNanos) throws InterruptedException {
        if (!turn.isLocked() && tryTake(bytes)) {
            return true;
        }
        if (waitNanos <= 0) {
            return false;
        }
        long began = System.nanoTime();
        if (!turn.tryLock(waitNanos, TimeUnit.NANOSECONDS)) {
            return false;
        }
        try {
            return await(bytes, waitNanos - (System.nanoTime() - began));
        } finally {
            turn.unlock();
        }
    }

    private boolean await(long bytes, long waitNanos) throws InterruptedException {
        long left = waitNanos;
        lock.lockInterruptibly();
        try {
            // Said before room is looked for: who gives after this look sees it, and signals.
            isSomebodyWaiting = true;
            while (!tryTake(bytes)) {
                if (left <= 0) {
                    return false;
                }
                left = given.awaitNanos(left);
            }
            return true;
        } finally {
            isSomebodyWaiting = false;
            lock.unlock();
        }
    }

    private boolean tryTake(long bytes) {
        long taken;
        do {
            taken = takenBytes.get();
            if (taken + bytes > capacityBytes) {
                return false;
            }
        } while (!takenBytes.compareAndSet(taken, taken + bytes));
        return true;
    }

    /** Gives bytes back. The lock is held by others only for moments. */
    void give(long bytes) {
        long left = takenBytes.addAndGet(-bytes);
        assert left >= 0 : left;
        if (isSomebodyWaiting) {
            lock.lock();
            try {
                given.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
