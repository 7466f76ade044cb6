package dev.tidemark.server;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import java.time.Duration;

/** Tells the listener that a store was given, and the server how far opening has got. */
final class ProgressListener implements WalListener {
    private final WalListener given;
    private final WalListener progress;

    ProgressListener(WalListener given, WalListener progress) {
        this.given = given;
        this.progress = progress;
    }

    @Override
    public void recovering(int done, int all) {
        progress.recovering(done, all);
        given.recovering(done, all);
    }

    @Override
    public void recovered(PartitionRecovery found) {
        given.recovered(found);
    }

    @Override
    public void deleted(PartitionId partition) {
        given.deleted(partition);
    }

    @Override
    public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {
        given.sealed(partition, file, baseOffset, endOffset);
    }

    @Override
    public void trimmed(PartitionId partition, long startOffset, int segments, long bytes) {
        given.trimmed(partition, startOffset, segments, bytes);
    }

    @Override
    public void backedUp(BackupReport report) {
        given.backedUp(report);
    }

    @Override
    public void truncated(PartitionId partition, long endOffset, int segments) {
        given.truncated(partition, endOffset, segments);
    }

    @Override
    public void slowForce(PartitionId partition, String file, Duration soFar, boolean isStillRunning) {
        given.slowForce(partition, file, soFar, isStillRunning);
    }

    @Override
    public void failed(PartitionId partition, WalException cause) {
        given.failed(partition, cause);
    }

    @Override
    public void diskFull(boolean isFull) {
        given.diskFull(isFull);
    }

    @Override
    public void warning(String message) {
        given.warning(message);
    }
}
