package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionRecovery;
import java.util.Optional;

/** How recovering one directory ended. The report is there in every case. */
sealed interface RecoveryResult {

    PartitionRecovery report();

    /** The partition can be used. */
    record Recovered(RecoveredLog log) implements RecoveryResult {
        @Override
        public PartitionRecovery report() {
            return log.report();
        }
    }

    /** The partition cannot be used; the report's failure says why. Nothing was cut. */
    record Refused(PartitionRecovery report) implements RecoveryResult {}

    /**
     * Its deletion had begun, and was finished: there is no such partition.
     *
     * @param left what to tell an operator if its directory could not be removed, because something else lies in it
     */
    record Deleted(PartitionRecovery report, Optional<String> left) implements RecoveryResult {}
}
