package dev.tidemark.soak;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.Console;
import dev.tidemark.cli.Main;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The soak command. {@code -Dtidemark.soak.seconds} says how long; the profile {@code nightly} lets it run for ten minutes. */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class SoakTest {

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(Object... args) {
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err, false, false, Map.of());
        List<String> words = new ArrayList<>(List.of("soak"));
        for (Object arg : args) {
            words.add(arg.toString());
        }
        int exitCode = Main.run(console, words.toArray(String[]::new));
        console.err().flush();
        return exitCode;
    }

    private String all() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void storeUnderLoad_holds() throws IOException {
        int exitCode = run("--dir", directory, "--seconds", Long.getLong("tidemark.soak.seconds", 3));

        all().lines()
                .filter(line -> line.contains("times opened"))
                .forEach(line -> System.out.println("soak: " + line));
        assertThat(exitCode).as(all()).isZero();
        assertThat(all()).contains("verdict: held").contains("times opened");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--seconds=-1", "--hours=721", "--partitions=0", "--threads=1000"})
    void wrongArgument_isNamed(String argument) {
        assertThat(run("--dir", directory, argument)).isEqualTo(2);
        assertThat(all()).startsWith("wal: USAGE ");
    }

    @Test
    void help_hasExamplesAndItsPlaceInTheDocument() throws IOException {
        assertThat(run("--help")).isZero();
        assertThat(all()).contains("Usage: wal soak", "Examples:");
        assertThat(Files.readString(Path.of("..", "docs", "cli.md"))).contains("## wal soak\n");
    }
}
