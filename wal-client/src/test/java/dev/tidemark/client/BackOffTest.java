package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class BackOffTest {

    @Test
    void firstAttempt_isMadeAtOnce() {
        assertThat(new BackOff(10, 100, new SplittableRandom(1)).nextNanos()).isZero();
    }

    @Test
    void ceilingDoubles_upToTheHighest() {
        // The largest draw shows the ceiling.
        RandomGenerator highest = new RandomGenerator() {
            @Override
            public long nextLong() {
                return -1;
            }

            @Override
            public long nextLong(long bound) {
                return bound - 1;
            }
        };
        BackOff backOff = new BackOff(10, 70, highest);
        for (long expected : new long[] {0, 10, 20, 40, 70, 70}) {
            assertThat(backOff.nextNanos()).isEqualTo(expected);
        }
        for (int i = 0; i < 200; i++) {
            assertThat(backOff.nextNanos()).isEqualTo(70);
        }
        backOff.succeeded();
        assertThat(backOff.nextNanos()).isZero();
        assertThat(backOff.nextNanos()).isEqualTo(10);
    }

    @Test
    void pauses_areSpreadEvenlyFromZeroToTheCeiling() {
        SplittableRandom random = new SplittableRandom(5);
        int below = 0;
        for (int i = 0; i < 10_000; i++) {
            BackOff backOff = new BackOff(1_000, 1_000, random);
            backOff.nextNanos();
            long pause = backOff.nextNanos();
            assertThat(pause).isBetween(0L, 1_000L);
            below += pause < 500 ? 1 : 0;
        }
        assertThat(below).isBetween(4_700, 5_300);
    }
}
