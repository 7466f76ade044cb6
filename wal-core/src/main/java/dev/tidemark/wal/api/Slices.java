package dev.tidemark.wal.api;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Whole frames of one segment, pinned: the file stays readable until {@link #close()}. Empty ({@link #bytes()} is 0)
 * when nothing can be read at the offset yet.
 *
 * <p>Safe for use by several threads; {@code close} may be called by any, once or often.
 */
public interface Slices extends AutoCloseable {
    /** The segment's file. */
    Path file();

    /** Where the range begins in the file, in bytes. */
    long filePosition();

    /** How long the range is, in bytes. */
    int bytes();

    /** What seeds the header checksums of the frames of this segment. */
    int salt();

    /** The offset of the first record in the range. */
    long firstOffset();

    /** The offset after the last record in the range. */
    long endOffset();

    /**
     * Copies bytes of the range, from {@code at} bytes after its beginning, into the room that {@code target} has.
     * Returns how many; fewer than there was room for only at the end of the range.
     *
     * @throws StorageException when the file cannot be read
     */
    int read(ByteBuffer target, int at);

    /** Lets go of the file. */
    @Override
    void close();
}
