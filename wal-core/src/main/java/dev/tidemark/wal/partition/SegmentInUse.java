package dev.tidemark.wal.partition;

/**
 * Which segment a partition writes to, and whether it may still be written to.
 *
 * <p><b>Threads.</b> Changed by the holder of both rights. Any thread may read.
 *
 * <p><b>Ordering.</b> Two volatile fields, not one moment: whoever needs both to fit together holds a right.
 *
 * <p><b>Crash.</b> Nothing here is stored. {@code PARTITION} names the segment, and its successor says that it is closed.
 */
final class SegmentInUse {
    private volatile ActiveSegment active;
    private volatile boolean isClosed;

    /**
     * What recovery goes on in.
     *
     * @param isClosed whether the next round goes into another segment
     */
    SegmentInUse(ActiveSegment active, boolean isClosed) {
        this.active = active;
        this.isClosed = isClosed;
    }

    ActiveSegment active() {
        return active;
    }

    /** Whether it must not be written to any more: the next round goes into another segment. */
    boolean isClosed() {
        return isClosed;
    }

    /** Nothing is written to it any more. */
    void close() {
        isClosed = true;
    }

    /** Goes on in another one. */
    void changeTo(ActiveSegment next, boolean isNextClosed) {
        isClosed = isNextClosed;
        active = next;
    }
}
