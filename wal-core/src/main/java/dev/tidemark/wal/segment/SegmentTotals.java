package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.RunningChecksum;
import dev.tidemark.wal.format.SegmentSummary;

/**
 * What lies in a segment up to some file position, in numbers.
 *
 * @param frames all frames, of every kind
 * @param records offsets taken
 * @param payloadBytes payload of the frames that take offsets
 * @param minTimestampMillis of the frames that take offsets; 0 when there is none
 * @param maxTimestampMillis likewise
 * @param runningChecksum {@link RunningChecksum} of all frames
 */
public record SegmentTotals(
        long frames,
        long records,
        long payloadBytes,
        long minTimestampMillis,
        long maxTimestampMillis,
        long runningChecksum) {

    /** Those of a segment without frames. */
    public static SegmentTotals none(long segmentId) {
        return new SegmentTotals(0, 0, 0, 0, 0, RunningChecksum.start(segmentId));
    }

    /** Those that a seal or a snapshot tells. */
    public static SegmentTotals of(SegmentSummary summary) {
        return new SegmentTotals(
                summary.frames(),
                summary.records(),
                summary.payloadBytes(),
                summary.minTimestampMillis(),
                summary.maxTimestampMillis(),
                summary.checksum());
    }

    /** As a seal or a snapshot tells them, with the offset behind the last record. */
    public SegmentSummary summary(long endOffset) {
        return new SegmentSummary(
                endOffset, frames, records, payloadBytes, minTimestampMillis, maxTimestampMillis, runningChecksum);
    }
}
