package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
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

    /** With these variables. */
    static CliRun with(Map<String, String> environment, Object... args) {
        return run(new byte[0], false, environment, args);
    }

    /** As on a terminal, with the environment of one. */
    static CliRun onTerminal(Map<String, String> environment, Object... args) {
        return run(new byte[0], true, environment, args);
    }

    /** On a terminal, by a person who types this. */
    static CliRun answering(String input, Object... args) {
        return run(input.getBytes(StandardCharsets.UTF_8), true, Map.of(), args);
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

    /**
     * A store with so many records of one line each, closed in order. There is no proof frame between them, however long the records take:
     * where each frame lies is known.
     */
    static Path store(Path directory, String partition, int records) {
        try (Wal wal = Wal.open(withoutProofs(directory))) {
            LocalPartition made = wal.partition(PartitionId.parse(partition));
            for (int i = 0; i < records; i++) {
                made.append(("value " + i).getBytes(StandardCharsets.UTF_8));
            }
        }
        return directory;
    }

    /** Frames that note what is durable are not added behind a test's back, after a tenth of a second. */
    static WalConfig withoutProofs(Path directory) {
        return WalConfig.builder(directory).proofDelay(Duration.ofHours(1)).build();
    }
}
