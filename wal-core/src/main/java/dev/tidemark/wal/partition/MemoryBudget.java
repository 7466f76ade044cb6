package dev.tidemark.wal.partition;

/**
 * How many bytes of appends all partitions together may hold in memory.
 *
 * <p><b>Threads.</b> Any. {@link #take} waits, so it is called with no lock held.
 */
public interface MemoryBudget {
    /** Takes so many bytes if they are free and nobody waits for some; never waits. */
    boolean tryTake(long bytes);

    /**
     * Takes so many bytes, waiting behind those who came before.
     *
     * @param deadlineNanos by the environment's clock
     * @return whether they were taken; not when the deadline passed or the store is closing
     */
    boolean take(long bytes, long deadlineNanos) throws InterruptedException;

    /** Gives back bytes that were taken. */
    void give(long bytes);

    /** The most that can ever be taken at once. */
    long limitBytes();
}
