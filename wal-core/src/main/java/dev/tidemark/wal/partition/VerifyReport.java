package dev.tidemark.wal.partition;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@code verify} found in a store.
 *
 * @param partitions by name
 * @param storeFindings what concerns the store itself
 * @param nanos how long it took
 */
public record VerifyReport(List<VerifiedPartition> partitions, List<VerifyFinding> storeFindings, long nanos) {

    public VerifyReport {
        partitions = List.copyOf(partitions);
        storeFindings = List.copyOf(storeFindings);
    }

    /** All findings, those of the store first. */
    public List<VerifyFinding> findings() {
        return Stream.concat(storeFindings.stream(), partitions.stream().flatMap(p -> p.findings().stream()))
                .toList();
    }

    /** How bad the worst finding is, if there is any. */
    public Optional<VerifyFinding.Severity> worst() {
        return findings().stream().map(VerifyFinding::severity).min(Comparator.naturalOrder());
    }
}
