package dev.tidemark.mutant;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Several processes that try mutants at the same time, each one after the other.
 *
 * <p><b>Threads.</b> One for each process.
 */
final class Crew implements AutoCloseable {
    /** Each is a JVM that is busy. */
    private static final int MAX_WORKERS = 2;
    /** Nothing takes that long on the slowest machine, not even a part in full. */
    private static final long LONGEST_SECONDS = 1_800;

    private final List<WorkerJvm> workers = new ArrayList<>();
    private final BlockingQueue<WorkerJvm> free = new LinkedBlockingQueue<>();
    private final ExecutorService pool;

    /** What one of them does. */
    @FunctionalInterface
    interface Task<T> {
        T doneBy(Worker worker) throws Exception;
    }

    Crew(Path logs) {
        int count = Math.min(MAX_WORKERS, Runtime.getRuntime().availableProcessors());
        for (int i = 0; i < count; i++) {
            workers.add(new WorkerJvm(logs.resolve("worker-" + i + ".log"), LONGEST_SECONDS));
        }
        free.addAll(workers);
        pool = Executors.newFixedThreadPool(count);
    }

    <T> Future<T> submit(Task<T> task) {
        return pool.submit(() -> {
            WorkerJvm worker = free.take();
            try {
                return task.doneBy(worker);
            } finally {
                free.add(worker);
            }
        });
    }

    @Override
    public void close() throws InterruptedException {
        pool.shutdownNow();
        for (WorkerJvm worker : workers) {
            worker.close();
        }
    }
}
