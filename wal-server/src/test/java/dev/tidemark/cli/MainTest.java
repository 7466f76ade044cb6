package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MainTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(args);
    }

    @Test
    void help_goesToStandardOutputAndSucceeds() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("Usage: wal");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void version_namesTheJavaItRunsOn() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).contains("wal ").contains(System.getProperty("java.version"));
    }

    @Test
    void withoutACommand_isAWrongCallAndShowsTheUsage() {
        assertThat(run()).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(err.toString()).contains("a command is missing").contains("Usage: wal");
    }
}
