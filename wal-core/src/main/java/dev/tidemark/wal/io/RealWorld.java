package dev.tidemark.wal.io;

import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

/**
 * The real clock, timers, threads and randomness of this process; one of each is enough.
 *
 * <p><b>Threads.</b> Any. The only thread here, {@code wal-timer}, is started by the first scheduled task and ends when
 * there has been none for a while, so nothing is left behind and nothing needs to be closed.
 */
final class RealWorld {

    private static final long TIMER_IDLE_NANOS = TimeUnit.SECONDS.toNanos(5);

    static final Threads THREADS = (name, task) -> {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    };

    private static final Clock CLOCK = new RealClock();

    static final Environment ENVIRONMENT = new Environment(
            new RealDisk(),
            CLOCK,
            new TimerThread(CLOCK, THREADS, "wal-timer", TIMER_IDLE_NANOS),
            THREADS,
            new SecureRandom());

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
}
