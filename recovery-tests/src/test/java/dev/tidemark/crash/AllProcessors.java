package dev.tidemark.crash;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Work in many independent pieces, on as many threads as the machine has processors. */
public final class AllProcessors {
    /** A piece of it. */
    @FunctionalInterface
    public interface Piece<T> {
        void on(T what) throws Exception;
    }

    private AllProcessors() {}

    /** Returns when all of it is done, or one piece of it has failed; then with that piece's failure. */
    public static <T> void forEach(Iterable<T> all, Piece<T> piece) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<?>> results = new ArrayList<>();
            for (T one : all) {
                results.add(pool.submit(() -> {
                    piece.on(one);
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}
