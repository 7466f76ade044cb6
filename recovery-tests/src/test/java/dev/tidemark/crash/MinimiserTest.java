package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.tidemark.crash.LyingDisk.Lie;
import dev.tidemark.wal.io.Disk;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A failing workload is made small before anybody has to read it. */
class MinimiserTest {
    private static final UnaryOperator<Disk> LATE_FORCES = disk -> new LyingDisk(disk, Lie.SEGMENT_FORCE_IN_TIME);

    @Test
    void onlyTwoOfManyStepsMatter_thoseTwoAreLeft() {
        int steps = 40;
        Predicate<Plan> fails = plan -> plan.has(3) && plan.has(29);
        Plan smallest = Minimiser.minimise(Plan.of(1), steps, 1_000, fails);
        for (int step = Plan.FAULT; step <= steps; step++) {
            assertThat(smallest.has(step)).as("step %d", step).isEqualTo(step == 3 || step == 29);
        }
        assertThat(Plan.parse("1", properties(smallest))).isEqualTo(smallest);
    }

    @Test
    void nothingCanBeLeftOut_thePlanStaysWhole() {
        Plan whole = Plan.of(1);
        assertThat(Minimiser.minimise(whole, 5, 1_000, plan -> plan.equals(whole)))
                .isEqualTo(whole);
    }

    @Test
    void plantedDefect_isLeftWithAFewStepsThatStillFailWhenTheyAreReplayed() {
        for (long seed = 1; seed < 20; seed++) {
            int steps = Workload.steps(seed) + 1;
            if (!fails(Plan.of(seed))) {
                continue;
            }
            Plan smallest = Minimiser.minimise(Plan.of(seed), steps, 200, MinimiserTest::fails);
            List<String> words = Workload.describe(smallest, LATE_FORCES);
            System.out.printf("minimised %d steps to %s: %s%n", steps, smallest.toProperties(), words);
            assertThat(words).as("steps that are left").hasSizeLessThan(5).isNotEmpty();
            assertThat(fails(Plan.parse(Long.toString(seed), properties(smallest))))
                    .as("fails again: %s", smallest)
                    .isTrue();
            return;
        }
        fail("no workload met the planted defect");
    }

    @Test
    void workloadWithoutSomeSteps_takesTheOthersAsItTookThem() {
        long seed = 11;
        List<String> whole = Workload.describe(Plan.of(seed), honest -> honest);
        // The last is left out: all before it see the same store, and draw what they drew.
        int last = whole.size();
        Plan shorter = Plan.parse(Long.toString(seed), lastNumber(whole));
        List<String> less = Workload.describe(shorter, honest -> honest);
        assertThat(less).isEqualTo(whole.subList(0, last - 1));
    }

    private static String lastNumber(List<String> steps) {
        String last = steps.get(steps.size() - 1);
        return last.substring(0, last.indexOf(':'));
    }

    private static String properties(Plan plan) {
        String all = plan.toProperties();
        String name = "-Dtidemark.without=";
        return all.contains(name) ? all.substring(all.indexOf(name) + name.length()) : "";
    }

    /** Recovery and what follows it see a disk that does what it says: what fails was left behind by a step. */
    private static boolean fails(Plan plan) {
        try {
            Enumeration.run(Workload.record(plan, LATE_FORCES), new Tally());
            return false;
        } catch (RuntimeException | AssertionError e) {
            return true;
        }
    }
}
