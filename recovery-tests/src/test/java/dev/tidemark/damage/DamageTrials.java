package dev.tidemark.damage;

import dev.tidemark.mutant.Findings;
import dev.tidemark.mutant.HarnessPart;

/** The trials of {@link DamageTest}, until one is not judged well; a seed names one store. */
public final class DamageTrials implements HarnessPart {
    private static final int STORES = 40;

    public DamageTrials() {}

    @Override
    public Findings run(String seed) {
        DamageTally tally = new DamageTally();
        long first = seed.isEmpty() ? 1 : Long.parseLong(seed);
        long last = seed.isEmpty() ? STORES : first;
        for (long next = first; next <= last; next++) {
            try {
                Specimen specimen = SpecimenMaker.make(next);
                for (int number = 0; number < DamageBudget.TRIALS_PER_STORE; number++) {
                    new Trial(next, number).run(specimen, tally);
                }
            } catch (RuntimeException | Error caught) {
                return Findings.caught(tally.trials() + 1L, "store " + next, caught);
            }
        }
        return Findings.passed(tally.trials());
    }
}
