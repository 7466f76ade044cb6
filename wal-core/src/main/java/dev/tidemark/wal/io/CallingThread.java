package dev.tidemark.wal.io;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Runs each task at once in the thread that hands it in. An asynchronous channel with this executor does its I/O in the
 * caller's thread and returns a future that is complete already.
 *
 * <p><b>Threads.</b> Any. It has no state, so there is nothing to shut down.
 */
final class CallingThread extends AbstractExecutorService {

    static final CallingThread EXECUTOR = new CallingThread();

    private CallingThread() {}

    @Override
    public void execute(Runnable task) {
        task.run();
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
