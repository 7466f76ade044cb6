package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * All tests of one log, one after the other, within a time.
 *
 * <p><b>Threads.</b> One.
 */
final class CrashTest {
    static final List<String> TESTS =
            List.of(DamageRounds.NAME, SimulatedRounds.FAULTS, SimulatedRounds.POWER, KillRounds.NAME);

    /** What is left of the time after the others is for kills: they are slowest to find anything. */
    private static final double DAMAGE_PART = 0.2;

    private static final double FAULTS_PART = 0.15;
    private static final double POWER_PART = 0.25;

    /**
     * What is to be done.
     *
     * @param tests which tests, of {@link #TESTS}
     * @param time how long all of them may take, about
     * @param kills after so many kills that count the last test ends
     * @param isPowerRecorded whether the power is lost of what was recorded, also where the log writes through a Disk
     */
    record Plan(Set<String> tests, Duration time, int kills, boolean isPowerRecorded) {}

    private final Plan plan;
    private final Children children;
    private final Path directory;
    private final Witness witness;

    /**
     * A test that has not begun.
     *
     * @param children the log's processes; stopping them ends the test, with a {@link StoppedException}
     * @param directory an empty directory, where everything is put
     * @param witness who is told what was acknowledged
     */
    CrashTest(Plan plan, Children children, Path directory, Witness witness) {
        this.plan = plan;
        this.children = children;
        this.directory = directory;
        this.witness = witness;
    }

    /**
     * Runs all of it.
     *
     * @param each is handed every result as soon as it is there
     * @throws AdapterFailureException if the adapter's process does not even come up
     */
    List<Checked> run(Consumer<Checked> each) throws IOException, AdapterFailureException {
        long began = Environment.real().clock().nanos();
        AdapterTraits traits = children.traits();
        List<Checked> results = new ArrayList<>();
        for (String test : TESTS) {
            if (plan.tests().contains(test)) {
                Checked result = run(test, traits, began);
                results.add(result);
                each.accept(result);
            }
        }
        return results;
    }

    private Checked run(String test, AdapterTraits traits, long began) throws IOException {
        return switch (test) {
            case DamageRounds.NAME -> new DamageRounds(children, directory).run(now() + part(DAMAGE_PART));
            case SimulatedRounds.FAULTS ->
                traits.isOnDisk()
                        ? new SimulatedRounds(children).faults(Duration.ofNanos(part(FAULTS_PART)))
                        : Checked.notTested(
                                test, "the log does not write through a Disk, so no call of its can be made to fail");
            case SimulatedRounds.POWER -> powerLoss(test, traits);
            default ->
                new KillRounds(children, directory, witness)
                        .run(plan.kills(), began + plan.time().toNanos());
        };
    }

    private Checked powerLoss(String test, AdapterTraits traits) throws IOException {
        if (traits.survives() != Survives.LOSS_OF_POWER) {
            return Checked.notTested(test, "the log promises to survive the end of its process only");
        }
        if (!traits.isOnDisk() || plan.isPowerRecorded()) {
            return new RecordedRounds(children, directory).run(Duration.ofNanos(part(POWER_PART)));
        }
        return new SimulatedRounds(children).powerLoss(Duration.ofNanos(part(POWER_PART)));
    }

    private static long now() {
        return System.nanoTime();
    }

    private long part(double share) {
        return Math.max(TimeUnit.MILLISECONDS.toNanos(1), (long) (plan.time().toNanos() * share));
    }
}
