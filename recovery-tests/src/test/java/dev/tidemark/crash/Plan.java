package dev.tidemark.crash;

import java.util.BitSet;
import java.util.stream.Collectors;

/**
 * A workload before it is run: the seed it is drawn from, and which of its steps are taken. Each step draws from the seed and its
 * own number, so leaving one out changes the others as little as can be.
 *
 * @param seed draws everything
 * @param without the numbers of the steps that are left out; 0 is the failing disk, if it has one
 */
record Plan(long seed, BitSet without) {
    static final int FAULT = 0;

    Plan {
        without = (BitSet) without.clone();
    }

    /** All its steps. */
    static Plan of(long seed) {
        return new Plan(seed, new BitSet());
    }

    boolean has(int step) {
        return !without.get(step);
    }

    Plan without(BitSet more) {
        BitSet all = (BitSet) without.clone();
        all.or(more);
        return new Plan(seed, all);
    }

    /** The properties that make it again. */
    String toProperties() {
        String skipped = without.stream().mapToObj(Integer::toString).collect(Collectors.joining(","));
        return "-Dtidemark.seed=" + seed + (skipped.isEmpty() ? "" : " -Dtidemark.without=" + skipped);
    }

    /** The plan that {@link #toProperties} stands for. */
    static Plan parse(String seed, String without) {
        BitSet skipped = new BitSet();
        for (String step : without.split(",")) {
            if (!step.isBlank()) {
                skipped.set(Integer.parseInt(step.strip()));
            }
        }
        return new Plan(Long.parseLong(seed), skipped);
    }
}
