package dev.tidemark.mutant;

import java.util.List;

/**
 * What one part of the harness found out about an engine.
 *
 * @param tried how much it tried until it came to this: states, trials, tests or kills
 * @param failures what was wrong, one line each; none if the engine passed
 */
public record Findings(long tried, List<String> failures) {

    public Findings {
        failures = List.copyOf(failures);
    }

    public static Findings passed(long tried) {
        return new Findings(tried, List.of());
    }

    /**
     * A mutant whose classes do not fit together was not caught: it did not run.
     *
     * @param which case it was, in the words that run it alone
     */
    public static Findings caught(long tried, String which, Throwable failure) {
        throwIfNotLoaded(failure);
        return caught(
                tried, which + ": " + failure.toString().lines().findFirst().orElse(""));
    }

    static Findings caught(long tried, String failure) {
        return new Findings(tried, List.of(failure));
    }

    static void throwIfNotLoaded(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof LinkageError broken) {
                throw broken;
            }
        }
    }

    public boolean isCaught() {
        return !failures.isEmpty();
    }
}
