package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Timers;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Has a store's retention applied again and again. There is one only where retention is configured: a store without wakes nobody.
 *
 * <p><b>Threads.</b> Any may stop it. The task runs on the timer's thread and hands its work on.
 *
 * <p><b>Ordering.</b> {@code isStopped} is set before the timer is cancelled and read after a new one was armed: one of the two threads cancels it.
 */
final class RetentionTimer {

    private final Timers timers;
    private final long intervalNanos;
    private final Runnable task;
    private final AtomicReference<Timers.@Nullable Cancellable> armed = new AtomicReference<>();
    private final AtomicBoolean isStopped = new AtomicBoolean();

    /** Begins at once; the task runs for the first time after one interval. */
    RetentionTimer(Timers timers, long intervalNanos, Runnable task) {
        this.timers = timers;
        this.intervalNanos = intervalNanos;
        this.task = task;
        arm();
    }

    private void arm() {
        armed.set(timers.schedule(this::due, intervalNanos));
        if (isStopped.get()) {
            cancel();
        }
    }

    private void due() {
        if (!isStopped.get()) {
            task.run();
            arm();
        }
    }

    void stop() {
        isStopped.set(true);
        cancel();
    }

    private void cancel() {
        Timers.Cancellable last = armed.getAndSet(null);
        if (last != null) {
            last.cancel();
        }
    }
}
