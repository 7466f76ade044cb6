package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A process that has less direct memory than its store's append queue may take: what does not fit is refused, in words, and everything else is as it
 * always is. {@code -Dtidemark.pressure.seconds} says for how long.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class MemoryPressureTest {
    private final long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));

    @Test
    void directMemoryThatIsNearlyExhausted_isAClearRefusalAndLosesNothing() throws Exception {
        long seconds = StressBudget.number("tidemark.pressure.seconds", 2, 2, 60);
        try (TestDirectory directory = TestDirectory.create()) {
            List<String> command = ChildJvm.command(
                    "256m",
                    List.of("-XX:MaxDirectMemorySize=32m", "-XX:+UseSerialGC", "-XX:-UsePerfData"),
                    MemoryPressureProgram.class.getName(),
                    directory.resolve("store").toString(),
                    Long.toString(seconds),
                    Long.toString(seed));
            Path said = directory.resolve("said");
            Process program = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            try {
                assertThat(program.waitFor(20, TimeUnit.MINUTES))
                        .as("ended, seed %d", seed)
                        .isTrue();
            } finally {
                program.destroyForcibly();
            }
            List<String> lines = Files.readAllLines(said, StandardCharsets.UTF_8);
            assertThat(program.exitValue())
                    .as("seed %d, it said: %s", seed, String.join("\n", lines))
                    .isZero();
            String[] result = lines.stream()
                    .filter(line -> line.startsWith("RESULT "))
                    .findFirst()
                    .orElseThrow()
                    .split(" ");
            System.out.printf("memory pressure: %s acknowledged, %s refused, seed %d%n", result[1], result[2], seed);
            assertThat(Long.parseLong(result[1])).as("acknowledged").isPositive();
            assertThat(Long.parseLong(result[2])).as("refused").isPositive();
        }
    }
}
