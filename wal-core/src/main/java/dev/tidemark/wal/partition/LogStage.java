package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * The future behind a stage of an append. Callers see it as a {@code CompletionStage}; whatever they try on it, only the
 * log settles it, because other callers' ideas about an append must not differ from what is on the disk. One that belongs to a
 * single caller, who got it from {@code appendAsync}, is a future like any other: there is nobody else to mislead.
 *
 * <p><b>Threads.</b> Any. Settling twice does nothing, so the log and the thread that creates a stage may race.
 */
final class LogStage extends CompletableFuture<Long> {
    private final boolean isCallers;

    /**
     * Open.
     *
     * @param isCallers whether it belongs to one caller, who may settle it for himself
     */
    LogStage(boolean isCallers) {
        this.isCallers = isCallers;
    }

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
        return isCallers ? this : copy();
    }

    @Override
    public boolean complete(Long value) {
        return isCallers && super.complete(value);
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        return isCallers && super.completeExceptionally(failure);
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return isCallers && super.cancel(mayInterruptIfRunning);
    }

    @Override
    public void obtrudeValue(Long value) {
        if (isCallers) {
            super.obtrudeValue(value);
        }
    }

    @Override
    public void obtrudeException(Throwable failure) {
        if (isCallers) {
            super.obtrudeException(failure);
        }
    }

    @Override
    public CompletableFuture<Long> completeAsync(Supplier<? extends Long> supplier, Executor executor) {
        return isCallers ? super.completeAsync(supplier, executor) : this;
    }

    @Override
    public CompletableFuture<Long> completeAsync(Supplier<? extends Long> supplier) {
        return completeAsync(supplier, defaultExecutor());
    }
}
