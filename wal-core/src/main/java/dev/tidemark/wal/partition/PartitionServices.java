package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.segment.SegmentFiles;
import io.netty.buffer.ByteBufAllocator;
import java.util.UUID;

/**
 * What all partitions of a store share, as they see it.
 *
 * @param storeId the store's own id, part of every segment's header
 * @param config how the store was opened
 * @param environment disk, time, threads and randomness
 * @param files the open segment files
 * @param memory pooled direct buffers
 * @param budget how many bytes of appends may be in memory
 * @param flushers does turns that no caller does
 * @param completions runs code that depends on appends
 * @param events tells what happens
 * @param meters counts it
 * @param locks makes its locks
 * @param room what is done about a full disk
 * @param forces times forces, and reports those that hang
 */
public record PartitionServices(
        UUID storeId,
        WalConfig config,
        Environment environment,
        SegmentFiles files,
        ByteBufAllocator memory,
        MemoryBudget budget,
        Flushers flushers,
        Completions completions,
        Events events,
        PartitionMeters meters,
        RankedLocks locks,
        DiskRoom room,
        ForceWatch forces) {

    /** A lock of a partition, its waits counted under its rank's name. */
    public RankedLock lock(LockRank rank) {
        return locks.exclusive(rank);
    }

    /** A read-write lock of a partition, its waits counted under its rank's name. */
    public RankedReadWriteLock readWriteLock(LockRank rank) {
        return locks.readWrite(rank);
    }
}
