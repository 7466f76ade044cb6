package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a witness has noted about a run, as far as it is about the run's last log; the logs before it were judged and deleted. Judges what that log
 * gives after the power came back.
 *
 * <p><b>Threads.</b> One.
 */
final class WitnessedRun {
    private final long seed;
    private final Set<Long> acknowledged = new HashSet<>();
    private long log;
    private boolean isEnded;

    WitnessedRun(long seed) {
        this.seed = seed;
    }

    void add(byte kind, long number) {
        if (kind == Witness.Kind.LOG.letter()) {
            log = number;
            acknowledged.clear();
        } else if (kind == Witness.Kind.ACKNOWLEDGED.letter()) {
            acknowledged.add(number);
        } else if (kind == Witness.Kind.END.letter()) {
            isEnded = true;
        }
    }

    long seed() {
        return seed;
    }

    long log() {
        return log;
    }

    /** Whether the run has ended in order, and nobody pulled a plug in the middle of it. */
    boolean isEnded() {
        return isEnded;
    }

    int acknowledged() {
        return acknowledged.size();
    }

    /** What is wrong with what the log gives now. */
    List<String> judge(Reading reading) {
        List<String> problems = new ArrayList<>(reading.problems());
        Set<Long> missing = new HashSet<>(acknowledged);
        Set<Long> found = new HashSet<>();
        Map<Long, Long> lastOfThread = new HashMap<>();
        int twice = 0;
        int disordered = 0;
        for (int i = 0; i < reading.count(); i++) {
            long id = reading.id(i);
            missing.remove(id);
            if (!found.add(id)) {
                twice++;
            }
            Long last = lastOfThread.put(Payload.threadOf(id), id);
            if (last != null && last > id) {
                disordered++;
            }
        }
        if (!missing.isEmpty()) {
            long example = missing.iterator().next();
            problems.add(Quantity.count(missing.size()) + " of " + Quantity.count(acknowledged.size())
                    + " acknowledgements that the witness noted are for records that are missing, one of them "
                    + Payload.name(example));
        }
        if (twice > 0) {
            problems.add(Quantity.count(twice, "record") + " there twice");
        }
        if (disordered > 0) {
            problems.add(Quantity.count(disordered, "record") + " behind a later one of the same thread");
        }
        return problems;
    }
}
