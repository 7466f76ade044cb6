package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.RunningChecksum;

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
}
