package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Threads;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Does the same to many things with a few threads that end when all is done.
 *
 * <p>A thread that meets an unexpected error ends, and the others do what is left; the first such error is kept. It has come to
 * its end when all of its threads have, however they did, so nobody waits for a thread that is not there any more.
 *
 * <p><b>Threads.</b> The action runs on threads of its own, so whoever waits can stop waiting while one of them hangs.
 *
 * <p><b>Ordering.</b> A thread notes its error before it counts itself as ended: who has seen all of them end sees the error.
 *
 * @param <T> the things
 */
final class Parallel<T> {
    private final ConcurrentLinkedQueue<T> left;
    private final Supplier<Consumer<T>> actions;
    private final CountDownLatch running;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    private Parallel(List<T> items, Supplier<Consumer<T>> actions, int threadCount) {
        left = new ConcurrentLinkedQueue<>(items);
        this.actions = actions;
        running = new CountDownLatch(threadCount);
    }

    /**
     * Begins.
     *
     * @param actions makes the action for one thread
     */
    static <T> Parallel<T> start(
            Threads threads, String name, int threadCount, List<T> items, Supplier<Consumer<T>> actions) {
        int wanted = Math.min(threadCount, items.size());
        Parallel<T> run = new Parallel<>(items, actions, wanted);
        for (int i = 0; i < wanted; i++) {
            try {
                threads.newThread(name + "-" + i, run::work).start();
            } catch (Throwable e) {
                // Fewer do it as well; without any, the error says why nothing was done.
                run.ended(e);
            }
        }
        return run;
    }

    /** Whether all threads have ended within that time. */
    boolean await(long maxNanos) throws InterruptedException {
        return running.await(maxNanos, TimeUnit.NANOSECONDS);
    }

    /** The first error that ended a thread. What it was doing may be done in part, and with the last thread things may be left. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    private void work() {
        @Nullable Throwable thrown = null;
        try {
            Consumer<T> action = actions.get();
            for (T item = left.poll(); item != null; item = left.poll()) {
                action.accept(item);
            }
        } catch (Throwable e) {
            thrown = e;
        } finally {
            ended(thrown);
        }
    }

    private void ended(@Nullable Throwable thrown) {
        failure.compareAndSet(null, thrown);
        running.countDown();
    }
}
