package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How much garbage an append leaves behind, in all threads together and in every way of appending. Measured on the real disk by
 * {@link HeapPerAppend}, in a JVM of its own: the build's follows every buffer with a stack trace and checks every assertion, and an
 * agent counts its branches.
 */
class HeapPerAppendTest {
    private static final int MOST_HEAP_BYTES = 200;

    @TempDir
    private Path temporary;

    @Test
    void appendInEveryWay_leavesLittleBehind() throws Exception {
        Map<String, Double> heapBytes = new LinkedHashMap<>();
        for (String line : measure(128, 1024, 16 << 10, 64 << 10, 256 << 10, 1 << 20)) {
            System.out.println("heap bytes per append: " + line);
            int end = line.lastIndexOf(' ');
            heapBytes.put(line.substring(0, end), Double.valueOf(line.substring(end + 1)));
        }
        assertThat(heapBytes).as("ways and payloads").hasSize(18);
        SoftAssertions.assertSoftly(all -> heapBytes.forEach((how, bytes) -> all.assertThat(bytes)
                .as("heap bytes of one append: %s", how)
                .isBetween(1.0, (double) MOST_HEAP_BYTES)));
    }

    /** What the program printed. */
    private List<String> measure(int... payloadBytes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                HeapPerAppend.class.getName(),
                temporary.resolve("data").toString()));
        for (int bytes : payloadBytes) {
            command.add(Integer.toString(bytes));
            command.add(Integer.toString(MOST_HEAP_BYTES));
        }
        Path printed = temporary.resolve("printed");
        Path errors = temporary.resolve("errors");
        Process program = new ProcessBuilder(command)
                .redirectOutput(printed.toFile())
                .redirectError(errors.toFile())
                .start();
        try {
            assertThat(program.waitFor(5, TimeUnit.MINUTES))
                    .as("the program ends")
                    .isTrue();
            assertThat(program.exitValue())
                    .as(() -> "exit of the program, which said: " + text(errors))
                    .isZero();
        } finally {
            program.destroyForcibly();
        }
        return text(printed).lines().filter(HeapPerAppendTest::isResult).toList();
    }

    /** A log may print into the same stream. */
    private static boolean isResult(String line) {
        return line.matches("[A-Z]+ \\d+ \\d+\\.\\d");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
