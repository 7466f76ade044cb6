package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo for real, with less time: another process, SIGKILL, recovery. */
class DemoTest {

    @TempDir
    Path directory;

    @Test
    void killedInTheMiddle_everythingAcknowledgedIsThere() throws Exception {
        CliRun run = CliRun.of("demo", "--seconds", "0.3", "--dir", directory, "--seed", "42");

        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.out())
                .contains("exit code 137", "found R", "All of it held.")
                .containsPattern("[1-9][0-9,]* durable appends acknowledged")
                .containsPattern("p50 .* p99 ")
                .doesNotContain("\u001b", "BROKEN");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void keptDirectory_canBeLookedInto() throws Exception {
        CliRun run = CliRun.of("demo", "--seconds", "0.1", "--dir", directory, "--keep");

        assertThat(run.exitCode()).as(run.toString()).isZero();
        try (Stream<Path> left = Files.list(directory)) {
            Path kept = left.findFirst().orElseThrow();
            assertThat(run.out()).contains("kept: " + kept);
            assertThat(CliRun.of("stat", "--data", kept.resolve("store")).out()).contains("partitions  4");
        }
    }

    @Test
    void interruptedDemo_leavesNeitherFilesNorProcess() throws Exception {
        Path parent = Files.createDirectory(directory.resolve("parent"));
        Path err = directory.resolve("err.txt");
        Process demo = CliProcess.start(CliProcess.command("demo", "--seconds", "50", "--dir", parent), err);
        try (BufferedReader lines = demo.inputReader(StandardCharsets.UTF_8)) {
            Matcher started = Pattern.compile("process (\\d+):").matcher("");
            String line = lines.readLine();
            while (line != null && !started.reset(line).find()) {
                line = lines.readLine();
            }
            assertThat(line).as("the line that names the child").isNotNull();
            ProcessHandle child =
                    ProcessHandle.of(Long.parseLong(started.group(1))).orElseThrow();
            CliProcess.signal(demo, "INT");

            assertThat(CliProcess.exitCode(demo)).isEqualTo(ExitCode.INTERRUPTED.number());
            assertThat(err).hasContent("");
            assertThat(child.onExit().get(10, TimeUnit.SECONDS).isAlive()).isFalse();
            try (Stream<Path> left = Files.list(parent)) {
                assertThat(left).isEmpty();
            }
        } finally {
            demo.destroyForcibly();
        }
    }

    @Test
    void directoryThatIsMissing_isToldAtOnce() {
        CliRun run = CliRun.of("demo", "--dir", directory.resolve("absent"));

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.out()).isEmpty();
    }
}
