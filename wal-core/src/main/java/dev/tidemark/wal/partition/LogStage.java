package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * The future behind a stage of an append. Callers see it as a {@code CompletionStage}; whatever they try on it, only the
 * log settles it, because other callers' ideas about an append must not differ from what is on the disk.
 *
 * <p><b>Threads.</b> Any. Settling twice does nothing, so the log and the thread that creates a stage may race.
 */
final class LogStage extends CompletableFuture<Long> {

    /** Settles the stage: the append with this first offset has got as far as the stage says. */
    void settle(long offset) {
        super.complete(offset);
    }

    /** Settles the stage: the append will not get there, or nobody knows. */
    void settle(WalException failure) {
        super.completeExceptionally(failure);
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }

    /** What a caller may complete or cancel at will: a copy. */
    @Override
    public CompletableFuture<Long> toCompletableFuture() {
        return copy();
    }

    @Override
    public boolean complete(Long value) {
        return false;
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        return false;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return false;
    }

    @Override
    public void obtrudeValue(Long value) {
        // The log's word stands; see the header.
    }

    @Override
    public void obtrudeException(Throwable failure) {
        // The log's word stands; see the header.
    }

    @Override
    public CompletableFuture<Long> completeAsync(Supplier<? extends Long> supplier, Executor executor) {
        return this;
    }

    @Override
    public CompletableFuture<Long> completeAsync(Supplier<? extends Long> supplier) {
        return this;
    }
}
