package dev.tidemark.fault;

import java.util.Locale;

/** How much is tried, chosen by the property {@code tidemark.budget}; {@code tidemark.fault.seeds} says how many workloads. */
enum FaultBudget {
    /** Enough to have each operation fail in each way: of the later calls only some. */
    SHORT(1),
    /** What the normal build takes: each call of one workload. */
    NORMAL(1),
    /** For a machine that has nothing else to do. */
    LONG(30);

    private static final int ALL_OF_THE_FIRST = 6;
    private static final int THEN_ONE_IN = 4;

    private final int seeds;

    FaultBudget(int seeds) {
        this.seeds = seeds;
    }

    static FaultBudget chosen() {
        return valueOf(System.getProperty("tidemark.budget", "normal").toUpperCase(Locale.ROOT));
    }

    int seeds() {
        return Integer.getInteger("tidemark.fault.seeds", seeds);
    }

    /** How far it is from the call that failed to the next that is to fail. */
    long stepBehind(long number) {
        return this == SHORT && number >= ALL_OF_THE_FIRST ? THEN_ONE_IN : 1;
    }
}
