package dev.tidemark.wal.format;

/**
 * One segment, named so that it cannot be taken for another: the file, and the id that its header must show.
 *
 * @param name base offset and epoch, as in the file name
 * @param segmentId random, unique, never 0
 */
public record SegmentRef(SegmentName name, long segmentId) {

    public SegmentRef {
        if (segmentId == 0) {
            throw new IllegalArgumentException("a segment id is never 0");
        }
    }
}
