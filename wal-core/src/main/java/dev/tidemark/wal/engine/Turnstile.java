package dev.tidemark.wal.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts who is inside, and can be shut: then nobody enters any more, and a future tells when the last one has left.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> The count and whether it is shut are one number, so an entry and the shutting have an order: either the
 * entry is refused, or the future waits for its end. What was done inside is seen by who waits for the future.
 */
final class Turnstile {
    /** Far above any count. */
    private static final long SHUT = 1L << 62;

    private final AtomicLong state = new AtomicLong();
    private final CompletableFuture<@Nullable Void> empty = new CompletableFuture<>();

    /** Whether the caller may go in; if so, it has to {@link #leave}. */
    boolean enter() {
        while (true) {
            long seen = state.get();
            if (seen >= SHUT) {
                return false;
            }
            if (state.compareAndSet(seen, seen + 1)) {
                return true;
            }
        }
    }

    /** Ends what {@link #enter} allowed. */
    void leave() {
        if (state.decrementAndGet() == SHUT) {
            empty.complete(null);
        }
    }

    /** Lets nobody in from now on. May be repeated. */
    void shut() {
        while (true) {
            long seen = state.get();
            if (seen >= SHUT) {
                return;
            }
            if (state.compareAndSet(seen, seen + SHUT)) {
                if (seen == 0) {
                    empty.complete(null);
                }
                return;
            }
        }
    }

    /** Waits until it is shut and the last one has left; says whether that came about in time. */
    boolean awaitEmpty(long maxNanos) throws InterruptedException {
        try {
            empty.get(maxNanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("completed only normally", e);
        }
    }

    /** Runs this once it is shut and the last one has left: in that one's thread, or in this one if it is so already. */
    void whenEmpty(Runnable action) {
        CompletableFuture<?> unused = empty.thenRun(action);
    }

    /** How many are inside. */
    long inside() {
        return state.get() & ~SHUT;
    }
}
