package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code wal}, beside a jar that is already built, with a Java that prints what it is given. */
class LauncherTest {
    private static final String ECHOING_JAVA = """
            #!/usr/bin/env bash
            case $1 in
                -XshowSettings*) echo '    java.specification.version = 17' ;;
                *) cat && echo "arguments: ${*: -2}" ;;
            esac
            """;

    @TempDir
    Path directory;

    private Path err;

    @BeforeEach
    void aBuiltTree() throws IOException {
        err = directory.resolve("err.txt");
        Files.copy(Path.of("..", "wal"), directory.resolve("wal"));
        jar("recovery-tests", "recovery-tests-1.jar");
        jar("wal-core", "wal-core-1-tests.jar");
        jar("wal-server", "wal-server-1-all.jar");
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, ECHOING_JAVA);
        assertThat(java.toFile().setExecutable(true)).isTrue();
    }

    private void jar(String module, String name) throws IOException {
        Files.createFile(Files.createDirectories(directory.resolve(module + "/target/quick"))
                .resolve(name));
    }

    private String run(String line) throws IOException, InterruptedException {
        ProcessBuilder shell = new ProcessBuilder(List.of("bash", "-c", line));
        shell.environment().put("JAVA_HOME", directory.resolve("jdk").toString());
        Process process =
                shell.directory(directory.toFile()).redirectError(err.toFile()).start();
        process.getOutputStream().close();
        String out = CliProcess.allOf(process);
        assertThat(CliProcess.exitCode(process)).as(Files.readString(err)).isZero();
        return out;
    }

    @Test
    void standardInputIsClosed_commandReadsNothing() throws Exception {
        // Without it the first file that the JVM opens, one of its own, has the number of standard input, and was
        // appended.
        assertThat(run("bash wal produce a-0 <&-")).isEqualTo("arguments: produce a-0\n");
    }

    @Test
    void standardInput_reachesTheCommand() throws Exception {
        assertThat(run("printf 'one\\n' | bash wal produce a-0")).isEqualTo("one\narguments: produce a-0\n");
    }
}
