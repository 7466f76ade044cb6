package dev.tidemark.wal.api;

/** Where a store or a partition is in its life. Only forward: a failed or closed one is opened anew. */
public enum LifeState {
    /** Being recovered. */
    OPENING,
    /** Serving. */
    OPEN,
    /** Closing: takes nothing new, finishes what it has. */
    DRAINING,
    /** Closed, everything completed. */
    CLOSED,
    /** Stopped by an error: takes nothing new; readers of a partition go on up to what was durable. */
    FAILED
}
