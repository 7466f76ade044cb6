package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the jcstress cases of the engine's publication orders, the classes named {@code *Stress} in the engine's packages. The
 * forbidden outcome of each stands in words in its annotations. In the normal build for a moment each; with the budget {@code
 * long} in all of jcstress' configurations.
 */
@Timeout(value = 90, unit = TimeUnit.MINUTES)
class MemoryOrderTest {
    private static final Pattern RESULTS = Pattern.compile(
            "Results: (\\d+) planned; (\\d+) passed, (\\d+) failed, (\\d+) soft errs, (\\d+) hard errs");

    @TempDir
    Path reports;

    private record Outcome(int exitCode, int planned, int passed, int failed, int softErrors, int hardErrors) {}

    @Test
    void publicationOrders_showNoForbiddenOutcome() throws Exception {
        List<String> options =
                new ArrayList<>(List.of("-t", "dev\\.tidemark\\.wal\\.(?!.*(RoundWriter|SegmentList)Stress)"));
        options.addAll(
                isLong()
                        ? List.of("-m", "quick")
                        : List.of(
                                "-m", "quick", "-time", "100", "-iters", "1", "-f", "1", "-sc", "false", "-af",
                                "NONE"));
        assertPassed(run(options), 28);
    }

    @Test
    void rightsOfTheWriter_leaveNoWorkWithNobodyAtIt() throws Exception {
        // Each state is a whole partition, so few of them are made at a time.
        List<String> options = new ArrayList<>(List.of(
                "-t",
                "dev\\.tidemark\\.wal\\.partition\\.(RoundWriter|SegmentList)Stress",
                "-strideSize",
                "8",
                "-strideCount",
                "4"));
        options.addAll(
                isLong()
                        ? List.of("-m", "quick")
                        : List.of(
                                "-m", "quick", "-time", "200", "-iters", "1", "-f", "1", "-sc", "false", "-af",
                                "NONE"));
        assertPassed(run(options), 10);
    }

    @Test
    void aHandOverThatLooksBeforeItReleases_isFound() throws Exception {
        Outcome outcome = run(List.of(
                "-t",
                "dev\\.tidemark\\.stress\\.BrokenHandOver",
                "-m",
                "quick",
                "-time",
                "200",
                "-iters",
                "1",
                "-f",
                "1",
                "-sc",
                "false",
                "-af",
                "NONE"));
        assertThat(outcome.exitCode).as("exit code of a failed run").isNotZero();
        assertThat(outcome.failed).as("configurations that failed").isPositive();
        assertThat(outcome.softErrors + outcome.hardErrors).as("other errors").isZero();
    }

    private static boolean isLong() {
        return StressBudget.present() == StressBudget.LONG;
    }

    private static void assertPassed(Outcome outcome, int atLeast) {
        assertThat(outcome.exitCode).as("exit code").isZero();
        assertThat(outcome.planned).as("planned").isGreaterThanOrEqualTo(atLeast);
        assertThat(outcome.passed).as("passed of %d planned", outcome.planned).isEqualTo(outcome.planned);
    }

    private Outcome run(List<String> options) throws IOException, InterruptedException {
        List<String> command =
                ChildJvm.command("256m", List.of(), "org.openjdk.jcstress.Main", "-r", reports.toString());
        command.addAll(options);
        // Every configuration is a JVM of its own, and touches its whole heap before it begins.
        command.addAll(List.of("-hs", isLong() ? "200" : "64", "-v"));
        if (!isLong()) {
            // One JVM mode instead of ten; the usual one, but for what only makes it start later.
            command.addAll(List.of(
                    "-jvmArgs",
                    "-ea -Xmx64m -XX:+UseSerialGC -XX:-UsePerfData -javaagent:" + WithoutBiasedLocking.jarIn(reports)
                            + " " + ChildJvm.QUIET));
        }
        Path output = reports.resolve("output.txt");
        long began = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .directory(reports.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            boolean isOver = process.waitFor(isLong() ? 80 : 10, TimeUnit.MINUTES);
            List<String> lines = Files.readAllLines(output);
            assertThat(isOver).as("jcstress ended: %s", tail(lines)).isTrue();
            Outcome outcome = outcome(process.exitValue(), lines);
            System.out.printf(
                    "jcstress: %s in %.1f s, %s%n", outcome, (System.nanoTime() - began) / 1e9, options.get(1));
            if (outcome.exitCode != 0) {
                System.out.println(tail(lines));
            }
            return outcome;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    /** The exit code alone is not enough: it is the same for an unknown option. */
    private static Outcome outcome(int exitCode, List<String> lines) {
        Matcher last = null;
        for (String line : lines) {
            Matcher found = RESULTS.matcher(line);
            if (found.find()) {
                last = found;
            }
        }
        assertThat(last).as("a line of results in: %s", tail(lines)).isNotNull();
        return new Outcome(
                exitCode, number(last, 1), number(last, 2), number(last, 3), number(last, 4), number(last, 5));
    }

    private static int number(Matcher found, int group) {
        return Integer.parseInt(found.group(group));
    }

    private static String tail(List<String> lines) {
        return lines.stream().skip(Math.max(0, lines.size() - 80L)).collect(Collectors.joining("\n"));
    }
}
