package dev.tidemark.wal.api;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * One log, with the same meaning embedded and remote. Safe for use by any number of threads.
 *
 * <p>Offsets are dense and strictly increasing, in the order in which records lie in the log. An append returns, or its
 * future completes, only after its {@link Durability} is reached. A call that waits has a deadline
 * ({@code appendTimeout}, or that of the request). When the deadline passes, or the thread is interrupted, before the
 * append was accepted, it is refused and not in the log; afterwards its outcome is unknown
 * ({@link OutcomeUnknownException}), and the append goes on.
 */
public interface Partition {
    /** Its name. */
    PartitionId id();

    /** Appends one value at the log's default durability. Returns its offset. */
    default long append(byte[] value) {
        return append(AppendRequest.of(value));
    }

    /** Appends one value at this durability. Returns its offset. */
    default long append(byte[] value, Durability durability) {
        return append(AppendRequest.of(value).withDurability(durability));
    }

    /** Appends what lies between position and limit as one value. Returns its offset. */
    default long append(ByteBuffer value) {
        return append(AppendRequest.of(value));
    }

    /** Appends a batch: after a crash all of it is there or none. Returns the offset of its first record. */
    default long append(List<WalRecord> records) {
        return append(AppendRequest.of(records));
    }

    /**
     * Appends, and returns the first offset once the durability asked for is reached.
     *
     * @throws AppendRefusedException it is not in the log and never will be
     * @throws OutcomeUnknownException the wait ended early, or the partition failed while it was on its way
     * @throws UnavailableException the partition is closed, failed, deleted or read-only
     * @throws InvalidCallException the request is wrong, for example too large
     */
    long append(AppendRequest request);

    /** As {@link #appendAsync(AppendRequest)}, at the log's default durability. */
    default CompletableFuture<Long> appendAsync(byte[] value) {
        return appendAsync(AppendRequest.of(value));
    }

    /** As {@link #appendAsync(AppendRequest)}, at the log's default durability. */
    default CompletableFuture<Long> appendAsync(List<WalRecord> records) {
        return appendAsync(AppendRequest.of(records));
    }

    /**
     * Appends; the future completes with the first offset once the durability asked for is reached, or with a
     * {@link WalException}. Waits only for room in the append queue, at most until the deadline; a refusal is thrown here.
     * Completing or cancelling the future does not touch the append. Code that depends on it must not wait for another future
     * of the log; see {@link Appended}.
     */
    CompletableFuture<Long> appendAsync(AppendRequest request);

    /** A cursor over durable data. */
    default Cursor read(From from) {
        return read(from, ReadOptions.DEFAULT);
    }

    /** A cursor. {@code OFFSET_TRIMMED} and {@code OFFSET_BEYOND_END} say that there is no such place. */
    Cursor read(From from, ReadOptions options);

    /**
     * Completes (with the readable end) once the record at {@code offset} can be read by default; fails when the
     * partition closes or is deleted before. Costs no thread while it waits.
     */
    CompletableFuture<Long> whenReadable(long offset);

    /**
     * Gives up everything below {@code offset}; does nothing if the log starts there or later already. Durable when it returns. Cursors and
     * slices that were there before read on in the segments they hold.
     *
     * @return where the log starts now, exactly
     * @throws InvalidCallException {@code OFFSET_BEYOND_END}, when the offset is above the durable end
     * @throws StorageException nothing was trimmed; or, with {@code PARTITION_FAILED}, it is unknown and the partition has stopped
     */
    long trimTo(long offset);

    /**
     * The named positions of this partition, by name, as they are on disk.
     *
     * @see #checkpoint
     */
    Map<String, Long> checkpoints();

    /**
     * Sets a named position, or moves it, either way; for a consumer to find where it was, and for {@link Retention} to wait for it. Durable
     * when it returns. At most 1,024 in a partition. Trimming does not move it.
     *
     * @param name 1 to 200 of {@code [A-Za-z0-9._-]}
     * @param offset at most the durable end; usually that of the next record to be read
     * @throws InvalidCallException {@code OFFSET_BEYOND_END}, or {@code NAME_INVALID}
     * @throws StorageException as for {@link #trimTo}
     */
    void checkpoint(String name, long offset);

    /** Removes a named position, durably; false if there was none. */
    boolean removeCheckpoint(String name);

    /** A consistent snapshot of start and ends. */
    Ends ends();
}
