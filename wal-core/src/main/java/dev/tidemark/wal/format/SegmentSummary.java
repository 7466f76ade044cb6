package dev.tidemark.wal.format;

import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.ByteSource;
import dev.tidemark.wal.bytes.MalformedBytesException;

/**
 * What all the frames of a segment before some place were, in seven numbers of eight bytes each.
 *
 * @param endOffset offset after the last record
 * @param frames frames of every kind
 * @param records offsets taken
 * @param payloadBytes payload of the frames that take offsets
 * @param minTimestampMillis of the frames that take offsets; 0 when there is none
 * @param maxTimestampMillis likewise
 * @param checksum {@link RunningChecksum} of all these frames
 */
public record SegmentSummary(
        long endOffset,
        long frames,
        long records,
        long payloadBytes,
        long minTimestampMillis,
        long maxTimestampMillis,
        long checksum) {

    public SegmentSummary {
        if (endOffset < 0 || frames < 0 || records < 0 || records > endOffset || payloadBytes < 0) {
            throw new IllegalArgumentException("no such frames: endOffset=" + endOffset + " frames=" + frames
                    + " records=" + records + " payloadBytes=" + payloadBytes);
        }
        if (minTimestampMillis < 0 || maxTimestampMillis < minTimestampMillis) {
            throw new IllegalArgumentException("no such times: minTimestampMillis=" + minTimestampMillis
                    + " maxTimestampMillis=" + maxTimestampMillis);
        }
    }

    void put(ByteSink sink) {
        sink.putLong(endOffset);
        sink.putLong(frames);
        sink.putLong(records);
        sink.putLong(payloadBytes);
        sink.putLong(minTimestampMillis);
        sink.putLong(maxTimestampMillis);
        sink.putLong(checksum);
    }

    static SegmentSummary read(ByteSource source) throws MalformedBytesException {
        return new SegmentSummary(
                source.readLong(),
                source.readLong(),
                source.readLong(),
                source.readLong(),
                source.readLong(),
                source.readLong(),
                source.readLong());
    }
}
