package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * More partitions than the process may have open files, in a small heap, with the configuration that everybody gets: each is appended to, read and
 * trimmed, before and after a kill. Ten thousand of them have 64 MiB. {@code -Dtidemark.partitions} says how many, {@code -Dtidemark.descriptors} how many files.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ManyPartitionsTest {
    private static final int HEAP_MIB_BESIDE = 9;
    private static final long PARTITIONS_IN_A_MIB = 180;

    @Test
    void morePartitionsThanOpenFilesAllowed_areAppendedToReadAndRecovered() throws Exception {
        Tools.require("the test with a limit of open files", "bash");
        long partitions = StressBudget.number("tidemark.partitions", 3_000, 3_000, 10_000);
        long descriptors = StressBudget.number("tidemark.descriptors", 2_500, 2_500, 4_096);
        assertThat(partitions).isGreaterThan(descriptors);
        try (TestDirectory directory = TestDirectory.create()) {
            Path store = directory.resolve("store");
            List<String> report = new ArrayList<>();
            report.add(String.format("many partitions: %d with at most %d open files", partitions, descriptors));
            try {
                Process first = start(store, partitions, descriptors, "first");
                try {
                    assertThat(hear(first, ManyPartitionsChild.WRITTEN, report)).isTrue();
                    assertThat(limitOf(first)).as("the limit holds").isEqualTo(descriptors);
                } finally {
                    first.destroyForcibly().waitFor();
                }
                Process again = start(store, partitions, descriptors, "again");
                try {
                    assertThat(hear(again, ManyPartitionsChild.DONE, report)).isTrue();
                    assertThat(again.waitFor(60, TimeUnit.SECONDS))
                            .as("it ended")
                            .isTrue();
                    assertThat(again.exitValue()).isZero();
                } finally {
                    again.destroyForcibly().waitFor();
                }
            } finally {
                report.forEach(System.out::println);
            }
        }
    }

    private static Process start(Path store, long partitions, long descriptors, String what) throws IOException {
        long heapMiB = HEAP_MIB_BESIDE + partitions / PARTITIONS_IN_A_MIB;
        List<String> java = ChildJvm.command(
                heapMiB + "m",
                // Nearly all of it lives as long as the store does.
                Stream.concat(ChildJvm.SHORT_LIVED.stream(), Stream.of("-XX:MaxNewSize=6m"))
                        .toList(),
                ManyPartitionsChild.class.getName(),
                store.toString(),
                Long.toString(partitions),
                what);
        String quoted = java.stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
        return new ProcessBuilder("bash", "-c", "ulimit -n " + descriptors + " && exec " + quoted)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** What it says, until this word, which it says alone; whether it came to that. */
    private static boolean hear(Process child, String word, List<String> report) throws IOException {
        BufferedReader said =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.ISO_8859_1));
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.equals(word)) {
                return true;
            }
            report.add(line);
        }
        return false;
    }

    private static long limitOf(Process child) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(child.pid()), "limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .mapToLong(line -> Long.parseLong(line.split("\\s+")[3]))
                .findFirst()
                .orElseThrow();
    }
}
