package dev.tidemark.wal.partition;

import dev.tidemark.wal.segment.Segment;
import java.util.ArrayList;
import java.util.List;

/**
 * The segments of a log, oldest first; there is always one. Immutable: who adds or removes one makes a new list.
 *
 * <p>Base offsets never fall from one to the next. Two are equal where the first of them was left empty; only the second can hold a record.
 *
 * <p><b>Threads.</b> Any. The list that is in use holds a reference of each of its segments. Whoever replaces it publishes the new one
 * first and then releases those that are no longer in it.
 */
final class SegmentList {

    private final List<Segment> segments;
    private final boolean isLast;

    private SegmentList(List<Segment> segments, boolean isLast) {
        if (segments.isEmpty()) {
            throw new IllegalArgumentException("a log has at least one segment");
        }
        this.segments = segments;
        this.isLast = isLast;
    }

    /** These, oldest first. */
    static SegmentList of(List<Segment> segments) {
        return new SegmentList(List.copyOf(segments), false);
    }

    /** The same, with nothing to follow: it holds no references any more. */
    SegmentList asLast() {
        return new SegmentList(segments, true);
    }

    /** Whether this list is never replaced. */
    boolean isLast() {
        return isLast;
    }

    /** The same and one more, the newest. */
    SegmentList plus(Segment newest) {
        assert newest.baseOffset() >= last().baseOffset() : newest;
        List<Segment> more = new ArrayList<>(segments.size() + 1);
        more.addAll(segments);
        more.add(newest);
        return of(more);
    }

    /** The same without the oldest {@code count}, which leaves at least one. */
    SegmentList withoutOldest(int count) {
        return of(segments.subList(count, segments.size()));
    }

    /** The same up to {@code old}, in place of which there is {@code last}. */
    SegmentList endingWith(Segment old, Segment last) {
        List<Segment> fewer = new ArrayList<>(segments.subList(0, indexOf(old)));
        fewer.add(last);
        return of(fewer);
    }

    /** Where this one stands in the list. */
    int indexOf(Segment segment) {
        int index = segments.indexOf(segment);
        if (index < 0) {
            throw new IllegalArgumentException("segment is not in the log: segment=" + segment + " first=" + first());
        }
        return index;
    }

    Segment first() {
        return segments.get(0);
    }

    Segment last() {
        return segments.get(segments.size() - 1);
    }

    int size() {
        return segments.size();
    }

    Segment get(int index) {
        return segments.get(index);
    }

    List<Segment> asList() {
        return segments;
    }

    /** The newest segment that begins at or below the offset, which is not below the first one. */
    Segment floor(long offset) {
        return segments.get(floorIndex(offset));
    }

    /** Where {@link #floor} lies in the list. */
    int floorIndex(long offset) {
        int low = 0;
        int high = segments.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (segments.get(middle).baseOffset() <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == 0) {
            throw new IllegalArgumentException(
                    "offset is below the first segment: offset=" + offset + " first=" + first().baseOffset());
        }
        return low - 1;
    }

    @Override
    public String toString() {
        return segments.toString();
    }
}
