package dev.tidemark.wal.partition;

import java.util.ArrayList;
import java.util.List;

/**
 * How often a log's end went back since it was opened, and how far: by this readers tell a log that was truncated from one that is damaged.
 *
 * <p><b>Threads.</b> Any may read. Who truncates adds, with both rights.
 *
 * <p><b>Ordering.</b> One reference to an immutable value. It is stored before anything else of a truncation can be seen: whoever meets a lowered end, a shorter
 * list or a file that is cut or gone finds the truncation here. Whoever finds the same count after reading as before it has read the log as it was.
 *
 * <p><b>Crash.</b> Nothing here is stored: cursors do not outlive the process.
 */
final class Truncations {

    /** Never goes on: for logs whose end does not go back. */
    static final Truncations NONE = new Truncations();

    /** No truncation. */
    static final long NO_END = Long.MAX_VALUE;

    /** Bounds the memory of a log that is truncated again and again; older ones are merged, to the side of telling a reader too early. */
    private static final int MOST_STEPS = 64;

    /** Up to this count, the end went back at least so far. */
    private record Step(long count, long end) {}

    /** Steps by count; their ends rise, since a lower one that comes later stands for those before. */
    private record Moment(long count, List<Step> steps) {}

    private volatile Moment now = new Moment(0, List.of());

    /** How many there were. */
    long count() {
        return now.count;
    }

    /** The lowest end since there were so many; {@link #NO_END} where there was none since. */
    long lowestSince(long count) {
        for (Step step : now.steps) {
            if (step.count > count) {
                return step.end;
            }
        }
        return NO_END;
    }

    /** The end goes back to here. */
    void add(long end) {
        Moment before = now;
        List<Step> steps = new ArrayList<>(before.steps);
        steps.removeIf(step -> step.end >= end);
        steps.add(new Step(before.count + 1, end));
        if (steps.size() > MOST_STEPS) {
            // The first two become one: whoever came between them is told of the lower end.
            Step lower = steps.remove(0);
            steps.set(0, new Step(steps.get(0).count, lower.end));
        }
        now = new Moment(before.count + 1, List.copyOf(steps));
    }
}
