package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Threads;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Does the same to many things with a few threads that end when all is done.
 *
 * <p><b>Threads.</b> The action runs on threads of its own, so whoever waits can stop waiting while one of them hangs.
 *
 * @param <T> the things
 */
final class Parallel<T> {
    private final ConcurrentLinkedQueue<T> left;
    private final Supplier<Consumer<T>> actions;
    private final CountDownLatch done;

    private Parallel(List<T> items, Supplier<Consumer<T>> actions) {
        left = new ConcurrentLinkedQueue<>(items);
        this.actions = actions;
        done = new CountDownLatch(items.size());
    }

    /**
     * Begins.
     *
     * @param actions makes the action for one thread; what it makes must not throw
     */
    static <T> Parallel<T> start(
            Threads threads, String name, int threadCount, List<T> items, Supplier<Consumer<T>> actions) {
        Parallel<T> run = new Parallel<>(items, actions);
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
        Consumer<T> action = actions.get();
        for (T item = left.poll(); item != null; item = left.poll()) {
            try {
                action.accept(item);
            } finally {
                done.countDown();
            }
        }
    }
}
