package dev.tidemark.benchmarks.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.LocalPartition;
import java.lang.reflect.Proxy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class LoadTest {
    private static final Point ONE_THAT_WAITS = new Point("producers", 16, 1, 1, 1, 0, 0);

    /** A partition whose first append takes so long, and the others no time. */
    private static LocalPartition[] firstAppendTakes(long nanos, AtomicLong appends) {
        LocalPartition partition = (LocalPartition) Proxy.newProxyInstance(
                LoadTest.class.getClassLoader(), new Class<?>[] {LocalPartition.class}, (self, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("append");
                    long began = System.nanoTime();
                    long offset = appends.getAndIncrement();
                    while (offset == 0 && System.nanoTime() - began < nanos) {
                        LockSupport.parkNanos(nanos - (System.nanoTime() - began));
                    }
                    return offset;
                });
        return new LocalPartition[] {partition};
    }

    @Test
    void atARate_aStallIsFeltByAllAppendsThatWereToBeginMeanwhile() throws InterruptedException {
        AtomicLong appends = new AtomicLong();
        Load load = new Load(firstAppendTakes(TimeUnit.MILLISECONDS.toNanos(100), appends), ONE_THAT_WAITS);

        Load.Outcome outcome = load.run(0.2, 1 << 20, 1000);

        // One was to begin every millisecond. Those of the first 50 had to wait for 50 ms at least, on however slow a
        // machine.
        assertThat(outcome.appends()).isEqualTo(200).isEqualTo(appends.get());
        long late = outcome.latencies()
                .getCountBetweenValues(TimeUnit.MILLISECONDS.toNanos(48), TimeUnit.MINUTES.toNanos(1));
        assertThat(late).isGreaterThanOrEqualTo(50);
    }

    @Test
    void asFastAsItGoes_onlyTheAppendThatStalledIsSlow() throws InterruptedException {
        AtomicLong appends = new AtomicLong();
        Load load = new Load(firstAppendTakes(TimeUnit.MILLISECONDS.toNanos(100), appends), ONE_THAT_WAITS);

        Load.Outcome outcome = load.run(60, 16 * 1000, 0);

        assertThat(outcome.appends()).isEqualTo(1000).isEqualTo(appends.get());
        assertThat(outcome.latencies().getMaxValue()).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(99));
        assertThat(outcome.latencies().getTotalCount()).isEqualTo(1000);
    }
}
