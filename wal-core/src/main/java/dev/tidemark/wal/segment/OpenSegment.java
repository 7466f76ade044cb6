package dev.tidemark.wal.segment;

import dev.tidemark.wal.io.DiskFile;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The open file of a segment, shared by everybody who reads it and the one who writes it.
 *
 * <p>Reference counted. {@link SegmentFiles} holds a reference for as long as it remembers the file; each user holds one while
 * it works with the file. The last release closes.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> The count only leaves 0 in the constructor: {@link #tryRetain} refuses once it has come back to 0. So nobody can
 * hold a reference to a closed file, and the file is closed once, by the thread that took the count to 0.
 *
 * <p><b>Crash.</b> Closing forces nothing, and a write error is told once to each open file. So a writer keeps its reference until what it
 * wrote is forced.
 */
public final class OpenSegment {

    private final SegmentFiles owner;
    private final Segment segment;
    private final DiskFile file;
    private final AtomicInteger references = new AtomicInteger(1);

    OpenSegment(SegmentFiles owner, Segment segment, DiskFile file) {
        this.owner = owner;
        this.segment = segment;
        this.file = file;
    }

    /** The segment whose file this is; its header is known. */
    public Segment segment() {
        return segment;
    }

    /** The file, open for as long as the caller holds a reference. */
    public DiskFile file() {
        return file;
    }

    /** Takes a reference, unless the last one is gone already. */
    public boolean tryRetain() {
        int now = references.get();
        while (now > 0) {
            int found = references.compareAndExchange(now, now + 1);
            if (found == now) {
                return true;
            }
            now = found;
        }
        return false;
    }

    /** Gives a reference back; the last one closes the file. */
    public void release() {
        int left = references.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("open file was released too often: file=" + segment);
        }
        if (left == 0) {
            owner.closeFile(this);
        }
    }

    /** Whether nobody but {@link SegmentFiles} holds it. True only for the moment, unless the asker prevents others from taking it. */
    boolean isIdle() {
        return references.get() <= 1;
    }
}
