package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.ThreadRules;

/**
 * The waits of one closing: all share a deadline, and an interrupt ends none of them. It is kept for the caller instead: a
 * store that is half closed because somebody was interrupted would help nobody.
 *
 * <p><b>Threads.</b> One.
 */
final class Patience {
    private final Clock clock;
    private final long deadlineNanos;
    private boolean wasInterrupted;

    Patience(Clock clock, long maxNanos) {
        this.clock = clock;
        this.deadlineNanos = clock.nanos() + maxNanos;
    }

    /** Something that waits. */
    interface Wait {
        /** Waits at most so long; says whether what it waited for has come. */
        boolean await(long maxNanos) throws InterruptedException;
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    /** Waits until the deadline; what is done already counts also behind it. */
    boolean await(Wait wait) {
        return await(wait, 0);
    }

    /** Waits until the deadline, but at least so long. */
    boolean await(Wait wait, long leastNanos) {
        ThreadRules.assertMayBlock();
        while (true) {
            try {
                return wait.await(Math.max(leastNanos, deadlineNanos - clock.nanos()));
            } catch (InterruptedException e) {
                wasInterrupted = true;
            }
        }
    }

    /** Gives the interrupt back, if there was one. */
    void end() {
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
