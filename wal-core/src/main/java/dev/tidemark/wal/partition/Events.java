package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;

/**
 * What happens in the life of a store. Each event is logged at once, and told to the listener on the thread {@code
 * wal-events}.
 *
 * <p><b>Threads.</b> Any. No method blocks on the listener. Never called under a lock that forbids I/O: logging may
 * block.
 */
public interface Events {
    /** How far opening has got. */
    void recovering(int done, int all);

    /** A partition was recovered, or refused. */
    void recovered(PartitionRecovery found);

    /** A partition was created. */
    void created(PartitionId partition);

    /** A partition was deleted; so many of its segments are still read, and their files go later. */
    void deleted(PartitionId partition, int segmentsStillRead);

    /** A segment is complete. */
    void sealed(PartitionId partition, String file, long baseOffset, long endOffset);

    /** The log begins at another record from now on; so many segments will be deleted, and so many bytes with them. */
    void trimmed(PartitionId partition, long startOffset, int segments, long bytes);

    /** The log ends at another record from now on; so many segments were deleted, and so many bytes with them. */
    void truncated(PartitionId partition, long endOffset, int segments, long bytes);

    /** A force takes or took too long. */
    void slowForce(PartitionId partition, String file, long soFarNanos, boolean isStillRunning);

    /** A partition stopped. */
    void failed(PartitionId partition, WalException cause);

    /** The disk is full, or no longer. */
    void diskFull(boolean isFull);

    /** A partition was closed. */
    void closed(PartitionId partition);

    /** Something an operator may want to look at, in the form of an error message. */
    void warning(String message);
}
