package dev.tidemark.wal.partition;

import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A {@link ReentrantReadWriteLock} whose two sides share one place in the order of locks.
 *
 * <p><b>Threads.</b> Any.
 */
public final class RankedReadWriteLock implements ReadWriteLock {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final RankedLock reading;
    private final RankedLock writing;

    /** See {@link RankedLock}. */
    RankedReadWriteLock(RankedLock.Terms terms) {
        reading = new RankedLock(terms, lock.readLock());
        writing = new RankedLock(terms, lock.writeLock());
    }

    /** Held by any number of threads together. */
    @Override
    public RankedLock readLock() {
        return reading;
    }

    /** Held by one thread and nobody beside it. */
    @Override
    public RankedLock writeLock() {
        return writing;
    }

    /** For assertions: whether this thread may change what the lock guards. */
    public boolean isWriteLockedByMe() {
        return lock.isWriteLockedByCurrentThread();
    }
}
