package dev.tidemark.client;

import java.util.random.RandomGenerator;

/**
 * Pauses between attempts: none before the first, then a ceiling that doubles with each, and a pause drawn evenly from zero to it. Without the draw, all
 * clients that lost a server at the same moment would come back at the same moments.
 *
 * <p><b>Threads.</b> One.
 */
final class BackOff {
    private final long firstNanos;
    private final long maxNanos;
    private final RandomGenerator random;
    private int failures;

    /** With this ceiling for the first pause, and this one for all. */
    BackOff(long firstNanos, long maxNanos, RandomGenerator random) {
        this.firstNanos = firstNanos;
        this.maxNanos = maxNanos;
        this.random = random;
    }

    /** How long to wait before the next attempt. */
    long nextNanos() {
        long pause = failures == 0 ? 0 : random.nextLong(ceilingNanos() + 1);
        failures++;
        return pause;
    }

    private long ceilingNanos() {
        int doublings = Math.min(failures - 1, Long.numberOfLeadingZeros(firstNanos) - 1);
        return Math.min(maxNanos, firstNanos << doublings);
    }

    /** An attempt succeeded, and what it led to works. */
    void succeeded() {
        failures = 0;
    }
}
