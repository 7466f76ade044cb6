package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Has a child test the log on a simulated disk, see {@link Simulation}.
 *
 * <p><b>Threads.</b> One.
 */
final class SimulatedRounds {
    static final String POWER = "power";
    static final String FAULTS = "faults";

    /** What takes the rest of the time limit: the last state, and the least number of them. */
    private static final int PATIENCE_FACTOR = 2;

    private final Children children;

    SimulatedRounds(Children children) {
        this.children = children;
    }

    /** Loss of power, for so long. */
    Checked powerLoss(Duration time) throws IOException {
        return run(
                POWER,
                time,
                counts -> Quantity.count(counts.getOrDefault("states", 0L), "state") + " of "
                        + Quantity.count(counts.getOrDefault("workloads", 0L), "workload") + ", on a simulated disk");
    }

    /** Calls that fail, for so long. */
    Checked faults(Duration time) throws IOException {
        return run(
                FAULTS,
                time,
                counts -> Quantity.count(counts.getOrDefault("faults", 0L)) + " of "
                        + Quantity.count(counts.getOrDefault("possible", 0L)) + " calls failed, "
                        + Quantity.count(counts.getOrDefault("states", 0L), "state")
                        + " after them, on a simulated disk");
    }

    private interface Wording {
        String of(Map<String, Long> counts);
    }

    private Checked run(String test, Duration time, Wording wording) throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        try (TestChild child = children.start()) {
            child.send(test, time.toMillis());
            Duration patience = time.plus(children.settings().patience().multipliedBy(PATIENCE_FACTOR));
            Ending ending = child.hearOut(patience, message -> {
                if (message.kind() == Message.Kind.BROKEN) {
                    problems.add(message.text());
                } else if (message.kind() == Message.Kind.COUNTED) {
                    int equals = message.text().indexOf('=');
                    counts.put(
                            message.text().substring(0, equals),
                            Long.parseLong(message.text().substring(equals + 1)));
                }
            });
            children.goOnUnlessStopped();
            if (!ending.is(Ending.How.DONE) && problems.isEmpty()) {
                return Checked.failed(test, "on a simulated disk: " + ending.text());
            }
            return Checked.judged(test, wording.of(counts), counts, problems);
        } catch (AdapterFailureException e) {
            return Checked.failed(test, String.valueOf(e.getMessage()));
        }
    }
}
