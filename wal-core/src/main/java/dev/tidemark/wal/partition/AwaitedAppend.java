package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * An append whose caller waits for the outcome in the same call.
 *
 * <p><b>Threads.</b> One thread waits; any may wake it.
 *
 * <p><b>Ordering.</b> See {@link PendingAppend}.
 */
final class AwaitedAppend extends PendingAppend {
    private volatile @Nullable Thread waiter;

    AwaitedAppend(Round round, long offset, Durability wanted) {
        super(round, offset, wanted);
    }

    /** The calling thread is about to park until the outcome; null when it no longer is. */
    void waiter(@Nullable Thread thread) {
        waiter = thread;
    }

    /** The offset, or the failure as an exception; only once settled. */
    long result() {
        if (wanted == Durability.ACCEPTED || round.hasReached(wanted)) {
            return offset();
        }
        throw round.failureOf(offset());
    }

    @Override
    void wake() {
        Thread thread = waiter;
        if (thread != null && isSettled()) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    void settleStages() {
        // It has none: its caller is told by the call's return.
    }
}
