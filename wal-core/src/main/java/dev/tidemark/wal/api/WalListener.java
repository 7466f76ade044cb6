package dev.tidemark.wal.api;

import java.time.Duration;

/**
 * Hears of events in the life of a store. Called on the store's event thread, one call at a time, never under a lock; a
 * listener that throws is logged and otherwise ignored. Progress may be dropped when the listener is slow, nothing else
 * unless it hangs: when 65,536 events wait, later ones are only logged.
 */
public interface WalListener {
    /** Hears nothing. */
    WalListener NONE = new WalListener() {};

    /** How far opening has got: partitions done, of all. */
    default void recovering(int done, int all) {}

    /** A partition was recovered, or refused. */
    default void recovered(PartitionRecovery found) {}

    /** A partition was deleted, by a call; not when an opening finishes what a crash has interrupted. */
    default void deleted(PartitionId partition) {}

    /** Damage in a partition was quarantined while it was opened; told behind {@link #recovered}, which tells it as well. */
    default void quarantined(String partition, PartitionRecovery.Quarantined given) {}

    /** A segment is complete. */
    default void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {}

    /** The start of the log moved up, by a call or by retention; whole segments go as soon as nobody reads them. */
    default void trimmed(PartitionId partition, long startOffset, int segments, long bytes) {}

    /** A backup is finished: all of it is durable and was read back. */
    default void backedUp(BackupReport report) {}
    /** The log was truncated: it ends there now, and so many segments were deleted. */
    default void truncated(PartitionId partition, long endOffset, int segments) {}

    /** A force took longer than {@code slowForce}; called while it still hangs, and again with its full length. */
    default void slowForce(PartitionId partition, String file, Duration soFar, boolean isStillRunning) {}

    /** A partition stopped. */
    default void failed(PartitionId partition, WalException cause) {}

    /** The disk is full: appends that need new blocks are refused; or there is room again. */
    default void diskFull(boolean isFull) {}

    /** Something an operator may want to look at, such as a file system that cannot keep what it promises. */
    default void warning(String message) {}
}
