package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.io.Environment;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class QueueMemoryTest {
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        pool.shutdownNow();
        assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void nothingFree_callerWaitsUntilTheDeadlineAndIsSentAway() throws Exception {
        QueueMemory memory = memoryOf(100);
        assertThat(memory.take(100, soon(0))).isTrue();
        assertThat(memory.tryTake(1)).isFalse();
        assertThat(memory.take(1, soon(20))).isFalse();
        assertThat(memory.waitingCallers()).isZero();
        memory.give(100);
        assertThat(memory.tryTake(100)).isTrue();
    }

    @Test
    void moreThanThereEverIs_isRefusedAtOnce() throws Exception {
        assertThat(memoryOf(100).take(101, soon(60_000))).isFalse();
    }

    @Test
    void bytesAreGivenBack_theWaitingCallerGetsThem() throws Exception {
        QueueMemory memory = memoryOf(100);
        memory.take(60, soon(0));
        Future<Boolean> waiting = pool.submit(() -> memory.take(80, soon(60_000)));
        await().until(() -> memory.waitingCallers() == 1);
        memory.give(60);
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(memory.takenBytes()).isEqualTo(80);
        assertThat(memory.mostTakenBytes()).isEqualTo(80);
    }

    @Test
    void smallRequestBehindALargeOne_doesNotPassIt() throws Exception {
        QueueMemory memory = memoryOf(100);
        memory.take(50, soon(0));
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        Future<Boolean> large = pool.submit(() -> takeAndNote(memory, 90, "large", order));
        await().until(() -> memory.waitingCallers() == 1);
        assertThat(memory.tryTake(1)).as("there is room, but somebody waits").isFalse();
        Future<Boolean> small = pool.submit(() -> takeAndNote(memory, 20, "small", order));
        await().until(() -> memory.waitingCallers() == 2);
        // Room for either, never for both: the one that is let in first has noted it before the other one gets in.
        memory.give(50);
        assertThat(large.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(small.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly("large", "small");
    }

    @Test
    void firstInLineGivesUp_theNextOneIsServed() throws Exception {
        QueueMemory memory = memoryOf(100);
        memory.take(50, soon(0));
        Future<Boolean> large = pool.submit(() -> memory.take(90, soon(60_000)));
        await().until(() -> memory.waitingCallers() == 1);
        Future<Boolean> small = pool.submit(() -> memory.take(10, soon(60_000)));
        await().until(() -> memory.waitingCallers() == 2);
        large.cancel(true);
        assertThat(small.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void interruptedBeforeOrWhileItWaits_takesNothing() throws Exception {
        QueueMemory memory = memoryOf(100);
        memory.take(100, soon(0));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> memory.take(1, soon(60_000))).isInstanceOf(InterruptedException.class);
        assertThat(memory.takenBytes()).isEqualTo(100);
        assertThat(memory.waitingCallers()).isZero();
    }

    @Test
    void closed_whoWaitsIsSentAwayAndGivingBackStillWorks() throws Exception {
        QueueMemory memory = memoryOf(100);
        memory.take(100, soon(0));
        Future<Boolean> waiting = pool.submit(() -> memory.take(1, soon(60_000)));
        await().until(() -> memory.waitingCallers() == 1);
        memory.close();
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isFalse();
        memory.give(100);
        assertThat(memory.takenBytes()).isZero();
    }

    @Test
    void moreGivenThanTaken_isAnError() {
        assertThatThrownBy(() -> memoryOf(100).give(1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void manyTakeAndGive_neverMoreThanTheLimitAndNobodyIsLeftWaiting() throws Exception {
        long seed = System.nanoTime();
        QueueMemory memory = memoryOf(1_000);
        List<Callable<Integer>> workers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            SplittableRandom random = new SplittableRandom(seed + i);
            workers.add(() -> {
                int taken = 0;
                for (int n = 0; n < 3_000; n++) {
                    long bytes = 1 + random.nextInt(random.nextInt(10) == 0 ? 1_000 : 200);
                    if (memory.take(bytes, soon(60_000))) {
                        taken++;
                        assertThat(memory.takenBytes()).isLessThanOrEqualTo(1_000);
                        memory.give(bytes);
                    }
                }
                return taken;
            });
        }
        for (Future<Integer> worker : pool.invokeAll(workers)) {
            assertThat(worker.get()).as("seed=%d", seed).isEqualTo(3_000);
        }
        assertThat(memory.takenBytes()).isZero();
        assertThat(memory.mostTakenBytes()).isBetween(1L, 1_000L);
    }

    private static boolean takeAndNote(QueueMemory memory, long bytes, String name, List<String> order)
            throws InterruptedException {
        boolean taken = memory.take(bytes, soon(60_000));
        order.add(name);
        memory.give(bytes);
        return taken;
    }

    private static long soon(long millis) {
        return System.nanoTime() + Duration.ofMillis(millis).toNanos();
    }

    private static QueueMemory memoryOf(long bytes) {
        RankedLock lock = RankedLock.exclusive(
                LockRank.MEMORY,
                new SimpleMeterRegistry().timer("waits"),
                Environment.real().clock(),
                Duration.ofSeconds(30).toNanos());
        return new QueueMemory(bytes, Environment.real().clock(), lock);
    }
}
