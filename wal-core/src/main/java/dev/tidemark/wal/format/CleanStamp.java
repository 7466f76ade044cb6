package dev.tidemark.wal.format;

/**
 * Says in {@code PARTITION} that the log was closed in order: everything is durable up to and with the snapshot frame that the close wrote last.
 * With it, opening reads that one frame, and any shortfall is damage. It is withdrawn durably before the first change after opening.
 *
 * @param segmentId the active segment at the close
 * @param filePosition where the {@code CONTROL} frame with the snapshot begins
 * @param headerCrc that frame's header checksum
 * @param endOffset end of the log
 * @param segments how many segments there were: their names alone would not show that one between others is missing
 */
public record CleanStamp(long segmentId, long filePosition, int headerCrc, long endOffset, int segments) {

    public CleanStamp {
        if (segmentId == 0 || endOffset < 0 || segments < 1) {
            throw new IllegalArgumentException("no such clean stamp: segmentId=" + segmentId + " endOffset=" + endOffset
                    + " segments=" + segments);
        }
        if (filePosition < SegmentHeader.BYTES || filePosition % FrameCodec.ALIGNMENT != 0) {
            throw new IllegalArgumentException("no frame can be there: filePosition=" + filePosition);
        }
    }

    /** The same, with another number of segments. */
    public CleanStamp withSegments(int newSegments) {
        return new CleanStamp(segmentId, filePosition, headerCrc, endOffset, newSegments);
    }
}
