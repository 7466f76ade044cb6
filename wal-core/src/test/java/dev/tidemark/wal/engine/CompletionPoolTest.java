package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.MetricNames;
import dev.tidemark.wal.metrics.StoreMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CompletionPoolTest {
    private static final long SOON = TimeUnit.SECONDS.toNanos(30);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @Test
    void tasksOfOneStripe_runInOrderHoweverManyHandIn() throws Exception {
        runsInOrder(pool(Optional.empty()));
        runsInOrder(pool(Optional.of(Runnable::run)));
    }

    private static void runsInOrder(CompletionPool pool) throws Exception {
        int stripes = 16;
        int tasks = 2_000;
        List<List<Integer>> seen = new ArrayList<>();
        for (int stripe = 0; stripe < stripes; stripe++) {
            seen.add(new ArrayList<>());
        }
        List<Thread> threads = new ArrayList<>();
        for (int worker = 0; worker < 4; worker++) {
            int first = worker;
            Thread thread = new Thread(() -> {
                for (int task = 0; task < tasks; task++) {
                    for (int stripe = first; stripe < stripes; stripe += 4) {
                        int number = task;
                        List<Integer> list = seen.get(stripe);
                        pool.execute(stripe, () -> list.add(number));
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join(60_000);
        }
        assertThat(pool.close(SOON)).isTrue();
        for (List<Integer> list : seen) {
            assertThat(list).hasSize(tasks).isSorted();
        }
    }

    @Test
    void taskThatThrows_isCountedAndTheNextOnesRun() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        AtomicInteger ran = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            pool.execute(3, () -> {
                ran.incrementAndGet();
                throw new AssertionError("planted");
            });
        }
        assertThat(pool.close(SOON)).isTrue();
        assertThat(ran).hasValue(10);
        assertThat(registry.get(MetricNames.COMPLETION_FAILED.meterName())
                        .counter()
                        .count())
                .isEqualTo(10);
    }

    @Test
    void taskThatBlocks_doesNotHoldUpTheOtherStripes() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        CountDownLatch mayGoOn = new CountDownLatch(1);
        CountDownLatch others = new CountDownLatch(50);
        pool.execute(0, () -> awaitQuietly(mayGoOn));
        // Of a hundred neighbours few share the lane of the one that blocks.
        for (int stripe = 1; stripe <= 100; stripe++) {
            pool.execute(stripe, others::countDown);
        }
        assertThat(others.await(30, TimeUnit.SECONDS)).isTrue();
        mayGoOn.countDown();
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void callersExecutor_doesTheRunning() throws Exception {
        Queue<Runnable> handed = new ConcurrentLinkedQueue<>();
        CompletionPool pool = pool(Optional.of(handed::add));
        List<Integer> seen = new ArrayList<>();
        pool.execute(1, () -> seen.add(1));
        pool.execute(1, () -> seen.add(2));
        assertThat(handed).as("one task for both").hasSize(1);
        assertThat(seen).isEmpty();
        handed.remove().run();
        assertThat(seen).containsExactly(1, 2);
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void callersExecutorRefuses_theStoreRunsIt() throws Exception {
        Executor refusing = task -> {
            throw new RejectedExecutionException("stopped");
        };
        CompletionPool pool = pool(Optional.of(refusing));
        CountDownLatch ran = new CountDownLatch(1);
        pool.execute(1, ran::countDown);
        assertThat(ran.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void callersExecutorThrowsAnError_whoHandsInIsNotHurtAndTheStoreRunsIt() throws Exception {
        Executor broken = task -> {
            throw new StackOverflowError("planted");
        };
        CompletionPool pool = pool(Optional.of(broken));
        CountDownLatch ran = new CountDownLatch(1);
        pool.execute(1, ran::countDown);
        assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void callersExecutorDropsATaskWithoutAWord_closingRunsItOnce() throws Exception {
        Queue<Runnable> dropped = new ConcurrentLinkedQueue<>();
        CompletionPool pool = pool(Optional.of(dropped::add));
        AtomicInteger ran = new AtomicInteger();
        pool.execute(1, ran::incrementAndGet);
        assertThat(pool.close(SOON)).isTrue();
        assertThat(ran).hasValue(1);
        dropped.remove().run();
        assertThat(ran).as("the late one finds nothing").hasValue(1);
    }

    @Test
    void handedInAfterClose_stillRuns() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        assertThat(pool.close(SOON)).isTrue();
        AtomicInteger ran = new AtomicInteger();
        pool.execute(1, ran::incrementAndGet);
        assertThat(ran).hasValue(1);
    }

    @Test
    void taskWaitsForOneBehindIt_closingRunsThatBesideIt() throws Exception {
        closingRunsWhatWaitsBehind(Optional.empty());
        ExecutorService callers = Executors.newCachedThreadPool();
        closingRunsWhatWaitsBehind(Optional.of(callers));
        callers.shutdown();
    }

    private void closingRunsWhatWaitsBehind(Optional<Executor> callers) throws Exception {
        CompletionPool pool = pool(callers);
        CountDownLatch behind = new CountDownLatch(1);
        CompletableFuture<Boolean> before = new CompletableFuture<>();
        pool.execute(1, () -> before.complete(awaitForGood(behind)));
        pool.execute(1, behind::countDown);
        assertThat(pool.close(1)).isFalse();
        assertThat(before.get(60, TimeUnit.SECONDS)).isTrue();
        await().atMost(60, TimeUnit.SECONDS).until(() -> pool.waiting() == 0);
    }

    @Test
    void manyTasksWaitForTheLastOne_closingGetsAllOfThemOut() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        CountDownLatch last = new CountDownLatch(1);
        List<CompletableFuture<Boolean>> before = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            CompletableFuture<Boolean> waits = new CompletableFuture<>();
            before.add(waits);
            pool.execute(1, () -> waits.complete(awaitForGood(last)));
        }
        pool.execute(1, last::countDown);
        assertThat(pool.close(1)).isFalse();
        for (CompletableFuture<Boolean> waits : before) {
            assertThat(waits.get(60, TimeUnit.SECONDS)).isTrue();
        }
        await().atMost(60, TimeUnit.SECONDS).until(() -> pool.waiting() == 0);
    }

    @Test
    void taskClosesThePool_itIsNotWaitedFor() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        CompletableFuture<Boolean> hasAllRun = new CompletableFuture<>();
        CountDownLatch behind = new CountDownLatch(1);
        pool.execute(1, () -> {
            try {
                hasAllRun.complete(pool.close(TimeUnit.HOURS.toNanos(1)));
            } catch (InterruptedException e) {
                hasAllRun.completeExceptionally(e);
            }
        });
        pool.execute(1, behind::countDown);
        assertThat(hasAllRun.get(60, TimeUnit.SECONDS)).isFalse();
        assertThat(behind.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closing_waitsForWhatACallersExecutorRuns() throws Exception {
        ExecutorService callers = Executors.newSingleThreadExecutor();
        CompletionPool pool = pool(Optional.of(callers));
        CountDownLatch isClosing = new CountDownLatch(1);
        AtomicInteger ran = new AtomicInteger();
        pool.execute(1, () -> {
            awaitForGood(isClosing);
            ran.incrementAndGet();
        });
        isClosing.countDown();
        assertThat(pool.close(SOON)).isTrue();
        assertThat(ran).hasValue(1);
        callers.shutdown();
    }

    @Test
    void outcomeComesLaterToALaneThatHangs_itIsToldAllTheSame() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        CountDownLatch mayEnd = new CountDownLatch(1);
        pool.execute(1, () -> awaitForGood(mayEnd));
        assertThat(pool.close(1)).isFalse();
        // The first ones may meet who still runs what was there when the pool was closed.
        for (int i = 0; i < 50; i++) {
            CountDownLatch late = new CountDownLatch(1);
            pool.execute(1, late::countDown);
            assertThat(late.await(60, TimeUnit.SECONDS)).isTrue();
        }
        mayEnd.countDown();
    }

    @Test
    void veryManyWaitWhileThePoolCloses_theyAreRunOneAfterTheOther() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        CountDownLatch isClosed = new CountDownLatch(1);
        pool.execute(1, () -> awaitForGood(isClosed));
        int tasks = 1_000_000;
        AtomicInteger ran = new AtomicInteger();
        for (int i = 0; i < tasks; i++) {
            pool.execute(1, ran::incrementAndGet);
        }
        // The store's own threads take nothing more now, which must not make a lane call itself.
        Thread closing = new Thread(() -> closeQuietly(pool));
        closing.start();
        await().atMost(60, TimeUnit.SECONDS).until(() -> pool.waiting() == tasks + 2);
        await().atMost(60, TimeUnit.SECONDS).until(() -> closing.getState() == Thread.State.TIMED_WAITING);
        isClosed.countDown();
        closing.join(60_000);
        assertThat(ran).hasValue(tasks);
    }

    private static void closeQuietly(CompletionPool pool) {
        try {
            pool.close(SOON);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void handingInRacesTheEndOfALane_nothingIsLeftBehind() throws Exception {
        CompletionPool pool = pool(Optional.empty());
        AtomicInteger ran = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(2);
        int rounds = 5_000;
        Thread other = new Thread(() -> handInRepeatedly(pool, start, ran, rounds));
        other.start();
        handInRepeatedly(pool, start, ran, rounds);
        other.join(60_000);
        await().until(() -> ran.get() == 2 * rounds);
        assertThat(pool.waiting()).isZero();
        assertThat(pool.close(SOON)).isTrue();
    }

    private static void handInRepeatedly(CompletionPool pool, CyclicBarrier start, AtomicInteger ran, int rounds) {
        try {
            start.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        for (int i = 0; i < rounds; i++) {
            pool.execute(9, ran::incrementAndGet);
        }
    }

    private CompletionPool pool(Optional<Executor> callers) {
        return new CompletionPool(Environment.real(), callers, new StoreMeters(registry, "test"));
    }

    private static boolean awaitForGood(CountDownLatch latch) {
        try {
            latch.await();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
