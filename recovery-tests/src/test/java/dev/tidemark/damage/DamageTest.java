package dev.tidemark.damage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** P4 and P6 against damage of every kind to every kind of file, in a JVM with little memory. */
@Tag("little-memory")
class DamageTest {
    private static final long MOST_HEAP_BYTES = 192L << 20;
    private static final int MOST_MINUTES = 60;

    @Test
    @Timeout(value = MOST_MINUTES + 5, unit = TimeUnit.MINUTES)
    void damageOfEveryKind_givesTheRightBytesOrAnErrorThatNamesTheFile() throws Exception {
        assertThat(Runtime.getRuntime().maxMemory()).as("heap").isLessThanOrEqualTo(MOST_HEAP_BYTES);
        DamageTally tally = new DamageTally();
        String replay = System.getProperty(Trial.REPLAY);
        if (replay != null) {
            Trial trial = Trial.parse(replay);
            Specimen specimen = SpecimenMaker.make(trial.seed());
            System.out.println(trial.describe(specimen));
            trial.run(specimen, tally);
            System.out.print(tally.table(0));
            return;
        }
        long began = System.nanoTime();
        int stores = Math.max(1, DamageBudget.trials() / DamageBudget.TRIALS_PER_STORE);
        runAll(DamageBudget.firstSeed(), stores, tally);
        System.out.print(tally.table((System.nanoTime() - began) / 1_000_000));
        System.out.print(tally.wrongFilesInWords());
        assertThat(tally.violations()).as("violations").isEmpty();
        assertEverythingWasMet(tally);
        assertThat(tally.shareOfRightFiles()).as("right file").isGreaterThanOrEqualTo(0.98);
    }

    private static void runAll(long firstSeed, int stores, DamageTally tally) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < stores; i++) {
                long seed = firstSeed + i;
                results.add(pool.submit(() -> runOne(seed, tally)));
            }
            for (Future<?> result : results) {
                // Nothing waits for anything in there: a trial that does not come back shows a wait without an end.
                result.get(MOST_MINUTES, TimeUnit.MINUTES);
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("a wait without an end: " + tally.underWay(), e);
        } finally {
            pool.shutdownNow();
        }
    }

    /** A violation does not end it: the others may show what they have in common. */
    private static void runOne(long seed, DamageTally tally) {
        Specimen specimen = SpecimenMaker.make(seed);
        for (int number = 0; number < DamageBudget.TRIALS_PER_STORE; number++) {
            Trial trial = new Trial(seed, number);
            tally.begins(trial);
            try {
                trial.run(specimen, tally);
            } catch (AssertionError e) {
                tally.violation(e);
            }
            tally.ends(trial);
        }
    }

    private static void assertEverythingWasMet(DamageTally tally) {
        for (FileKind kind : FileKind.values()) {
            if (kind != FileKind.FOREIGN) {
                assertThat(tally.of(kind)).as("%s", kind).isPositive();
            }
        }
        for (InjuryKind kind : InjuryKind.values()) {
            assertThat(tally.of(kind)).as("%s", kind).isPositive();
        }
        for (Outcome outcome : Outcome.values()) {
            assertThat(tally.of(outcome)).as("%s", outcome).isPositive();
        }
        for (RecoveryCase row : RecoveryCase.values()) {
            // A disk that does not give its bytes is among the faults.
            if (row != RecoveryCase.R7) {
                assertThat(tally.of(row)).as("%s", row).isPositive();
            }
        }
        assertThat(tally.mended()).as("partitions that were mended").isGreaterThanOrEqualTo(DamageBudget.mended());
        assertThat(tally.notMended()).as("partitions that could not be mended").isLessThan(tally.mended() / 4);
        assertThat(tally.changed()).as("trials that changed something").isGreaterThanOrEqualTo(DamageBudget.damaged());
    }
}
