package dev.tidemark.wal.partition;

import dev.tidemark.wal.segment.Segment;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The segments of a log that is written to, as readers find them: one list, replaced as a whole.
 *
 * <p><b>Threads.</b> Any may read. Rotation adds at the new end, trimming takes away at the old end; the two do not exclude each other.
 *
 * <p><b>Ordering.</b> A replacement is a compare and set, so none undoes the other. What a list holds was complete before it was stored.
 */
final class SegmentsInLog {

    private final AtomicReference<SegmentList> list;

    SegmentsInLog(List<Segment> segments) {
        list = new AtomicReference<>(SegmentList.of(segments));
    }

    /** The segments at present, or in the end. */
    SegmentList get() {
        return Objects.requireNonNull(list.get());
    }

    /** Adds the newest one. */
    void add(Segment newest) {
        list.updateAndGet(now -> now.isLast() ? now : now.plus(newest));
    }

    /**
     * Ends the list. Nothing is added or taken away afterwards, also not by a rotation or a trim that outlasts the deadline of closing.
     *
     * @return all segments, whose references are the caller's now; none where they were given up before
     */
    List<Segment> giveUp() {
        SegmentList before = Objects.requireNonNull(list.getAndUpdate(now -> now.isLast() ? now : now.asLast()));
        return before.isLast() ? List.of() : before.asList();
    }

    /**
     * Takes away those from {@code old} on, and puts {@code cut} in their place.
     *
     * @return those that were taken away, oldest first; the list's references of them are the caller's now
     */
    List<Segment> replaceFrom(Segment old, Segment cut) {
        SegmentList before = Objects.requireNonNull(list.getAndUpdate(now -> now.endingWith(old, cut)));
        return before.asList().subList(before.indexOf(old), before.size());
    }

    /**
     * Takes away those before {@code first}, which is in the list.
     *
     * @return those that were taken away, oldest first; the list's references of them are the caller's now
     */
    List<Segment> removeBefore(Segment first) {
        SegmentList before = Objects.requireNonNull(
                list.getAndUpdate(now -> now.isLast() ? now : now.withoutOldest(now.indexOf(first))));
        return before.isLast() ? List.of() : before.asList().subList(0, before.indexOf(first));
    }
}
