package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * What recovery needs to know of the store.
 *
 * @param storeId what every file must say it belongs to
 * @param environment disk and clock
 * @param room frees the RESERVE when a step finds the disk full
 * @param metadataLock makes the lock of a partition's {@link PartitionMetadata}
 * @param readOnly nothing is written and nothing deleted
 * @param policy what is done about damage
 * @param indexIntervalBytes how much log lies between two entries of an index
 */
record RecoveryContext(
        UUID storeId,
        Environment environment,
        DiskRoom room,
        Supplier<RankedLock> metadataLock,
        boolean readOnly,
        DamagePolicy policy,
        int indexIntervalBytes) {

    /** With the policy {@code FAIL}. */
    RecoveryContext(
            UUID storeId,
            Environment environment,
            DiskRoom room,
            Supplier<RankedLock> metadataLock,
            boolean readOnly,
            int indexIntervalBytes) {
        this(storeId, environment, room, metadataLock, readOnly, DamagePolicy.FAIL, indexIntervalBytes);
    }

    static RecoveryContext of(PartitionServices services) {
        return new RecoveryContext(
                services.storeId(),
                services.environment(),
                services.room(),
                () -> services.lock(LockRank.METADATA),
                services.config().readOnly(),
                services.config().damagePolicy(),
                services.config().indexIntervalBytes());
    }

    Disk disk() {
        return environment.disk();
    }
}
