package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How far a log's end went back since a reader looked last. */
class TruncationsTest {

    @Test
    void lowestEnd_isThatOfTheTruncationsSince() {
        Truncations truncations = new Truncations();
        assertThat(truncations.lowestSince(0)).isEqualTo(Truncations.NO_END);
        truncations.add(10);
        truncations.add(20);
        truncations.add(15);
        assertThat(truncations.count()).isEqualTo(3);
        assertThat(truncations.lowestSince(0)).isEqualTo(10);
        assertThat(truncations.lowestSince(1)).isEqualTo(15);
        assertThat(truncations.lowestSince(2)).isEqualTo(15);
        assertThat(truncations.lowestSince(3)).isEqualTo(Truncations.NO_END);
    }

    @Test
    void anyNumberOfTruncations_neverTellsAReaderTooLittle() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Truncations truncations = new Truncations();
        List<Long> ends = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            // Mostly rising, so that few of them stand for others.
            long end = i * 10L + random.nextInt(200);
            ends.add(end);
            truncations.add(end);
            for (int count = Math.max(0, i - 100); count <= i; count++) {
                long lowest = ends.subList(count, ends.size()).stream()
                        .mapToLong(Long::longValue)
                        .min()
                        .orElseThrow();
                assertThat(truncations.lowestSince(count))
                        .as("seed=%s count=%s of %s", seed, count, i)
                        .isLessThanOrEqualTo(lowest);
            }
            assertThat(truncations.lowestSince(i)).as("seed=%s", seed).isEqualTo(end);
            assertThat(truncations.lowestSince(i + 1)).isEqualTo(Truncations.NO_END);
        }
    }
}
