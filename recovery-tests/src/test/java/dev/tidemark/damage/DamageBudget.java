package dev.tidemark.damage;

/** How much is tried: the property {@code tidemark.budget}, and a number of its own that overrides it. */
final class DamageBudget {
    /** Making a store costs about as much as three trials. */
    static final int TRIALS_PER_STORE = 50;

    private DamageBudget() {}

    /** Some trials change nothing: nothing is to be reported there either. */
    private static final double LEAST_SHARE_DAMAGED = 0.75;

    /** How many trials; in the normal build 10,000 of them damage something. */
    static int trials() {
        int byBudget = switch (System.getProperty("tidemark.budget", "normal")) {
            case "short" -> 2_500;
            case "long" -> 270_000;
            default -> 13_500;
        };
        return Integer.getInteger("tidemark.damage.trials", byBudget);
    }

    /** In how many of them at least something is damaged. */
    static int damaged() {
        return (int) (trials() * LEAST_SHARE_DAMAGED);
    }

    /** One trial in eight is mended, and about one in three of those concerns something that opening refuses. */
    static int mended() {
        return trials() / 50;
    }

    /** The seed of the first store; the others have those that follow. */
    static long firstSeed() {
        return Long.getLong("tidemark.seed", 1);
    }
}
