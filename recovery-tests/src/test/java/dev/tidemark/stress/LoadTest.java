package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Producers, readers, rotation, trimming and retention at once, in a process with little memory that follows every buffer: nothing is lost, doubled or
 * out of order, nobody waits for another in a ring, no producer starves, and a closed store has given everything back. {@code
 * -Dtidemark.load.seconds} says how long each of the two openings of a run lasts.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class LoadTest {
    private static final int PRODUCERS = 64;
    /** No producer may get less of the average. */
    private static final double LEAST_SHARE = 0.1;

    private final long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
    private final long seconds = StressBudget.number("tidemark.load.seconds", 1, 1, 40);

    private record Result(long acknowledged, long read, long refused, long trims, double smallestShare) {}

    @Test
    void onePartitionForAllWhoWait_losesNothingAndStarvesNobody() throws Exception {
        assertGood(run(LoadProgram.How.WAITING, 1));
    }

    @Test
    void onePartitionForAllWhoDoNotWait_losesNothingAndStarvesNobody() throws Exception {
        assertGood(run(LoadProgram.How.ASYNC, 1));
    }

    @Test
    void manyPartitions_loseNothingAndStarveNobody() throws Exception {
        assertGood(run(LoadProgram.How.ASYNC, 256));
        if (StressBudget.present() == StressBudget.LONG) {
            assertGood(run(LoadProgram.How.WAITING, 256));
        }
    }

    /** A deadline of a millisecond for every lock: callers meet it and are refused, and what is refused is not in the log. */
    @Test
    void deadlinesOfLocksThatAreMet_refuseAndLoseNothing() throws Exception {
        Result result = run(LoadProgram.How.HURRIED, 1);
        assertThat(result.acknowledged).isPositive();
        assertThat(result.refused).as("refused for a lock").isPositive();
    }

    private static void assertGood(Result result) {
        assertThat(result.acknowledged).isPositive();
        assertThat(result.read).isPositive();
        assertThat(result.refused).as("refused for a lock").isZero();
        assertThat(result.smallestShare)
                .as("smallest share of a producer, of the average")
                .isGreaterThanOrEqualTo(LEAST_SHARE);
    }

    private Result run(LoadProgram.How how, int partitions) throws IOException, InterruptedException {
        try (TestDirectory directory = TestDirectory.create()) {
            List<String> command = ChildJvm.command(
                    "96m",
                    List.of(
                            "-XX:MaxDirectMemorySize=128m",
                            "-XX:+UseSerialGC",
                            "-Dio.netty.leakDetection.level=paranoid"),
                    LoadProgram.class.getName(),
                    directory.resolve("store").toString(),
                    how.name(),
                    Integer.toString(partitions),
                    Integer.toString(PRODUCERS),
                    Long.toString(seconds),
                    Long.toString(seed));
            Path said = directory.resolve("said");
            Process program = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            try {
                assertThat(program.waitFor(3 * seconds + 600, TimeUnit.SECONDS))
                        .as("ended, seed %d", seed)
                        .isTrue();
            } finally {
                program.destroyForcibly();
            }
            List<String> lines = Files.readAllLines(said, StandardCharsets.UTF_8);
            lines.stream().filter(line -> line.startsWith("load: ")).forEach(System.out::println);
            assertThat(program.exitValue())
                    .as("seed %d, it said: %s", seed, String.join("\n", lines))
                    .isZero();
            assertThat(lines).as("leaked buffers").noneMatch(line -> line.contains("LEAK"));
            return result(lines);
        }
    }

    private static Result result(List<String> lines) {
        String[] parts = lines.stream()
                .filter(line -> line.startsWith("RESULT "))
                .findFirst()
                .orElseThrow()
                .split(" ");
        return new Result(
                Long.parseLong(parts[1]),
                Long.parseLong(parts[2]),
                Long.parseLong(parts[3]),
                Long.parseLong(parts[4]),
                Double.parseDouble(parts[5]));
    }
}
