package dev.tidemark.crash;

import dev.tidemark.mutant.Findings;
import dev.tidemark.mutant.HarnessPart;

/** Crash enumeration of workloads with many threads, until one state is not what it should be. */
public final class ThreadedCrashes implements HarnessPart {
    private static final int MAX_WORKLOADS = 8;

    public ThreadedCrashes() {}

    @Override
    public Findings run(String what) throws Exception {
        Tally tally = new Tally();
        for (long seed = 1; seed <= MAX_WORKLOADS; seed++) {
            try {
                Enumeration.run(ThreadedWorkload.record(seed), tally);
            } catch (RuntimeException | Error caught) {
                return Findings.caught(tally.judged(), "workload " + seed, caught);
            }
        }
        return Findings.passed(tally.judged());
    }
}
