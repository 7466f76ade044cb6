package dev.tidemark.crash;

import dev.tidemark.mutant.Findings;
import dev.tidemark.mutant.HarnessPart;

/** Crash enumeration of stepped workloads, until one state is not what it should be; a seed names a single workload. */
public final class SteppedCrashes implements HarnessPart {
    private static final int MAX_WORKLOADS = 60;

    public SteppedCrashes() {}

    @Override
    public Findings run(String seed) {
        Tally tally = new Tally();
        long first = seed.isEmpty() ? 1 : Long.parseLong(seed);
        long last = seed.isEmpty() ? MAX_WORKLOADS : first;
        for (long next = first; next <= last; next++) {
            try {
                Enumeration.run(Workload.record(next), tally);
            } catch (RuntimeException | Error caught) {
                return Findings.caught(tally.judged(), "workload " + next, caught);
            }
        }
        return Findings.passed(tally.judged());
    }
}
