package dev.tidemark.server;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.io.Threads;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded number of threads for what may block, and a bounded number of tasks that wait for them.
 *
 * <p><b>Threads.</b> Any may submit. Owns {@code wal-server-<name>-N}, started when there is work, ended when there has been none. They may block on the disk and on
 * the engine's locks.
 */
final class FilePool {
    private static final Logger LOG = LoggerFactory.getLogger(FilePool.class);
    private static final long IDLE_SECONDS = 60;

    private final String name;
    private final int maxWaiting;
    private final ThreadPoolExecutor threads;
    private final AtomicInteger waiting = new AtomicInteger();
    private final ServerMeters.PoolMeters meters;

    FilePool(String name, int threadCount, int maxWaiting, Threads source, ServerMeters meters) {
        this.name = name;
        this.maxWaiting = maxWaiting;
        this.meters = meters.pool(name, waiting::get);
        threads = new ThreadPoolExecutor(
                threadCount,
                threadCount,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                source.factory("wal-server-" + name));
        threads.allowCoreThreadTimeOut(true);
    }

    /** Has it run, unless too many wait already, or the pool is closed: then false, and it never runs. */
    boolean submit(Runnable task) {
        if (waiting.incrementAndGet() > maxWaiting) {
            waiting.decrementAndGet();
            meters.refused();
            return false;
        }
        return hand(task);
    }

    /** Has it run however many wait, because it gives something back. Where the pool is closed, the calling thread does. */
    void mustRun(Runnable task) {
        waiting.incrementAndGet();
        if (!hand(task)) {
            task.run();
        }
    }

    private boolean hand(Runnable task) {
        try {
            threads.execute(() -> run(task));
            return true;
        } catch (RejectedExecutionException e) {
            waiting.decrementAndGet();
            return false;
        }
    }

    private void run(Runnable task) {
        waiting.decrementAndGet();
        long began = System.nanoTime();
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            // Tasks tell their own errors to whoever waits; one that does not must not take the thread with it.
            LOG.error("task failed: pool={}", name, e);
        } finally {
            meters.took(System.nanoTime() - began);
        }
    }

    /** What a request is told that there is no room for. */
    UnavailableException busy() {
        return new UnavailableException(
                ErrorCode.SERVER_BUSY, "too many requests wait for the disk: pool=" + name + " limit=" + maxWaiting);
    }

    /** As {@link #busy()}, for an append. */
    AppendRefusedException refusal() {
        return new AppendRefusedException(
                ErrorCode.SERVER_BUSY, "too many requests wait for the disk: pool=" + name + " limit=" + maxWaiting);
    }

    /** Takes nothing more, and lets what is there run; false when that is not over in time. */
    boolean close(Duration patience) throws InterruptedException {
        threads.shutdown();
        return threads.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS);
    }
}
