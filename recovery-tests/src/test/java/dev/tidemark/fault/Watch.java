package dev.tidemark.fault;

import java.util.Arrays;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Ends runs that hang. In a run nothing waits for real time, so one that lasts a minute waits for somebody who does not come.
 *
 * <p><b>Threads.</b> Any.
 */
final class Watch implements AutoCloseable {
    private static final long LONGEST_SECONDS = 90;

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "fault-watch");
        thread.setDaemon(true);
        return thread;
    });

    boolean over(FaultPlan plan, BooleanSupplier run) {
        Thread runner = Thread.currentThread();
        AtomicReference<String> hung = new AtomicReference<>("");
        ScheduledFuture<?> alarm = timer.schedule(
                () -> {
                    hung.set(Arrays.stream(runner.getStackTrace())
                            .map(frame -> "\n    at " + frame)
                            .collect(Collectors.joining()));
                    runner.interrupt();
                },
                LONGEST_SECONDS,
                TimeUnit.SECONDS);
        try {
            return run.getAsBoolean();
        } finally {
            alarm.cancel(false);
            if (!hung.get().isEmpty()) {
                System.out.println("hung: " + plan + hung.get());
            }
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
