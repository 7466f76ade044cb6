package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command's arguments, its help, and its place in the documentation. */
class CrashTestCommandTest {

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--seconds 0 | --seconds=0",
                "--seconds NaN | --seconds=NaN",
                "--kills 0 | --kills=0",
                "--tests kill,fire | --tests=fire",
                "--patience 0 | --patience=0",
                "--witness nobody | --witness=nobody",
                "--witness host:0 | --witness=host:0",
                "--witness localhost:1 --tests damage | --tests=damage",
                "--run 12 | --run=12",
                "--check | --witness HOST:PORT is missing",
                "--check --witness localhost:1 | no run was kept here",
                "--check --witness localhost:1 --run x | --run=x",
                "--witness-listen 70000 | --witness-listen=70000",
                "--nonsense | Unknown option",
            })
    void wrongArgument_isNamed(String arguments, String named) {
        CrashTestRun run = CrashTestRun.of(withDirectory(arguments));

        assertThat(run.exitCode()).as(run.all()).isEqualTo(2);
        assertThat(run.err()).startsWith("wal: USAGE ").contains(named);
    }

    private Object[] withDirectory(String arguments) {
        return ("--dir " + directory + ' ' + arguments).split(" ");
    }

    @Test
    void missingDirectory_isNamedAndNotMade() {
        CrashTestRun run = CrashTestRun.of("--dir", directory.resolve("absent"));

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("FILE_UNKNOWN no such directory: --dir=");
        assertThat(directory.resolve("absent")).doesNotExist();
    }

    @Test
    void missingClassPath_isNamed() {
        CrashTestRun run = CrashTestRun.of("--dir", directory, "--classpath", "absent.jar");

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("FILE_UNKNOWN no such file or directory: --classpath=absent.jar");
    }

    @Test
    void unknownAdapter_isNamed() {
        CrashTestRun run = CrashTestRun.of("--dir", directory, "--adapter", "com.example.Absent");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("ADAPTER_UNKNOWN no such adapter: --adapter=com.example.Absent");
    }

    @Test
    void witnessThatIsNotThere_isNamed() {
        CrashTestRun run = CrashTestRun.of("--dir", directory, "--witness", "localhost:1");

        assertThat(run.exitCode()).as(run.all()).isEqualTo(12);
        assertThat(run.err()).contains("WITNESS_FAILED ", "--witness-listen");
    }

    @Test
    void help_hasExamplesAndExitCodes() {
        CrashTestRun run = CrashTestRun.of("--help");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Usage: wal crash-test", "Exit codes:", "Examples:", "  wal crash-test --dir");
    }

    @Test
    void everyOption_isInTheDocument() throws IOException {
        String section = Files.readString(Path.of("..", "docs", "cli.md"));
        assertThat(section).contains("## wal crash-test\n");
        section = section.substring(section.indexOf("## wal crash-test\n"));

        assertThat(section)
                .contains(
                        "--dir",
                        "--seconds",
                        "--kills",
                        "--tests",
                        "--seed",
                        "--json",
                        "--keep",
                        "--adapter",
                        "--classpath",
                        "--java-option",
                        "--patience",
                        "--witness ",
                        "--check",
                        "--run",
                        "--witness-listen");
    }
}
