package dev.tidemark.mutant;

import org.jspecify.annotations.Nullable;

/** Runs parts of the harness against engines. */
@FunctionalInterface
interface Worker {

    /** A part could not be run, so that nothing was found out. */
    final class Broken extends Exception {
        private static final long serialVersionUID = 1L;

        Broken(String what, @Nullable Throwable cause) {
            super(what, cause);
        }
    }

    /**
     * Runs a part against a mutant. One that does not come to an end is caught by that.
     *
     * @param classes the mutant's classes, or empty for the engine as it is
     */
    Findings run(String classes, Mutant.Attempt attempt) throws Broken, InterruptedException;
}
