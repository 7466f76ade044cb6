package dev.tidemark.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Completes the futures of callers, on a thread of its own: what depends on them is their code, and may take its time. Everything that comes while the thread is
 * busy is one task for it. The number of futures is bounded by what the client holds in its buffer, or by the calls under way.
 *
 * <p><b>Threads.</b> Any thread adds; the one callback thread completes.
 */
final class Callbacks {
    /** Has futures that can be completed. */
    interface Settled {
        /** Completes them; does nothing for those that are, or that are not settled yet. */
        void completeFutures();
    }

    private final ExecutorService thread;
    private final Object lock = new Object();
    private List<Settled> settled = new ArrayList<>();
    private boolean isScheduled;

    /** With one thread, which begins when it is needed and ends when it has not been for a minute. */
    Callbacks(ThreadFactory threads) {
        ThreadPoolExecutor one =
                new ThreadPoolExecutor(1, 1, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), threads);
        one.allowCoreThreadTimeOut(true);
        thread = one;
    }

    /** Completes these futures soon. All of a batch come in one call: the lock and the list would cost each of them as much as its future. */
    void add(Settled futures) {
        synchronized (lock) {
            settled.add(futures);
            if (isScheduled) {
                return;
            }
            isScheduled = true;
        }
        execute(this::completeAll);
    }

    private void completeAll() {
        List<Settled> now;
        synchronized (lock) {
            now = settled;
            settled = new ArrayList<>();
            isScheduled = false;
        }
        now.forEach(Settled::completeFutures);
    }

    /** Runs this on the callback thread. Once that has ended, with the client, in the thread that asks: better there than never. */
    void execute(Runnable task) {
        if (thread.isShutdown()) {
            task.run();
            return;
        }
        try {
            thread.execute(task);
        } catch (java.util.concurrent.RejectedExecutionException e) {
            task.run();
        }
    }

    /** Runs what was added, then ends. Does not wait for it: a callback may be what closes the client. */
    void close() {
        thread.shutdown();
    }
}
