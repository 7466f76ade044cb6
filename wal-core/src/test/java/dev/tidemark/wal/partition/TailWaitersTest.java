package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TailWaitersTest {

    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final AtomicLong end = new AtomicLong();
    private final Queue<Runnable> handedOver = new ArrayDeque<>();
    private final TailWaiters waiters = new TailWaiters(end::get, handedOver::add);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void nobodyWaitsAnyMore() {
        threads.shutdownNow();
        assertThat(waiters.waiting()).isZero();
    }

    @Test
    void offsetBelowTheEnd_isThereAtOnce() throws Exception {
        end.set(5);

        assertThat(waiters.whenBeyond(4)).isCompletedWithValue(5L);
        assertThat(waiters.await(4, 0)).isTrue();
    }

    @Test
    void future_completesWhenTheEndGoesBeyondAndNotBefore() {
        CompletableFuture<Long> future = waiters.whenBeyond(4);

        advance(4);
        assertThat(future).isNotDone();
        assertThat(handedOver).isEmpty();
        advance(6);
        assertThat(future).as("dependents run where completions run").isNotDone();
        runHandedOver();
        assertThat(future).isCompletedWithValue(6L);
    }

    @Test
    void onlyThoseWhoseOffsetWasReached_areWoken() {
        CompletableFuture<Long> near = waiters.whenBeyond(1);
        CompletableFuture<Long> alsoNear = waiters.whenBeyond(1);
        CompletableFuture<Long> far = waiters.whenBeyond(10);

        advance(2);
        runHandedOver();

        assertThat(near).isCompletedWithValue(2L);
        assertThat(alsoNear).isCompletedWithValue(2L);
        assertThat(far).isNotDone();
        advance(11);
        runHandedOver();
        assertThat(far).isCompletedWithValue(11L);
    }

    @Test
    void futureThatItsHolderGivesUp_leavesNothingBehind() {
        CompletableFuture<Long> future = waiters.whenBeyond(4);
        assertThat(waiters.waiting()).isEqualTo(1);

        future.cancel(false);

        assertThat(waiters.waiting()).isZero();
    }

    @Test
    void thread_isWokenWhenTheEndGoesBeyond() throws Exception {
        Future<Boolean> waiting = waitInThread(4);

        advance(4);
        assertThat(waiting.isDone()).isFalse();
        advance(5);

        assertThat(waiting.get()).isTrue();
    }

    @Test
    void threadThatWaitsTooLong_isToldSo() throws Exception {
        assertThat(waiters.await(4, 1)).isFalse();
        assertThat(waiters.await(4, 0)).isFalse();
        assertThat(waiters.await(4, -1)).isFalse();
    }

    @Test
    void close_endsEveryWait() throws Exception {
        CompletableFuture<Long> future = waiters.whenBeyond(4);
        Future<Boolean> thread = waitInThread(4);
        UnavailableException reason = new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed");

        waiters.close(() -> reason);
        runHandedOver();

        assertThat(thread.get()).isFalse();
        assertThatThrownBy(future::join).isInstanceOf(CompletionException.class).hasCause(reason);
    }

    @Test
    void whoComesAfterTheClose_isToldWhy() {
        UnavailableException reason = new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed");
        end.set(3);
        waiters.close(() -> reason);

        assertThatThrownBy(() -> waiters.await(3, LONG_NANOS)).isSameAs(reason);
        assertThatThrownBy(() -> waiters.whenBeyond(3).join()).hasCause(reason);
        assertThat(waiters.whenBeyond(2)).as("what is readable stays readable").isCompletedWithValue(3L);
    }

    @Test
    void interrupt_endsTheWait() throws Exception {
        Future<Boolean> waiting = waitInThread(4);

        threads.shutdownNow();

        assertThatThrownBy(waiting::get).hasCauseInstanceOf(InterruptedException.class);
    }

    @Test
    void executorThatRefuses_leavesNoFutureOpen() {
        TailWaiters refused = new TailWaiters(end::get, task -> {
            throw new RejectedExecutionException();
        });
        CompletableFuture<Long> future = refused.whenBeyond(0);

        end.set(1);
        refused.advanced(1);

        assertThat(future).isCompletedWithValue(1L);
    }

    /** Threads and futures that come and go while the end moves one by one: each must be woken by the very move that reaches it. */
    @Test
    void noWakeUpIsLost() throws Exception {
        int moves = 20_000;
        TailWaiters shared = new TailWaiters(end::get, Runnable::run);
        List<Future<Integer>> readers = new ArrayList<>();
        Callable<Integer> byThread = () -> {
            int seen = 0;
            for (long next = 0; next < moves; next = end.get()) {
                assertThat(shared.await(next, LONG_NANOS)).isTrue();
                seen++;
            }
            return seen;
        };
        Callable<Integer> byFuture = () -> {
            int seen = 0;
            for (long next = 0; next < moves; ) {
                next = shared.whenBeyond(next).get(60, TimeUnit.SECONDS);
                seen++;
            }
            return seen;
        };
        for (int i = 0; i < 3; i++) {
            readers.add(threads.submit(byThread));
            readers.add(threads.submit(byFuture));
        }

        for (int i = 1; i <= moves; i++) {
            end.set(i);
            shared.advanced(i);
            Thread.yield();
        }

        for (Future<Integer> reader : readers) {
            assertThat(reader.get(60, TimeUnit.SECONDS)).isPositive();
        }
        assertThat(shared.waiting()).isZero();
    }

    private Future<Boolean> waitInThread(long offset) {
        int before = waiters.waiting();
        Future<Boolean> waiting = threads.submit(() -> waiters.await(offset, LONG_NANOS));
        while (waiters.waiting() == before) {
            Thread.onSpinWait();
        }
        return waiting;
    }

    private void advance(long newEnd) {
        end.set(newEnd);
        waiters.advanced(newEnd);
    }

    private void runHandedOver() {
        while (!handedOver.isEmpty()) {
            handedOver.remove().run();
        }
    }
}
