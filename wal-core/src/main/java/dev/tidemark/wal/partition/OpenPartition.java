package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import java.io.IOException;

/** A partition as its store sees it: what callers get, and its life. */
public interface OpenPartition {
    /** What callers use. Always the same. */
    LocalPartition handle();

    /** Where it is in its life. */
    LifeState state();

    /**
     * Copies it as it is now, and reads the copy back.
     *
     * @throws IOException if something could not be read or written
     * @throws dev.tidemark.wal.api.WalException if it is closed, or what was copied is damaged
     */
    BackupReport.PartitionBackup backUp(PartitionBackup backup) throws IOException;

    /** Applies the store's retention; an error is told as an event. By a flusher. */
    default void retain() {}

    /** Takes it away for good. Always the same object, so that what has failed is gone on with. Asked for by one thread at a time. */
    Deletion deletion();

    /**
     * Stops intake, writes and forces what was accepted, completes every waiter and leaves the clean stamp. Returns at the
     * latest soon after the deadline; what was not done by then has failed, and every waiter has been told.
     *
     * @param deadlineNanos by the environment's clock
     * @return whether it came to a clean end, so that everything accepted is durable
     */
    boolean close(long deadlineNanos);
}
