package dev.tidemark.wal.partition;

/**
 * Where code runs that depends on an append's outcome: the threads {@code wal-completion-N}, or the executor that the
 * caller brought. Such code is the caller's, so it may take as long as it likes without holding up a flusher.
 *
 * <p><b>Threads.</b> Any thread may hand in. Never called under a lock.
 */
@FunctionalInterface
public interface Completions {
    /**
     * Runs the task soon. Tasks with the same stripe run one after another, in the order in which they were handed in.
     * Never blocks, never refuses while a partition of the store is not closed.
     *
     * @param stripe any number, usually derived from the partition
     */
    void execute(int stripe, Runnable task);
}
