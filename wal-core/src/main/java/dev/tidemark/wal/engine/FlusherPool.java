package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.Flushers;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flushers of a store. Threads are started when there is work and end when there has been none for a while, so a store at
 * rest has none. The queue has no bound of its own: each partition waits in it at most once.
 *
 * <p><b>Threads.</b> Any. Owns {@code wal-flusher-N}.
 */
final class FlusherPool implements Flushers {
    /** How long a thread of a pool waits for work before it ends. */
    static final long IDLE_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(FlusherPool.class);

    private final ThreadPoolExecutor threads;

    FlusherPool(Environment environment, int threadCount) {
        threads = new ThreadPoolExecutor(
                threadCount,
                threadCount,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                thatTells(environment.threads().factory("wal-flusher")),
                // Only after the store was closed: nothing of what such a turn would do is possible any more.
                new ThreadPoolExecutor.DiscardPolicy());
        threads.allowCoreThreadTimeOut(true);
    }

    @Override
    public void submit(Runnable turn) {
        threads.execute(turn);
    }

    /**
     * The owner of a turn handles its own failures. What comes through is a mistake of ours, and must not be lost; another thread takes
     * the place of the one it has ended. A turn that is wrapped to catch it would be garbage of every turn.
     */
    private static ThreadFactory thatTells(ThreadFactory threads) {
        return task -> {
            Thread thread = threads.newThread(task);
            thread.setUncaughtExceptionHandler((ended, e) -> LOG.error("a flusher's turn threw", e));
            return thread;
        };
    }

    /** Turns that wait for a thread. */
    int waiting() {
        return threads.getQueue().size();
    }

    /** Threads at work. */
    int busy() {
        return threads.getActiveCount();
    }

    /**
     * Takes nothing new, and waits for what was submitted.
     *
     * @return whether all of it is done
     */
    boolean close(long maxNanos) throws InterruptedException {
        threads.shutdown();
        return threads.awaitTermination(maxNanos, TimeUnit.NANOSECONDS);
    }
}
