package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;

/** Events that nobody hears of; a test overrides what it wants to hear. */
public class SilentEvents implements Events {
    @Override
    public void recovering(int done, int all) {}

    @Override
    public void recovered(PartitionRecovery found) {}

    @Override
    public void created(PartitionId partition) {}

    @Override
    public void deleted(PartitionId partition, int segmentsStillRead) {}

    @Override
    public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {}

    @Override
    public void trimmed(PartitionId partition, long startOffset, int segments, long bytes) {}

    @Override
    public void truncated(PartitionId partition, long endOffset, int segments, long bytes) {}

    @Override
    public void slowForce(PartitionId partition, String file, long soFarNanos, boolean isStillRunning) {}

    @Override
    public void failed(PartitionId partition, WalException cause) {}

    @Override
    public void diskFull(boolean isFull) {}

    @Override
    public void closed(PartitionId partition) {}

    @Override
    public void warning(String message) {}
}
