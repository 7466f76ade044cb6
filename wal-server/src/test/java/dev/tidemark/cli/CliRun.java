package dev.tidemark.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One command, run in this JVM with streams of its own.
 *
 * @param exitCode how it ended
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record CliRun(int exitCode, String out, String err) {

    static CliRun of(Object... args) {
        return withInput(new byte[0], args);
    }

    static CliRun withInput(String input, Object... args) {
        return withInput(input.getBytes(StandardCharsets.UTF_8), args);
    }

    static CliRun withInput(byte[] input, Object... args) {
        return run(input, false, Map.of(), args);
    }

    /** As on a terminal, with the environment of one. */
    static CliRun onTerminal(Map<String, String> environment, Object... args) {
        return run(new byte[0], true, environment, args);
    }

    private static CliRun run(byte[] input, boolean isTerminal, Map<String, String> environment, Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(input), out, err, isTerminal, isTerminal, environment);
        String[] texts = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        int exitCode = Main.run(console, texts);
        console.err().flush();
        return new CliRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    List<String> outLines() {
        return out.lines().toList();
    }

    /** A store with so many records of one line each, closed in order. */
    static Path store(Path directory, String partition, int records) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < records; i++) {
            lines.append("value ").append(i).append('\n');
        }
        CliRun run = withInput(lines.toString(), "produce", "--data", directory, partition);
        if (run.exitCode != 0) {
            throw new AssertionError("store could not be made: " + run);
        }
        return directory;
    }
}
