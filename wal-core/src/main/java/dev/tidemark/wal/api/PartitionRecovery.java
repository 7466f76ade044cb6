package dev.tidemark.wal.api;

import java.util.List;
import java.util.Optional;

/**
 * What opening found in one partition, and did.
 *
 * @param partition its directory's name
 * @param cases the rows of the recovery table that applied, in the order met; exactly one of them says what was found
 *     behind the last good frame
 * @param start the first offset that can be read
 * @param end the offset after the last record kept
 * @param scannedBytes how much of the newest segment was read
 * @param undecided what was cut above the last proof, and where it is kept
 * @param failure why the partition cannot be used, in the refusing cases
 * @param nanos how long it took
 */
public record PartitionRecovery(
        String partition,
        List<RecoveryCase> cases,
        long start,
        long end,
        long scannedBytes,
        Optional<Undecided> undecided,
        Optional<WalException> failure,
        long nanos) {
    /** Copies the list. */
    public PartitionRecovery {
        cases = List.copyOf(cases);
    }

    /**
     * A range above the last proof that was cut: a torn tail, or damage to it, which no single log can tell apart.
     *
     * @param file the segment
     * @param filePosition where the cut was made
     * @param bytes how many bytes were kept aside
     * @param firstOffset the first offset that may have been there
     * @param endOffset one after the last offset seen in the cut bytes, or {@code firstOffset} where none could be read
     * @param keptIn the side file, relative to the store; empty if the store is open for reading only, where nothing is kept or cut
     */
    public record Undecided(
            String file, long filePosition, long bytes, long firstOffset, long endOffset, String keptIn) {}
}
