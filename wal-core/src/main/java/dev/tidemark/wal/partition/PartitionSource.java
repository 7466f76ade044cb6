package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a store gets its partitions from.
 *
 * <p><b>Threads.</b> Any, but one at a time for one partition.
 */
public interface PartitionSource {
    /** For one thread that recovers partitions one after the other. */
    Recovery newRecovery();

    /**
     * Creates a partition in the store's directory, durably, and opens it. A crash leaves all of it or nothing.
     *
     * @throws dev.tidemark.wal.api.WalException if that failed; nothing is left then but what the next opening removes
     */
    OpenPartition create(PartitionId id, Path store);

    /**
     * What takes away a partition that was refused, from its directory as it lies there.
     *
     * @param failure why it was refused
     * @throws dev.tidemark.wal.api.WalException if it must not be taken away
     */
    Deletion deletion(PartitionId id, Path directory, WalException failure);

    /** Recovers partitions; used by one thread. */
    interface Recovery {
        /**
         * Recovers what lies in a directory, and opens it. A partition that is refused, for whatever reason, is a result and
         * not an exception.
         */
        Found recover(PartitionId id, Path directory);
    }

    /**
     * How recovering one directory ended. With neither a partition nor a failure in the report, its deletion had begun before
     * and is finished now: there is no such partition.
     *
     * @param report what was found and done; says why, where there is no partition
     * @param partition the partition, if it can be used
     */
    record Found(PartitionRecovery report, Optional<OpenPartition> partition) {}
}
