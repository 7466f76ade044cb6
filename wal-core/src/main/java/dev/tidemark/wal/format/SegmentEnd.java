package dev.tidemark.wal.format;

/**
 * Where the frames of one segment end, and what they were: enough to name the file, and to tell whether it still verifies exactly so far.
 *
 * @param segmentId random, unique, never 0
 * @param name base offset and epoch, as in the file name
 * @param endOffset offset behind the last record
 * @param endPosition file position behind the last frame, a seal not counted
 * @param checksum {@link RunningChecksum} of all frames up to there
 */
public record SegmentEnd(long segmentId, SegmentName name, long endOffset, long endPosition, long checksum) {

    public SegmentEnd {
        if (segmentId == 0) {
            throw new IllegalArgumentException("a segment id is never 0");
        }
        if (endOffset < name.baseOffset()) {
            throw new IllegalArgumentException(
                    "segment ends before it begins: baseOffset=" + name.baseOffset() + " endOffset=" + endOffset);
        }
        if (endPosition < SegmentHeader.BYTES || endPosition % FrameCodec.ALIGNMENT != 0) {
            throw new IllegalArgumentException("no frame can end there: endPosition=" + endPosition);
        }
    }
}
