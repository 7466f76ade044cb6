package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** P1, P2, P3, P5 and P6 against every crash of some hundred workloads. */
@Timeout(value = 12, unit = TimeUnit.HOURS)
class CrashEnumerationTest {
    private static final int MOST_TRIES_TO_MINIMISE = 150;
    /** In the normal build that makes 100,000 different states. */
    private static final long LEAST_STATES_OF_A_WORKLOAD = 400;

    private static final long LEAST_STATES_OF_THE_NORMAL_BUILD = 100_000;

    /** What a store does on its way, by what it is doing: a crash behind each of these steps is tried. */
    private static final Map<Stage, Set<CrashPoint>> STEPS = Map.of(
            Stage.OPENING,
            EnumSet.of(
                    CrashPoint.STORE_FILES,
                    CrashPoint.ROUND_WRITTEN,
                    CrashPoint.ROUND_FORCED,
                    CrashPoint.METADATA_CHANGING,
                    CrashPoint.METADATA_FORCED,
                    CrashPoint.METADATA_RENAMED,
                    CrashPoint.METADATA_CHANGED,
                    CrashPoint.LEFTOVER_REMOVED,
                    CrashPoint.NAMES_FORCED),
            Stage.SERVING,
            EnumSet.complementOf(EnumSet.of(CrashPoint.KEPT_ASIDE)),
            Stage.CLOSING,
            EnumSet.of(
                    CrashPoint.ROUND_WRITTEN,
                    CrashPoint.ROUND_FORCED,
                    CrashPoint.METADATA_CHANGING,
                    CrashPoint.METADATA_FORCED,
                    CrashPoint.METADATA_RENAMED,
                    CrashPoint.METADATA_CHANGED,
                    CrashPoint.LEFTOVER_REMOVED));

    /** What recovery does after a crash, each met by a second crash. */
    private static final Set<CrashPoint> RECOVERY_STEPS = EnumSet.of(
            CrashPoint.STORE_FILES,
            CrashPoint.ROUND_WRITTEN,
            CrashPoint.ROUND_FORCED,
            CrashPoint.REFUSED_CUT,
            CrashPoint.KEPT_ASIDE,
            CrashPoint.METADATA_CHANGING,
            CrashPoint.METADATA_FORCED,
            CrashPoint.METADATA_RENAMED,
            CrashPoint.METADATA_CHANGED,
            CrashPoint.SEGMENT_DELETED,
            CrashPoint.LEFTOVER_REMOVED,
            CrashPoint.NAMES_FORCED);

    private static final Set<RecoveryCase> AFTER_A_MERE_CRASH =
            EnumSet.of(RecoveryCase.CLEAN, RecoveryCase.R1, RecoveryCase.R2, RecoveryCase.R6);

    @Test
    void everyCrashOfEveryWorkload_leavesWhatWasPromisedAndNothingElse() throws Exception {
        Tally tally = new Tally();
        long began = System.nanoTime();
        String seed = System.getProperty("tidemark.seed");
        if (seed != null) {
            enumerate(Plan.parse(seed, System.getProperty("tidemark.without", "")), tally);
            System.out.print(tally.table((System.nanoTime() - began) / 1_000_000));
            return;
        }
        long first = Long.getLong("tidemark.first", 1);
        LongStream seeds = LongStream.range(first, first + Budget.chosen().workloads());
        AllProcessors.forEach(seeds.boxed().toList(), workload -> enumerate(Plan.of(workload), tally));
        System.out.print(tally.table((System.nanoTime() - began) / 1_000_000));
        assertEverythingWasMet(tally);
    }

    @Test
    void stepsOfARotation_areAllCrashPoints() throws Exception {
        Set<String> points = Arrays.stream(CrashPoint.values()).map(Enum::name).collect(Collectors.toSet());
        Object[] steps =
                Class.forName("dev.tidemark.wal.partition.RotationStep").getEnumConstants();
        assertThat(steps).isNotEmpty().extracting(Object::toString).allMatch(points::contains);
    }

    /** The oracle once called this a resurrection; but nobody had been refused anything before the cut was forced. */
    @Test
    void refusedRoundWhoseCutWasNotForced_mayComeBackUntilRecoveryHasForcedTheCut() {
        Tally tally = new Tally();
        enumerate(Plan.of(12), tally);
        assertThat(tally.of(CrashPoint.REFUSED_CUT)).isPositive();
    }

    @Test
    void everyCrashBesideManyThreads_leavesWhatWasPromisedAndNothingElse() throws Exception {
        Tally tally = new Tally();
        long began = System.nanoTime();
        List<Long> seeds = LongStream.rangeClosed(1, Budget.chosen().threadedWorkloads())
                .boxed()
                .toList();
        AllProcessors.forEach(seeds, seed -> {
            Recording recording = ThreadedWorkload.record(seed);
            try {
                Enumeration.run(recording, tally);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("threaded workload " + seed + ": " + e.getMessage(), e);
            }
        });
        System.out.print("with threads: " + tally.table((System.nanoTime() - began) / 1_000_000));
        assertThat(tally.of(CrashPoint.OLD_SEALED)).as("rotations").isPositive();
        assertThat(tally.different())
                .as("different states")
                .isGreaterThan(Budget.chosen().threadedWorkloads() * 100L);
    }

    private static void enumerate(Plan plan, Tally tally) {
        try {
            Enumeration.run(Workload.record(plan, honest -> honest), tally);
        } catch (RuntimeException | AssertionError e) {
            Plan smallest = Minimiser.minimise(
                    plan, Workload.steps(plan.seed()) + 1, MOST_TRIES_TO_MINIMISE, CrashEnumerationTest::fails);
            throw new AssertionError(
                    "workload " + plan.seed() + ": " + e.getMessage() + "\n  it still fails with these steps:\n    "
                            + String.join("\n    ", Workload.describe(smallest, honest -> honest))
                            + "\n  again with: mvn -pl recovery-tests -am test -Dtest=CrashEnumerationTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false " + smallest.toProperties(),
                    e);
        }
    }

    private static boolean fails(Plan plan) {
        try {
            Enumeration.run(Workload.record(plan, honest -> honest), new Tally());
            return false;
        } catch (RuntimeException | AssertionError e) {
            return true;
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
        STEPS.forEach((stage, points) -> points.forEach(point -> assertThat(tally.of(stage, point))
                .as("%s while %s", point, stage)
                .isPositive()));
        Set<CrashPoint> inRecovery = EnumSet.copyOf(RECOVERY_STEPS);
        if (Budget.chosen() == Budget.SHORT) {
            // A few workloads need not come to the rarest.
            inRecovery.removeAll(EnumSet.of(CrashPoint.REFUSED_CUT, CrashPoint.KEPT_ASIDE, CrashPoint.SEGMENT_DELETED));
        }
        for (CrashPoint point : inRecovery) {
            assertThat(tally.inRecovery(point))
                    .as("%s in a second recovery", point)
                    .isPositive();
        }
        assertThat(tally.boundariesInFull())
                .as("boundaries with all losses of power")
                .isPositive();
        assertThat(tally.repeats()).as("appends repeated after recovery").isPositive();
        assertThat(tally.different())
                .as("different states")
                .isGreaterThanOrEqualTo(
                        Budget.chosen() == Budget.NORMAL
                                ? LEAST_STATES_OF_THE_NORMAL_BUILD
                                : Budget.chosen().workloads() * LEAST_STATES_OF_A_WORKLOAD);
    }
}
