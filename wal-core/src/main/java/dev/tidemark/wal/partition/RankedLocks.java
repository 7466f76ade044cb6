package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.metrics.PartitionMeters;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Makes the locks of a store. What all locks of one rank share is there once: a partition has seven of them, and there may be ten thousand partitions.
 *
 * <p><b>Threads.</b> Any. Immutable.
 */
public final class RankedLocks {
    private final Map<LockRank, RankedLock.Terms> terms = new EnumMap<>(LockRank.class);

    /**
     * For one store.
     *
     * @param meters counts the waits, each under its rank's name
     * @param clock measures them
     * @param timeoutNanos the longest wait of a caller
     */
    public RankedLocks(PartitionMeters meters, Clock clock, long timeoutNanos) {
        for (LockRank rank : LockRank.values()) {
            terms.put(rank, new RankedLock.Terms(rank, meters.lockWait(rank.label()), clock, timeoutNanos));
        }
    }

    /** One that nobody else has the inside of. */
    public RankedLock exclusive(LockRank rank) {
        return RankedLock.exclusive(terms(rank));
    }

    /** One with two sides. */
    RankedReadWriteLock readWrite(LockRank rank) {
        return new RankedReadWriteLock(terms(rank));
    }

    private RankedLock.Terms terms(LockRank rank) {
        return Objects.requireNonNull(terms.get(rank));
    }
}
