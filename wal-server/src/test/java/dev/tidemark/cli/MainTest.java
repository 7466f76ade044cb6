package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {

    @TempDir
    Path directory;

    @Test
    void help_goesToStandardOutputAndSucceeds() {
        CliRun run = CliRun.of("--help");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Usage: wal");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void version_namesTheJavaItRunsOn() {
        CliRun run = CliRun.of("--version");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("wal ").contains(System.getProperty("java.version"));
    }

    @Test
    void withoutACommand_isAWrongCallAndPointsToTheHelp() {
        CliRun run = CliRun.of();

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("wal: USAGE a command is missing").contains("wal --help");
    }

    @Test
    void misspelledCommand_isAWrongCallAndNamesTheNearest() {
        CliRun run = CliRun.of("fetc");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("wal: USAGE ").contains("wal fetch");
    }

    @Test
    void error_isOneLineAndAHint() {
        CliRun run = CliRun.of("stat", "--data", directory.resolve("absent"));

        assertThat(run.err().lines()).hasSize(2);
        assertThat(run.err())
                .startsWith("wal: STORE_UNKNOWN no such directory: directory=")
                .doesNotContain("\tat ");
    }

    @Test
    void errorWithStacktrace_saysWhereItHappened() {
        CliRun run = CliRun.of("stat", "--data", directory.resolve("absent"), "--stacktrace");

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("\tat dev.tidemark.cli.");
    }

    @Test
    void errorOnATerminal_isColoured() {
        Object[] call = {"stat", "--data", directory.resolve("absent")};

        assertThat(CliRun.onTerminal(Map.of("TERM", "xterm"), call).err()).contains("\u001b[31m");
        assertThat(CliRun.onTerminal(Map.of("TERM", "xterm", "NO_COLOR", "1"), call)
                        .err())
                .doesNotContain("\u001b");
        assertThat(CliRun.onTerminal(Map.of("TERM", "dumb"), call).err()).doesNotContain("\u001b");
        assertThat(CliRun.of(call).err()).doesNotContain("\u001b");
    }
}
