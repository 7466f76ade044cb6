package dev.tidemark.wal.api;

import java.util.List;

/**
 * What opening a store found and did.
 *
 * @param wasClean whether every partition had been closed cleanly
 * @param partitions one entry a partition, by name
 * @param notes what was done for the store as a whole (leftovers removed, RESERVE rebuilt), one line each
 * @param nanos how long opening took
 */
public record RecoveryReport(boolean wasClean, List<PartitionRecovery> partitions, List<String> notes, long nanos) {
    /** Copies the lists. */
    public RecoveryReport {
        partitions = List.copyOf(partitions);
        notes = List.copyOf(notes);
    }

    /** The partitions that cannot be used. */
    public List<PartitionRecovery> refused() {
        return partitions.stream().filter(p -> p.failure().isPresent()).toList();
    }

    /** The report as one JSON object; field names are stable. */
    public String toJson() {
        return RecoveryJson.of(this);
    }
}
