package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** P1, P2, P3, P5 and P6 against every crash of some hundred workloads. */
class CrashEnumerationTest {
    private static final Set<RecoveryCase> AFTER_A_MERE_CRASH =
            EnumSet.of(RecoveryCase.CLEAN, RecoveryCase.R1, RecoveryCase.R2, RecoveryCase.R6);

    @Test
    void everyCrashOfEveryWorkload_leavesWhatWasPromisedAndNothingElse() throws Exception {
        Tally tally = new Tally();
        long began = System.nanoTime();
        String seed = System.getProperty("tidemark.seed");
        LongStream seeds = seed == null
                ? LongStream.rangeClosed(1, Budget.chosen().workloads())
                : LongStream.of(Long.parseLong(seed));
        forEach(seeds, workload -> enumerate(workload, tally));
        System.out.print(tally.table((System.nanoTime() - began) / 1_000_000));
        if (seed == null) {
            assertEverythingWasMet(tally);
        }
    }

    /** The oracle once called this a resurrection; but nobody had been refused anything before the cut was forced. */
    @Test
    void refusedRoundWhoseCutWasNotForced_mayComeBackUntilRecoveryHasForcedTheCut() {
        Tally tally = new Tally();
        enumerate(580, tally);
        assertThat(tally.of(CrashPoint.REFUSED_CUT)).isPositive();
    }

    @Test
    void everyCrashBesideManyThreads_leavesWhatWasPromisedAndNothingElse() throws Exception {
        Tally tally = new Tally();
        long began = System.nanoTime();
        for (long seed = 1; seed <= Budget.chosen().threadedWorkloads(); seed++) {
            Recording recording = ThreadedWorkload.record(seed);
            try {
                Enumeration.run(recording, tally);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("threaded workload " + seed + ": " + e.getMessage(), e);
            }
        }
        System.out.print("with threads: " + tally.table((System.nanoTime() - began) / 1_000_000));
        assertThat(tally.of(CrashPoint.OLD_SEALED)).as("rotations").isPositive();
        assertThat(tally.different())
                .as("different states")
                .isGreaterThan(Budget.chosen().threadedWorkloads() * 100L);
    }

    private static void enumerate(long seed, Tally tally) {
        try {
            Enumeration.run(Workload.record(seed), tally);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    "workload " + seed + ": " + e.getMessage()
                            + "\n  again with: mvn -pl recovery-tests -am test -Dtest=CrashEnumerationTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false -Dtidemark.seed=" + seed,
                    e);
        }
    }

    private static void forEach(LongStream seeds, LongConsumer action) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<?>> results = new ArrayList<>();
            seeds.forEach(seed -> results.add(pool.submit(() -> action.accept(seed))));
            for (Future<?> result : results) {
                result.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private static void assertEverythingWasMet(Tally tally) {
        for (RecoveryCase row : RecoveryCase.values()) {
            if (AFTER_A_MERE_CRASH.contains(row)) {
                assertThat(tally.of(row)).as("%s", row).isPositive();
            } else {
                assertThat(tally.of(row)).as("%s after a mere crash", row).isZero();
            }
        }
        for (Tally.Kind kind : Tally.Kind.values()) {
            assertThat(tally.of(kind)).as("%s", kind).isPositive();
        }
        for (CrashPoint point : CrashPoint.values()) {
            assertThat(tally.of(point) + tally.inRecovery(point))
                    .as("%s", point)
                    .isPositive();
        }
        assertThat(tally.different())
                .as("different states")
                .isGreaterThan(Budget.chosen().workloads() * 200L);
    }
}
