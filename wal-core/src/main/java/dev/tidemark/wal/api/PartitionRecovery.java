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
 * @param quarantined what was given up, if damage was quarantined; the cases are those of what was left
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
        Optional<Quarantined> quarantined,
        long nanos) {
    /** Copies the list. */
    public PartitionRecovery {
        cases = List.copyOf(cases);
    }

    /** Where nothing was quarantined. */
    public PartitionRecovery(
            String partition,
            List<RecoveryCase> cases,
            long start,
            long end,
            long scannedBytes,
            Optional<Undecided> undecided,
            Optional<WalException> failure,
            long nanos) {
        this(partition, cases, start, end, scannedBytes, undecided, failure, Optional.empty(), nanos);
    }

    /** The same, after this was quarantined. */
    public PartitionRecovery with(Quarantined given) {
        return new PartitionRecovery(
                partition, cases, start, end, scannedBytes, undecided, failure, Optional.of(given), nanos);
    }

    /**
     * Damage that was copied aside, and what was lost by it.
     *
     * @param row the row of the recovery table for which the partition was refused; empty where a repair found damage that opening does not look for
     * @param why the error with which it was refused
     * @param lost what went on record
     * @param keptIn the copies of the damaged files, in the partition's directory
     */
    public record Quarantined(Optional<RecoveryCase> row, String why, List<LostRange> lost, List<String> keptIn) {
        /** Copies the lists. */
        public Quarantined {
            lost = List.copyOf(lost);
            keptIn = List.copyOf(keptIn);
        }
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
