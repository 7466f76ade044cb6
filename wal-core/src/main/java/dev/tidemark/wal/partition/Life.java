package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.WalException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where a store or a partition is in its life, and why it failed if it did.
 *
 * <pre>
 * OPENING ──► OPEN ──► DRAINING ──► CLOSED
 *    └─────────┴──────────┴──► FAILED ──┘
 * </pre>
 *
 * <p>What has failed can still be closed: {@code CLOSED} then says that its files are let go, and the failure is kept.
 *
 * <p><b>Threads.</b> Any. Of several that ask for the same step exactly one is told that it made it.
 *
 * <p><b>Ordering.</b> State and failure are one immutable object in one reference: whoever sees {@code FAILED} sees the
 * cause. Whatever was written before a step is seen by whoever sees the new state.
 */
public final class Life {
    private record Moment(LifeState state, @Nullable WalException failure) {}

    private final AtomicReference<Moment> now = new AtomicReference<>(new Moment(LifeState.OPENING, null));

    /** The present state. */
    public LifeState state() {
        return now().state();
    }

    /** Whether it serves. */
    public boolean isOpen() {
        return state() == LifeState.OPEN;
    }

    /** The first failure, if there was one; it stays when what failed is closed. */
    public Optional<WalException> failure() {
        return Optional.ofNullable(now().failure());
    }

    /** {@code OPENING} to {@code OPEN}. Returns whether this call did it. */
    public boolean open() {
        return step(LifeState.OPENING, LifeState.OPEN);
    }

    /** {@code OPEN} to {@code DRAINING}. Returns whether this call did it: if so, the caller has the duty to close. */
    public boolean drain() {
        return step(LifeState.OPEN, LifeState.DRAINING);
    }

    /** {@code DRAINING} or {@code FAILED} to {@code CLOSED}. Returns whether this call did it. */
    public boolean closed() {
        return step(LifeState.DRAINING, LifeState.CLOSED) || step(LifeState.FAILED, LifeState.CLOSED);
    }

    /** From any state but {@code FAILED} and {@code CLOSED} to {@code FAILED}. Returns whether this call did it: only the first cause counts. */
    public boolean fail(WalException cause) {
        while (true) {
            Moment seen = now();
            if (seen.state() == LifeState.FAILED || seen.state() == LifeState.CLOSED) {
                return false;
            }
            if (now.compareAndSet(seen, new Moment(LifeState.FAILED, cause))) {
                return true;
            }
        }
    }

    /**
     * From any state but {@code CLOSED} to {@code FAILED}, in place of an earlier failure: what is deleted was not only stopped. Returns whether this call
     * did it.
     */
    public boolean end(WalException cause) {
        while (true) {
            Moment seen = now();
            if (seen.state() == LifeState.CLOSED) {
                return false;
            }
            if (now.compareAndSet(seen, new Moment(LifeState.FAILED, cause))) {
                return true;
            }
        }
    }

    private Moment now() {
        return Objects.requireNonNull(now.get());
    }

    private boolean step(LifeState from, LifeState to) {
        Moment seen = now();
        return seen.state() == from && now.compareAndSet(seen, new Moment(to, seen.failure()));
    }

    @Override
    public String toString() {
        return state().toString();
    }
}
