package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.RecoveryCase;
import java.util.List;

/**
 * What {@code verify} found in one partition.
 *
 * @param partition its name
 * @param rows the rows of the recovery table that opening would meet
 * @param start the first offset
 * @param end the offset behind the last good record
 * @param provenEnd what lies below was proven durable
 * @param segments segment files read
 * @param frames good frames in them
 * @param records good records in them
 * @param payloadBytes payload of these
 * @param fileBytes size of the segment files
 * @param bytesRead how much was read
 * @param findings the worst first
 */
public record VerifiedPartition(
        String partition,
        List<RecoveryCase> rows,
        long start,
        long end,
        long provenEnd,
        int segments,
        long frames,
        long records,
        long payloadBytes,
        long fileBytes,
        long bytesRead,
        List<VerifyFinding> findings) {

    public VerifiedPartition {
        rows = List.copyOf(rows);
        findings = List.copyOf(findings);
    }
}
