package dev.tidemark.wal.api;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

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
    default Slices slices(long from, int maxBytes) {
        return slices(from, maxBytes, Durability.SYNCED);
    }

    /**
     * As {@link #slices(long, int)}, with {@link Durability#WRITTEN} also of what the operating system has and the device may not.
     */
    Slices slices(long from, int maxBytes, Durability visibility);

    /** As {@link #whenReadable(long)}, for a reader with this visibility. */
    CompletableFuture<Long> whenReadable(long offset, Durability visibility);

    @Override
    default CompletableFuture<Long> whenReadable(long offset) {
        return whenReadable(offset, Durability.SYNCED);
    }

    /** As {@link #truncateAfter(long, Truncation)}, for what no reader can have been given. */
    default long truncateAfter(long end) {
        return truncateAfter(end, Truncation.OF_WHAT_IS_NOT_READABLE);
    }

    /**
     * Ends the log at {@code end}: what lies at this offset and behind it is given up, and the next append gets this offset. Durable when it returns; does nothing if
     * the log ends there. Checkpoints behind the end are moved to it, and what was known of producers is what was known at that place.
     *
     * <p>Appends that are not durable yet and lie behind the end are refused with {@code OFFSET_TRUNCATED}. Cursors and slices that have gone behind it are told the same for
     * ever; others go on.
     *
     * @param end not below the start of the log, not above its end, and between two appends
     * @return the end of the log
     * @throws InvalidCallException {@code OFFSET_BEYOND_END}, {@code OFFSET_TRIMMED}; {@code ARGUMENT_INVALID} in the middle of a batch, and
     *     behind records that are lost in the same segment; {@code
     *     OFFSET_READABLE}, where it would take away more than it may. With {@link Truncation#OF_WHAT_IS_NOT_READABLE} that is also so where an append
     *     behind the end has reached the disk together with one before it
     * @throws StorageException nothing has changed; or, with {@code PARTITION_FAILED}, the partition has stopped, and reopening finishes what was begun
     * @throws UnavailableException {@code LOCK_TIMEOUT} after {@code appendTimeout}, and nothing has changed
     */
    long truncateAfter(long end, Truncation what);

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

    /** What is on record as lost, by offset; nothing, as long as no damage was ever quarantined or repaired. */
    List<LostRange> losses();

    /** Which of the partitions that have had this name, one after the other, it is: drawn when it was made, the same after every opening. */
    long incarnation();

    /** State, ends, segments and sizes, for people and tools. */
    PartitionInfo describe();
}
