package dev.tidemark.wal.io;

/**
 * The time: of day, and elapsed.
 *
 * <p>Deadlines that tasks observe (background forces, retention, linger) are computed from this clock and driven by {@link
 * Timers}, so a test moves them by hand. A caller's thread that blocks until its own deadline waits in real time, whatever
 * this clock says: a simulated clock never wakes a parked thread.
 *
 * <p><b>Threads.</b> Any.
 */
public interface Clock {

    /** Milliseconds since 1970, UTC. May jump, also backwards, when somebody sets the machine's clock. */
    long millis();

    /** Nanoseconds since some fixed point; never goes back. Only differences mean something. */
    long nanos();
}
