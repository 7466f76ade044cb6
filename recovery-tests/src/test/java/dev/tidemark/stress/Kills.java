package dev.tidemark.stress;

import dev.tidemark.mutant.Findings;
import dev.tidemark.mutant.HarnessPart;

/** A few kills of real processes, until what one leaves is not what it should be. */
public final class Kills implements HarnessPart {
    private static final int KILLS = 6;

    public Kills() {}

    @Override
    public Findings run(String what) throws Exception {
        long seed = 1;
        int done = 0;
        try (TestDirectory directory = TestDirectory.create()) {
            KillHarness harness = new KillHarness(directory.resolve("store"), seed);
            for (; done < KILLS; done++) {
                harness.run(1);
            }
            return Findings.passed(done);
        } catch (RuntimeException | Error caught) {
            return Findings.caught(done + 1, "kill " + (done + 1), caught);
        }
    }
}
