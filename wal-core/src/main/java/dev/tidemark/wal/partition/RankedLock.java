package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.ThreadRules;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock with a place in the {@linkplain LockRank order}: the fast path is one attempt; when that fails, the wait has a
 * deadline and is measured. The same for a lock of its own and for either side of a read-write lock.
 *
 * <p>An attempt does not queue behind waiting threads. Whoever waits could in theory be passed by for as long as others come;
 * with locks held for microseconds a waiter gets its turn long before the deadline, and fairness would cost a thread switch
 * for each acquisition under load.
 *
 * <p><b>Threads.</b> Any. Not reentrant: assertions refuse a second acquisition by the holder.
 *
 * <p><b>Ordering.</b> That of the lock inside.
 */
public final class RankedLock implements Lock {
    private static final long WORK_TIMEOUT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Terms terms;
    private final Lock lock;

    /**
     * What locks of one rank have in common.
     *
     * @param rank their place in the order
     * @param waits where waits are counted
     * @param clock measures them
     * @param timeoutNanos the longest wait of {@link #lock()}
     */
    public record Terms(LockRank rank, Timer waits, Clock clock, long timeoutNanos) {}

    /** Wraps a lock. */
    RankedLock(Terms terms, Lock lock) {
        this.terms = terms;
        this.lock = lock;
    }

    /** One that nobody else has the inside of. */
    public static RankedLock exclusive(Terms terms) {
        return new RankedLock(terms, new ReentrantLock());
    }

    /** As {@link #exclusive(Terms)}, on terms of its own. */
    public static RankedLock exclusive(LockRank rank, Timer waits, Clock clock, long timeoutNanos) {
        return exclusive(new Terms(rank, waits, clock, timeoutNanos));
    }

    /** Takes it if it is free; never waits. */
    @Override
    public boolean tryLock() {
        assert mayTake();
        return lock.tryLock() && noteTaken();
    }

    /**
     * Takes it; an interrupt does not end the wait and is kept for later.
     *
     * @throws UnavailableException {@code LOCK_TIMEOUT}, when it was not free until the deadline
     */
    @Override
    public void lock() {
        if (!tryLock() && !waitUninterrupted(terms.timeoutNanos)) {
            throw timeout(terms.timeoutNanos);
        }
    }

    /**
     * Takes it to finish what others wait for, and what cannot be left half done: as {@link #lock()}, but with patience. A deadline that is
     * meant for callers, who can be refused, would otherwise stop a partition when its own thread did not get the processor in time.
     *
     * @throws UnavailableException {@code LOCK_TIMEOUT}, when it was not free for a minute, or longer where {@link #lock()} waits longer
     */
    public void lockForWork() {
        if (!tryLock() && !waitUninterrupted(Math.max(terms.timeoutNanos, WORK_TIMEOUT_NANOS))) {
            throw timeout(Math.max(terms.timeoutNanos, WORK_TIMEOUT_NANOS));
        }
    }

    /**
     * As {@link #lock()}, but ended by an interrupt.
     *
     * @throws UnavailableException {@code LOCK_TIMEOUT}, when it was not free until the deadline
     */
    @Override
    public void lockInterruptibly() throws InterruptedException {
        if (!tryLock(terms.timeoutNanos)) {
            throw timeout(terms.timeoutNanos);
        }
    }

    /**
     * Takes it within {@code maxNanos}, but never waits longer than {@link #lock()} does.
     *
     * @return whether it was taken
     * @throws InterruptedException when the thread is interrupted, before or while it waits; the lock is not held then
     */
    public boolean tryLock(long maxNanos) throws InterruptedException {
        return tryLock() || waitFor(Math.min(maxNanos, terms.timeoutNanos));
    }

    private boolean waitFor(long maxNanos) throws InterruptedException {
        assert ThreadRules.mayBlock() : "lock wait on a thread that must not block";
        long began = terms.clock.nanos();
        try {
            return lock.tryLock(maxNanos, TimeUnit.NANOSECONDS) && noteTaken();
        } finally {
            terms.waits.record(terms.clock.nanos() - began, TimeUnit.NANOSECONDS);
        }
    }

    /** As {@link #tryLock(long)}, but with the patience of {@link #lockForWork}. */
    public boolean tryLockForWork(long maxNanos) throws InterruptedException {
        return tryLock() || waitFor(Math.min(maxNanos, Math.max(terms.timeoutNanos, WORK_TIMEOUT_NANOS)));
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
        return tryLock(unit.toNanos(time));
    }

    /** Gives it back. */
    @Override
    public void unlock() {
        assert HeldLocks.released(terms.rank) : "not held by this thread: lock=" + terms.rank.label();
        lock.unlock();
    }

    /** A condition of the lock inside; its waits need deadlines of their own. */
    @Override
    public Condition newCondition() {
        return lock.newCondition();
    }

    private boolean waitUninterrupted(long maxNanos) {
        boolean interrupted = false;
        long began = terms.clock.nanos();
        long waited = 0;
        try {
            while (true) {
                try {
                    assert ThreadRules.mayBlock() : "lock wait on a thread that must not block";
                    return lock.tryLock(maxNanos - waited, TimeUnit.NANOSECONDS) && noteTaken();
                } catch (InterruptedException e) {
                    interrupted = true;
                    waited = terms.clock.nanos() - began;
                }
            }
        } finally {
            terms.waits.record(terms.clock.nanos() - began, TimeUnit.NANOSECONDS);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private UnavailableException timeout(long waitedNanos) {
        return new UnavailableException(
                ErrorCode.LOCK_TIMEOUT,
                "a lock was not free until the deadline: lock=" + terms.rank.label() + " waitedMillis="
                        + TimeUnit.NANOSECONDS.toMillis(waitedNanos));
    }

    private boolean mayTake() {
        if (!HeldLocks.mayTake(terms.rank)) {
            throw new AssertionError(
                    "lock taken out of order: lock=" + terms.rank.label() + " held=" + HeldLocks.describe());
        }
        return true;
    }

    private boolean noteTaken() {
        assert HeldLocks.taken(terms.rank);
        return true;
    }
}
