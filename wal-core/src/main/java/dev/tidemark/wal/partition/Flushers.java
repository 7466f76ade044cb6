package dev.tidemark.wal.partition;

/**
 * The threads {@code wal-flusher-N}, which write and force what no caller does itself.
 *
 * <p><b>Threads.</b> Any thread may submit. Turns may block on the disk and on locks. One that throws ends neither its
 * thread nor the others' turns.
 */
@FunctionalInterface
public interface Flushers {
    /** Queues one turn, first in first out. Never blocks, and never refuses while a partition of the store is not closed. */
    void submit(Runnable turn);
}
