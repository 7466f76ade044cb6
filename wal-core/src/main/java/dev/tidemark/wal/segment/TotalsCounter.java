package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.RunningChecksum;

/**
 * Counts {@link SegmentTotals} frame by frame, for whoever writes or scans a segment.
 *
 * <p><b>Threads.</b> Confined to one thread at a time; handed on together with the right to write.
 */
public final class TotalsCounter {

    private long frames;
    private long records;
    private long payloadBytes;
    private long minTimestampMillis;
    private long maxTimestampMillis;
    private long runningChecksum;

    /** Goes on from {@code totals}. */
    public TotalsCounter(SegmentTotals totals) {
        resetTo(totals);
    }

    /** Takes in the next frame. A frame without offsets ({@code count} 0) counts as a frame and in the checksum only. */
    public void add(int count, int payloadLength, long timestampMillis, int headerCrc) {
        frames++;
        runningChecksum = RunningChecksum.next(runningChecksum, headerCrc);
        if (count == 0) {
            return;
        }
        minTimestampMillis = records == 0 ? timestampMillis : Math.min(minTimestampMillis, timestampMillis);
        maxTimestampMillis = records == 0 ? timestampMillis : Math.max(maxTimestampMillis, timestampMillis);
        records += count;
        payloadBytes += payloadLength;
    }

    /** Goes back to {@code totals}, as when a round was refused. */
    public void resetTo(SegmentTotals totals) {
        frames = totals.frames();
        records = totals.records();
        payloadBytes = totals.payloadBytes();
        minTimestampMillis = totals.minTimestampMillis();
        maxTimestampMillis = totals.maxTimestampMillis();
        runningChecksum = totals.runningChecksum();
    }

    /** Goes to where another counter is, without making anything. */
    public void resetTo(TotalsCounter other) {
        frames = other.frames;
        records = other.records;
        payloadBytes = other.payloadBytes;
        minTimestampMillis = other.minTimestampMillis;
        maxTimestampMillis = other.maxTimestampMillis;
        runningChecksum = other.runningChecksum;
    }

    public long runningChecksum() {
        return runningChecksum;
    }

    /** What was counted so far. */
    public SegmentTotals totals() {
        return new SegmentTotals(
                frames, records, payloadBytes, minTimestampMillis, maxTimestampMillis, runningChecksum);
    }
}
