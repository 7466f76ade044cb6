package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.Main;
import dev.tidemark.stress.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C, which only a process of its own can show. */
class InterruptedTest {
    private static final int MOST_SECONDS = 100;

    @TempDir
    Path directory;

    @Test
    void interrupt_endsItAndLeavesNothing() throws Exception {
        // A build that a shell runs in the background ignores Ctrl-C, and so would every process that it starts.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.addAll(ChildJvm.command(
                "128m",
                List.of("-XX:TieredStopAtLevel=1"),
                Main.class.getName(),
                "crash-test",
                "--dir",
                directory.toString(),
                "--tests",
                "kill",
                "--seconds",
                "600"));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).startsWith("crash test of tidemark, seed ");
            // The guard stands before the first process is started.
            awaitAChild(process);
            interrupt(process);

            assertThat(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(130);
            assertThat(out.lines()).isEmpty();
        } finally {
            process.destroyForcibly();
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    private static void awaitAChild(Process process) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
        while (process.descendants().findAny().isEmpty()) {
            assertThat(System.nanoTime()).as("a child was started").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    private static void interrupt(Process process) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        assertThat(kill.waitFor(MOST_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).isZero();
    }
}
