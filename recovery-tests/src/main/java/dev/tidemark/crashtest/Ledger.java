package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What was submitted to one log and what it acknowledged, each at its time; and the judgement on what it gives afterwards. Times are numbers that
 * only go up: places in the stream of reports, or operations on a simulated disk.
 *
 * <p>The rules: every record is one that was submitted, with the same bytes, once; what was acknowledged is there; one that was acknowledged before
 * another was submitted lies before it; and what an earlier opening showed is what every later one shows first.
 *
 * <p><b>Threads.</b> One.
 */
final class Ledger {
    private static final long NEVER = Long.MAX_VALUE;
    private static final int EXAMPLES = 3;

    private record Entry(long submittedAt, long acknowledgedAt) {}

    private final Map<Long, Entry> entries = new HashMap<>();
    private long[] shown = {};
    private long acknowledged;

    void submits(long id, long time) {
        entries.put(id, new Entry(time, NEVER));
    }

    void acknowledged(long id, long time) {
        entries.computeIfPresent(id, (key, entry) -> new Entry(entry.submittedAt(), time));
        acknowledged++;
    }

    /** How many were acknowledged in all. */
    long acknowledged() {
        return acknowledged;
    }

    /** What is wrong with a reading now. */
    List<String> judge(Reading reading) {
        return judge(reading, NEVER);
    }

    /** What is wrong with a reading of what the log was at an earlier time. */
    List<String> judge(Reading reading, long time) {
        List<String> problems = new ArrayList<>(reading.problems());
        int first = samePrefix(reading, problems);
        Examples foreign = new Examples("never submitted, or not there after an earlier opening");
        Examples twice = new Examples("there twice");
        Examples disordered = new Examples("in front of others that had been acknowledged before they were submitted");
        Set<Long> found = new HashSet<>();
        for (int i = 0; i < first; i++) {
            found.add(reading.id(i));
        }
        long earliestBehind = NEVER;
        for (int i = reading.count() - 1; i >= first; i--) {
            long id = reading.id(i);
            Entry entry = entries.get(id);
            if (!found.add(id)) {
                twice.add(id);
            } else if (entry == null || entry.submittedAt() >= time) {
                foreign.add(id);
            } else {
                if (earliestBehind < entry.submittedAt()) {
                    disordered.add(id);
                }
                earliestBehind = Math.min(earliestBehind, entry.acknowledgedAt());
            }
        }
        Examples missing = new Examples("acknowledged, and missing");
        entries.forEach((id, entry) -> {
            if (entry.acknowledgedAt() <= time && entry.acknowledgedAt() != NEVER && !found.contains(id)) {
                missing.add(id);
            }
        });
        for (Examples wrong : List.of(missing, foreign, twice, disordered)) {
            wrong.tell(problems);
        }
        return problems;
    }

    /** How many records are the same, from the start, as an earlier opening showed; all of those should be. */
    private int samePrefix(Reading reading, List<String> problems) {
        int same = 0;
        while (same < shown.length && same < reading.count() && reading.id(same) == shown[same]) {
            same++;
        }
        if (same < shown.length) {
            problems.add(
                    "an earlier opening showed " + Quantity.count(shown.length, "record") + ", this one only the first "
                            + Quantity.count(same) + " of them; then should come " + Payload.name(shown[same]));
        }
        return same;
    }

    /** From here on the log is what this reading says: what is not in it must not come back. */
    void settle(Reading reading) {
        shown = new long[reading.count()];
        for (int i = 0; i < shown.length; i++) {
            shown[i] = reading.id(i);
        }
        entries.clear();
    }

    /** How many of the log's records are known to be there. */
    int settled() {
        return shown.length;
    }

    /** Records with the same thing wrong, of which a few are named. */
    private static final class Examples {
        private final String what;
        private final List<String> names = new ArrayList<>();
        private int count;

        Examples(String what) {
            this.what = what;
        }

        void add(long id) {
            count++;
            if (names.size() < EXAMPLES) {
                names.add(Payload.name(id));
            }
        }

        void tell(List<String> problems) {
            if (count > 0) {
                problems.add(what + ": " + Quantity.count(count, "record") + ", such as " + String.join("; ", names));
            }
        }
    }
}
