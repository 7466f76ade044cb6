package dev.tidemark.wal.api;

import java.util.Optional;

/** A partition of a store that is open in this process, with what only such a one can do. */
public interface LocalPartition extends Partition {
    /**
     * Gives an append its offset and its place in the order; durability comes later, through the stages. Waits only for
     * room in the append queue, at most until the deadline.
     */
    Appended enqueue(AppendRequest request);

    /** As {@link #enqueue(AppendRequest)} with a single value at the log's default durability. */
    default Appended enqueue(byte[] value) {
        return enqueue(AppendRequest.of(value));
    }

    /**
     * As {@link #enqueue(AppendRequest)}, but never waits, not even for a lock: empty when the append could not be
     * accepted at once. For event loops, which retry on their own timer. Refusals that a retry cannot mend are thrown.
     */
    Optional<Appended> tryEnqueue(AppendRequest request);

    /**
     * Makes durable whatever was accepted before the call, and returns the durable end.
     *
     * @throws OutcomeUnknownException when the deadline ({@code appendTimeout}) passes or the thread is interrupted first
     */
    long sync();

    /**
     * Pinned ranges of whole frames, as they lie in the files, beginning with the frame that holds {@code from}: for
     * sending them on without copying. At least one frame where any is readable, then no more than {@code maxBytes}; all
     * of one segment. The frames' checksums are not verified here: they travel along, and the receiver verifies them.
     */
    Slices slices(long from, int maxBytes);

    /**
     * Seals the active segment and goes on in a new one; returns the base offset of the new one. An empty segment is left
     * as it is.
     */
    long rotate();

    /**
     * Trims what the store's {@link Retention} lets go, which otherwise happens after each change of segment and every {@code
     * retentionInterval}. Returns where the log starts now.
     */
    long applyRetention();

    /** State, ends, segments and sizes, for people and tools. */
    PartitionInfo describe();
}
