package dev.tidemark.wal.api;

import java.util.concurrent.CompletionStage;

/**
 * An append that has its place in the order and is on its way to the disk.
 *
 * <p>The stages are completed by the log alone: cancelling or completing a stage's future settles nobody's append.
 * Dependent code runs on the store's completion executor, or in the thread that attaches it to a stage that is already
 * complete; never under a lock of the log. There it may append, also with the blocking calls, but must not wait for another
 * stage or future of the log: what depends on the appends of a partition runs one after the other, so that one would come next.
 */
public interface Appended {
    /** The offset of the first record. Provisional until a stage completes: after a crash it may go to another append. */
    long offset();

    /** How many offsets the append takes. */
    int count();

    /** Completes with the offset when the operating system has the bytes. */
    CompletionStage<Long> written();

    /** Completes with the offset when the bytes are durable, also where the append asked for less. */
    CompletionStage<Long> durable();
}
