package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The crash tester on the logs that ship with it. */
class CrashTestTest {
    /** Longer than a few kills take on any machine: so the number of kills ends the test, and not the time. */
    private static final int LONG = 90;

    @TempDir
    Path directory;

    @Test
    void tidemark_survivesKills() throws IOException {
        CrashTestRun run = CrashTestRun.of("--dir", directory, "--tests", "kill", "--seconds", LONG, "--kills", 3);

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out())
                .contains("kill    held", "kills that count: 3", "verdict: held", "shown:   process crash only");
        assertThat(kept()).isEmpty();
    }

    @Test
    void tidemark_holdsWhenTheDiskIsHurtOrFailsOrLosesItsPower() {
        CrashTestRun run = CrashTestRun.of("--dir", directory, "--tests", "damage,faults,power", "--seconds", 3);

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out())
                .contains("damage  held", "faults  held", "power   held", "loss of power on a simulated disk")
                .doesNotContain("process crash");
    }

    @Test
    void logThatAcknowledgesBeforeItWrites_isCaughtByKills() throws IOException {
        CrashTestRun run = CrashTestRun.of(
                "--dir",
                directory,
                "--adapter",
                "hasty",
                "--tests",
                "kill",
                "--seconds",
                LONG,
                "--kills",
                100,
                "--seed",
                4711);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(11);
        assertThat(run.out())
                .contains("kill    BROKEN", "acknowledged, and missing", "verdict: broken", "--seed 4711")
                .doesNotContain("process crash");
        assertThat(kept()).as("what there is to look into").hasSize(1);
    }

    @Test
    void logThatNeverForces_isCaughtByLossOfPowerAlone() {
        CrashTestRun run = CrashTestRun.of(
                "--dir",
                directory,
                "--adapter",
                "unforced",
                "--tests",
                "power,kill",
                "--seconds",
                LONG,
                "--kills",
                1,
                "--json");

        assertThat(run.exitCode()).as(run.all()).isEqualTo(11);
        Map<String, Object> verdict = JsonReader.object(run.out());
        assertThat(verdict).containsEntry("verdict", "broken").containsEntry("exitCode", 11L);
        assertThat(results(verdict)).isEqualTo(Map.of("power", "broken", "kill", "held"));
        assertThat(verdict.get("shown")).asString().startsWith("process crash only");
    }

    @Test
    void naiveLog_isToldThatItSurvivesKillsAndWhatWasNotTested() {
        CrashTestRun run = CrashTestRun.of(
                "--dir",
                directory,
                "--adapter",
                "naive",
                "--tests",
                "faults,kill",
                "--seconds",
                LONG,
                "--kills",
                2,
                "--json");

        assertThat(run.exitCode()).as(run.all()).isZero();
        Map<String, Object> verdict = JsonReader.object(run.out());
        assertThat(verdict).containsEntry("verdict", "held").containsEntry("adapter", "naive");
        assertThat(results(verdict)).isEqualTo(Map.of("faults", "not_tested", "kill", "held"));
        assertThat(verdict.get("shown")).isEqualTo("process crash only: SIGKILL says nothing about loss of power");
    }

    @Test
    void naiveLog_isToldThatDamageShortensItInSilence() {
        CrashTestRun run =
                CrashTestRun.of("--dir", directory, "--adapter", "naive", "--tests", "damage", "--seconds", 3);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(11);
        assertThat(run.out()).contains("damage  BROKEN", "records, and no error", "; kept in ");
    }

    private static Map<String, Object> results(Map<String, Object> verdict) {
        Map<String, Object> results = new HashMap<>();
        for (Object test : (List<?>) verdict.get("tests")) {
            Map<?, ?> fields = (Map<?, ?>) test;
            results.put((String) fields.get("test"), fields.get("result"));
            assertThat(fields.get("counts")).isInstanceOf(Map.class);
            assertThat(fields.get("problems")).isInstanceOf(List.class);
        }
        return results;
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> found = Files.list(directory)) {
            return found.toList();
        }
    }
}
