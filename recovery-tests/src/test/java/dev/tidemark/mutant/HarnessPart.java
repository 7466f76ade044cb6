package dev.tidemark.mutant;

/**
 * A part of the harness, run against whatever engine its class loader gives it. It has a constructor without parameters.
 *
 * <p>This type and {@link Findings} are the same for all engines, so that their words can be passed on; all other classes of ours
 * are loaded anew for each.
 */
public interface HarnessPart {

    /**
     * Runs until the engine is caught or everything was tried.
     *
     * @param what which cases, in the words of this part; empty for all
     * @throws LinkageError when the engine does not even load: then nothing was found out
     */
    Findings run(String what) throws Exception;
}
