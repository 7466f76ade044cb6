package dev.tidemark.wal.format;

/**
 * A change to a partition's files that was decided, and that recovery finishes when a crash comes between: recorded durably before the first
 * file is touched, cleared after the last. Each has all that is needed to repeat it from any point.
 */
public sealed interface Intent {

    /** The number that stands for the kind in the file. */
    int code();

    /**
     * The old end moves: whole segments older than {@code startSegment} go.
     *
     * @param startOffset the new start, exact, inside {@code startSegment}
     * @param startSegment the oldest segment that stays
     */
    record Trim(long startOffset, SegmentName startSegment) implements Intent {
        public static final int CODE = 1;

        public Trim {
            if (startOffset < startSegment.baseOffset()) {
                throw new IllegalArgumentException("start lies before its segment: startOffset=" + startOffset
                        + " baseOffset=" + startSegment.baseOffset());
            }
        }

        @Override
        public int code() {
            return CODE;
        }
    }

    /**
     * The new end moves back: of the segments up to {@code lastEpoch}, those after {@code cutSegment} go, and it is cut. Segments of a later epoch were
     * made by the truncation itself or after it, and stay.
     *
     * @param endOffset the new end, exclusive
     * @param cutSegment the segment in which it lies
     * @param lastEpoch the highest epoch in use when it was decided
     */
    record Truncate(long endOffset, SegmentName cutSegment, int lastEpoch) implements Intent {
        public static final int CODE = 2;

        public Truncate {
            if (endOffset < cutSegment.baseOffset() || lastEpoch < cutSegment.epoch()) {
                throw new IllegalArgumentException("no such truncation: endOffset=" + endOffset + " cutSegment="
                        + cutSegment + " lastEpoch=" + lastEpoch);
            }
        }

        @Override
        public int code() {
            return CODE;
        }
    }

    /**
     * The whole partition goes.
     *
     * @param deleteId names the directory it is renamed to
     */
    record Delete(long deleteId) implements Intent {
        public static final int CODE = 3;

        @Override
        public int code() {
            return CODE;
        }
    }
}
