package dev.tidemark.damage;

/** How much is tried: the property {@code tidemark.budget}, and a number of its own that overrides it. */
final class DamageBudget {
    /** Making a store costs about as much as three trials. */
    static final int TRIALS_PER_STORE = 50;

    private DamageBudget() {}

    /** How many trials. */
    static int trials() {
        int byBudget = switch (System.getProperty("tidemark.budget", "normal")) {
            case "short" -> 2_500;
            case "long" -> 200_000;
            default -> 10_000;
        };
        return Integer.getInteger("tidemark.damage.trials", byBudget);
    }

    /** The seed of the first store; the others have those that follow. */
    static long firstSeed() {
        return Long.getLong("tidemark.seed", 1);
    }
}
