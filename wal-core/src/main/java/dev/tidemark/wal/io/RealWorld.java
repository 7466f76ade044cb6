package dev.tidemark.wal.io;

import java.security.SecureRandom;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The real clock, timers, threads and randomness of this process; one of each is enough.
 *
 * <p><b>Threads.</b> Any. The only thread here, {@code wal-timer}, is started by the first scheduled task and ends when
 * there has been none for a while, so nothing is left behind and nothing needs to be closed.
 */
final class RealWorld {

    private static final long TIMER_IDLE_SECONDS = 10;

    static final Threads THREADS = (name, task) -> {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    };

    static final Environment ENVIRONMENT =
            new Environment(new RealDisk(), new RealClock(), new RealTimers(THREADS), THREADS, new SecureRandom());

    private RealWorld() {}

    private static final class RealClock implements Clock {
        @Override
        public long millis() {
            return System.currentTimeMillis();
        }

        @Override
        public long nanos() {
            return System.nanoTime();
        }
    }

    private static final class RealTimers implements Timers {
        private final ScheduledThreadPoolExecutor executor;

        RealTimers(Threads threads) {
            executor = new ScheduledThreadPoolExecutor(1, task -> threads.newThread("wal-timer", task));
            executor.setKeepAliveTime(TIMER_IDLE_SECONDS, TimeUnit.SECONDS);
            executor.allowCoreThreadTimeOut(true);
            // A cancelled task would otherwise hold on to what it refers to until its time has come.
            executor.setRemoveOnCancelPolicy(true);
        }

        @Override
        public Cancellable schedule(Runnable task, long delayNanos) {
            Future<?> scheduled = executor.schedule(() -> run(task), delayNanos, TimeUnit.NANOSECONDS);
            return () -> scheduled.cancel(false);
        }

        private static void run(Runnable task) {
            try {
                task.run();
            } catch (Throwable e) {
                // The executor would keep it in a future that nobody looks at.
                Thread thread = Thread.currentThread();
                thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
            }
        }
    }
}
