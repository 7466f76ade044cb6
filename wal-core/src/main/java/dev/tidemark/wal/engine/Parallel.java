package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Threads;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Does the same to many things with a few threads that end when all is done.
 *
 * <p><b>Threads.</b> The action runs on threads of its own, so whoever waits can stop waiting while one of them hangs.
 *
 * @param <T> the things
 */
final class Parallel<T> {
    private final ConcurrentLinkedQueue<T> left;
    private final Consumer<T> action;
    private final CountDownLatch done;

    private Parallel(List<T> items, Consumer<T> action) {
        left = new ConcurrentLinkedQueue<>(items);
        this.action = action;
        done = new CountDownLatch(items.size());
    }

    /** Begins; the action must not throw. */
    static <T> Parallel<T> start(Threads threads, String name, int threadCount, List<T> items, Consumer<T> action) {
        Parallel<T> run = new Parallel<>(items, action);
        for (int i = 0; i < Math.min(threadCount, items.size()); i++) {
            threads.newThread(name + "-" + i, run::work).start();
        }
        return run;
    }

    /** Whether all are done within that time. */
    boolean await(long maxNanos) throws InterruptedException {
        return done.await(maxNanos, TimeUnit.NANOSECONDS);
    }

    private void work() {
        for (T item = left.poll(); item != null; item = left.poll()) {
            try {
                action.accept(item);
            } finally {
                done.countDown();
            }
        }
    }
}
