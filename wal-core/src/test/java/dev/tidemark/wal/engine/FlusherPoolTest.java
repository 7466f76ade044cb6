package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tidemark.wal.io.Environment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FlusherPoolTest {
    private static final long SOON = TimeUnit.SECONDS.toNanos(30);

    @Test
    void turns_runFirstInFirstOut() throws Exception {
        FlusherPool pool = new FlusherPool(Environment.real(), 1);
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            pool.submit(() -> order.add(number));
        }
        assertThat(pool.close(SOON)).isTrue();
        assertThat(order).hasSize(1_000).isSorted();
    }

    @Test
    void turns_runBesideEachOtherOnNamedDaemons() throws Exception {
        FlusherPool pool = new FlusherPool(Environment.real(), 3);
        CyclicBarrier together = new CyclicBarrier(3);
        Set<String> names = ConcurrentHashMap.newKeySet();
        AtomicInteger daemons = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            pool.submit(() -> {
                await(together);
                names.add(Thread.currentThread().getName());
                daemons.addAndGet(Thread.currentThread().isDaemon() ? 1 : 0);
            });
        }
        assertThat(pool.close(SOON)).isTrue();
        assertThat(names).containsExactlyInAnyOrder("wal-flusher-0", "wal-flusher-1", "wal-flusher-2");
        assertThat(daemons).hasValue(3);
    }

    @Test
    void turnThatThrows_doesNotEndThePool() throws Exception {
        FlusherPool pool = new FlusherPool(Environment.real(), 1);
        CountDownLatch ran = new CountDownLatch(1);
        pool.submit(() -> {
            throw new AssertionError("planted");
        });
        pool.submit(ran::countDown);
        assertThat(ran.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void turnHangs_closeReturnsAtItsDeadline() throws Exception {
        FlusherPool pool = new FlusherPool(Environment.real(), 1);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        pool.submit(() -> {
            try {
                mayGoOn.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(pool.close(1_000_000)).isFalse();
        mayGoOn.countDown();
        assertThat(pool.close(SOON)).isTrue();
    }

    @Test
    void submittedAfterClose_isDroppedWithoutAnError() throws Exception {
        FlusherPool pool = new FlusherPool(Environment.real(), 1);
        pool.close(SOON);
        assertThatCode(() -> pool.submit(() -> {})).doesNotThrowAnyException();
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
