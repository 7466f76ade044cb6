package dev.tidemark.wal.partition;

import java.io.IOException;

/**
 * What a store does about a full disk. It keeps {@code RESERVE}, a file of real blocks. When the disk is full, that is given
 * up so that seals and metadata can still be written, and until it is whole again nothing may grow: what room there is
 * belongs to {@code RESERVE} first.
 *
 * <p><b>Threads.</b> Any. {@link #mayGrow} is one volatile read and may be called under any lock; the others do I/O and may
 * not be called under a lock that forbids it.
 */
public interface DiskRoom {
    /** Whether an append may take new blocks. One that overwrites prepared zeros may go on. */
    boolean mayGrow();

    /** Says that a write found the disk full. Growing is refused from now on, until there is room again. */
    void full(IOException cause);

    /**
     * Runs what has to work on a full disk: a seal, a replacement of metadata. When it finds the disk full, {@code RESERVE}
     * is given up and the action run once more, so it must be one that can be repeated.
     */
    <T> T withReserve(IoAction<T> action) throws IOException;

    /** Something that uses the disk. */
    @FunctionalInterface
    interface IoAction<T> {
        T run() throws IOException;
    }
}
