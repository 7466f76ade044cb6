package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a store gets its partitions from.
 *
 * <p><b>Threads.</b> Any, but one at a time for one partition.
 */
public interface PartitionSource {
    /**
     * Recovers what lies in a directory, and opens it. A partition that is refused, for whatever reason, is a result and not
     * an exception.
     */
    Found recover(PartitionServices services, PartitionId id, Path directory);

    /**
     * Creates a partition in the store's directory, durably, and opens it. A crash leaves all of it or nothing.
     *
     * @throws dev.tidemark.wal.api.WalException if that failed; nothing is left then but what the next opening removes
     */
    OpenPartition create(PartitionServices services, PartitionId id, Path store);

    /**
     * How recovering one directory ended.
     *
     * @param report what was found and done; says why, where there is no partition
     * @param partition the partition, if it can be used
     */
    record Found(PartitionRecovery report, Optional<OpenPartition> partition) {
        /** Whether its deletion had begun before and is finished now: there is no such partition. */
        public boolean isDeleted() {
            return partition.isEmpty() && report.failure().isEmpty();
        }
    }
}
