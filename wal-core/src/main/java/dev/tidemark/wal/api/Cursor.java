package dev.tidemark.wal.api;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Reads one partition forward. Every entry handed out has passed its checksum.
 *
 * <p>Used by one thread at a time. A cursor pins the segment it reads, so trimming never takes a file away under it, and
 * has to be closed. The accessors describe the entry that the last successful {@code next} moved to.
 */
public interface Cursor extends AutoCloseable {
    /**
     * Moves to the next entry, if one can be read now. Never waits for an append.
     *
     * @return false at the readable end; a later call may return true
     * @throws DamageException at a damaged place; the cursor stays before it. With {@code RECORDS_LOST} the records that were here are lost for good and on
     *     record, which is told once for each such gap: the cursor stands behind it, and the next call goes on
     * @throws InvalidCallException {@code OFFSET_TRIMMED} when the log was trimmed past the cursor,
     *     {@code CLOSED_HANDLE} after {@code close}
     * @throws UnavailableException {@code PARTITION_CLOSED} after the partition or its store was closed
     */
    boolean next();

    /**
     * As {@link #next()}, waiting at the tail until an entry can be read, the deadline passes (false), or the partition
     * closes (false) or is deleted (an error).
     *
     * @throws UnavailableException {@code INTERRUPTED} when the calling thread is interrupted; the flag stays set
     */
    boolean next(Duration deadline);

    /** The offset of the present entry. */
    long offset();

    /** How many offsets the present entry stands for: 1, but for {@link EntryKind#OPAQUE}. */
    int count();

    /** The offset that the next entry will have. */
    long nextOffset();

    /** The record's own timestamp if it has one, else the log's time of the append, in milliseconds. */
    long timestampMillis();

    /** What the present entry is. */
    EntryKind kind();

    /** The value, copied. */
    byte[] value();

    /**
     * The value without a copy: read-only, and valid only until the cursor moves or closes. The memory is used again then, or given
     * back: a buffer that is read later shows other bytes, or stops the process. {@link #value()} is the one to keep.
     */
    ByteBuffer buffer();

    /** The key, if the entry has one. */
    Optional<byte[]> key();

    /** The headers; empty unless the entry is a record that has some. */
    List<Header> headers();

    /** Lets go of the segment and of the memory. Closing twice does nothing. */
    @Override
    void close();
}
