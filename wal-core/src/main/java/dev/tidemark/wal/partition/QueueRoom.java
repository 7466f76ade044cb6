package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.metrics.PartitionMeters;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/**
 * How many bytes of appends one partition holds in memory, from their acceptance to their outcome, and who waits for room among
 * them or in the store's budget.
 *
 * <p><b>Threads.</b> What this partition holds is guarded by the partition lock; the budget has an order of its own, and is taken
 * before the lock and given back outside of it.
 *
 * <p><b>Ordering.</b> Bytes are given back under the lock, and a waiter looks under the lock before it waits: no wake-up is lost.
 *
 * <p><b>Crash.</b> Nothing here is on the disk.
 */
final class QueueRoom {
    private final PartitionId id;
    private final long limitBytes;
    private final RankedLock lock;
    private final Condition room;
    private final PartitionLife life;
    private final MemoryBudget budget;
    private final Clock clock;
    private final PartitionMeters meters;

    private long queuedBytes;
    private int waiting;

    /**
     * For one partition.
     *
     * @param lock the partition's
     */
    QueueRoom(PartitionServices services, PartitionId id, RankedLock lock, PartitionLife life) {
        this.id = id;
        this.limitBytes = services.config().partitionQueueBytes();
        this.lock = lock;
        this.room = lock.newCondition();
        this.life = life;
        this.budget = services.budget();
        this.clock = services.environment().clock();
        this.meters = services.meters();
    }

    // ---------------------------------------------------------------- the store's budget

    /**
     * Takes bytes of the store's budget, before the partition lock is taken.
     *
     * @return false only where it may not wait
     */
    boolean takeBudget(int bytes, long deadlineNanos, boolean mayWait) {
        if (budget.tryTake(bytes)) {
            return true;
        }
        if (!mayWait) {
            return false;
        }
        long began = clock.nanos();
        boolean isTaken = false;
        try {
            isTaken = budget.take(bytes, deadlineNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interruptedBeforeAcceptance(e);
        } finally {
            meters.queueWaited(isTaken, clock.nanos() - began);
        }
        if (!isTaken) {
            life.checkOpen();
            throw stayedFull("the store's append queue", began);
        }
        return true;
    }

    /** Gives back what {@link #takeBudget} took for an append that was not accepted. */
    void giveBudget(int bytes) {
        budget.give(bytes);
    }

    // ---------------------------------------------------------------- this partition's bytes

    /** Whether a frame may be staged; with the lock. One that is alone may have any size. */
    boolean isFor(int frameBytes) {
        return queuedBytes == 0 || queuedBytes + frameBytes <= limitBytes;
    }

    /** A frame was staged; with the lock. */
    void take(int frameBytes) {
        queuedBytes += frameBytes;
        meters.partitionQueueBytes(queuedBytes);
    }

    /** Waits until a frame of this size may be tried again, or the partition takes nothing any more. */
    void await(int frameBytes, long deadlineNanos) {
        long began = clock.nanos();
        boolean hasRoom = false;
        lock.lock();
        try {
            waiting++;
            try {
                while (!isFor(frameBytes) && life.isOpen()) {
                    long left = deadlineNanos - clock.nanos();
                    if (left <= 0) {
                        throw stayedFull("append queue", began);
                    }
                    long unused = room.awaitNanos(left);
                    assert unused <= left;
                }
                hasRoom = true;
            } finally {
                waiting--;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interruptedBeforeAcceptance(e);
        } finally {
            lock.unlock();
            meters.queueWaited(hasRoom, clock.nanos() - began);
        }
    }

    /** The outcome of appends of so many bytes is known: gives them back, here and to the store. */
    void release(int bytes) {
        if (bytes == 0) {
            return;
        }
        budget.give(bytes);
        lock.lockForWork();
        try {
            queuedBytes -= bytes;
            if (waiting > 0) {
                room.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is taken in any more: whoever waits for room learns it. Called after the state has changed. */
    void wakeAll() {
        lock.lockForWork();
        try {
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---------------------------------------------------------------- refused

    /** Direct memory may be short for reasons of others; nothing has been changed here, so this is a refusal like a full queue. */
    AppendRefusedException outOfMemory(OutOfMemoryError cause) {
        return new AppendRefusedException(
                ErrorCode.APPEND_REJECTED,
                "no direct memory for the append: partition=" + id + " queuedBytes=" + queuedBytes,
                cause);
    }

    private AppendRefusedException interruptedBeforeAcceptance(InterruptedException cause) {
        return new AppendRefusedException(
                ErrorCode.INTERRUPTED,
                "interrupted while waiting for room in the append queue: partition=" + id,
                cause);
    }

    private AppendRefusedException stayedFull(String queue, long beganNanos) {
        return new AppendRefusedException(
                ErrorCode.APPEND_REJECTED,
                queue + " stayed full: partition=" + id + " queuedBytes=" + queuedBytes + " waitedMillis="
                        + TimeUnit.NANOSECONDS.toMillis(clock.nanos() - beganNanos));
    }
}
