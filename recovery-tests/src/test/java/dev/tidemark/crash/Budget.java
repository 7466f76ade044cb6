package dev.tidemark.crash;

import java.util.Locale;

/** How much is tried, chosen by the property {@code tidemark.budget}. */
enum Budget {
    /** Enough to see that nothing is broken. */
    SHORT(30, 4),
    /** What the normal build takes. */
    NORMAL(200, 12),
    /** For a machine that has nothing else to do. */
    LONG(3_000, 200);

    private final int workloads;
    private final int threadedWorkloads;

    Budget(int workloads, int threadedWorkloads) {
        this.workloads = workloads;
        this.threadedWorkloads = threadedWorkloads;
    }

    static Budget chosen() {
        return valueOf(System.getProperty("tidemark.budget", "normal").toUpperCase(Locale.ROOT));
    }

    /** How many, unless the property {@code tidemark.workloads} says another number. */
    int workloads() {
        return Integer.getInteger("tidemark.workloads", workloads);
    }

    int threadedWorkloads() {
        return threadedWorkloads;
    }
}
