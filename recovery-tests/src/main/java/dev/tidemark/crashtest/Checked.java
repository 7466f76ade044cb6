package dev.tidemark.crashtest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one of the tests has found.
 *
 * @param test its name
 * @param result whether the promise held
 * @param text what was done, or why nothing was, in a line
 * @param counts the same as numbers
 * @param problems what is wrong, a sentence each
 */
record Checked(String test, Result result, String text, Map<String, Long> counts, List<String> problems) {

    enum Result {
        /** Nothing wrong was found. */
        HELD,
        /** A promise did not hold. */
        BROKEN,
        /** It could not be done, and says nothing: the log or its adapter did not do its part. */
        FAILED,
        /** It was not done, for a reason that is no fault of anybody's. */
        NOT_TESTED
    }

    static Checked notTested(String test, String why) {
        return new Checked(test, Result.NOT_TESTED, why, Map.of(), List.of());
    }

    static Checked failed(String test, String why) {
        return new Checked(test, Result.FAILED, why, Map.of(), List.of());
    }

    /** Held, if there are no problems. */
    static Checked judged(String test, String text, Map<String, Long> counts, List<String> problems) {
        return new Checked(
                test,
                problems.isEmpty() ? Result.HELD : Result.BROKEN,
                text,
                new LinkedHashMap<>(counts),
                List.copyOf(problems));
    }
}
