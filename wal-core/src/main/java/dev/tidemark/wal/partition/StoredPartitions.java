package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.IndexLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The partitions of a store on a disk.
 *
 * <p><b>Threads.</b> Any.
 */
public final class StoredPartitions implements PartitionSource {
    private final PartitionServices services;
    private final RecoveryContext context;
    private final IndexLoader indexes;

    /** For one store. */
    public StoredPartitions(PartitionServices services) {
        this.services = services;
        context = RecoveryContext.of(services);
        indexes = new IndexLoader(
                services.environment().disk(),
                services.files(),
                services.memory(),
                services.config().indexIntervalBytes(),
                services.config().readOnly());
    }

    @Override
    public Recovery newRecovery() {
        Recoverer recoverer = new Recoverer(context);
        return (id, directory) -> {
            RecoveryResult result = recoverer.recover(id, directory);
            if (result instanceof RecoveryResult.Deleted deleted) {
                deleted.left().ifPresent(services.events()::warning);
            }
            return new Found(
                    result.report(),
                    result instanceof RecoveryResult.Recovered recovered
                            ? Optional.of(open(recovered.log()))
                            : Optional.empty());
        };
    }

    private OpenPartition open(RecoveredLog log) {
        return services.config().readOnly()
                ? new ReadOnly(ReadOnlyPartition.open(services, log), context, log.directory())
                : new Writable(LogPartition.open(services, indexes, log));
    }

    @Override
    public OpenPartition create(PartitionId id, Path store) {
        try {
            return open(PartitionCreator.create(context, id, store));
        } catch (IOException e) {
            if (DiskErrors.isFull(e)) {
                services.room().full(e);
            }
            throw new StorageException(
                    DiskErrors.isFull(e)
                            ? ErrorCode.STORAGE_FULL
                            : DiskErrors.isTooManyOpenFiles(e)
                                    ? ErrorCode.TOO_MANY_OPEN_FILES
                                    : ErrorCode.STORAGE_FAILED,
                    "partition could not be created: partition=" + id + " (" + DiskErrors.said(e) + ")",
                    e);
        }
    }

    @Override
    public Deletion deletion(PartitionId id, Path directory, WalException failure) {
        if (failure.code() == ErrorCode.FORMAT_NEWER) {
            throw failure;
        }
        return new Deletion(services, id, directory, new UnopenedPartition(context, id, directory));
    }

    private record Writable(LogPartition partition) implements OpenPartition {
        @Override
        public LocalPartition handle() {
            return partition;
        }

        @Override
        public LifeState state() {
            return partition.state();
        }

        @Override
        public BackupReport.PartitionBackup backUp(PartitionBackup backup) throws IOException {
            return backup.copy(partition.id(), partition::asItIs);
        }

        @Override
        public Deletion deletion() {
            return partition.deletion();
        }

        @Override
        public void retain() {
            partition.retainInTurn();
        }

        @Override
        public boolean close(long deadlineNanos) {
            return partition.close(deadlineNanos);
        }
    }

    private record ReadOnly(ReadOnlyPartition partition, RecoveryContext context, Path directory)
            implements OpenPartition {
        @Override
        public LocalPartition handle() {
            return partition;
        }

        @Override
        public LifeState state() {
            return partition.state();
        }

        /** Looked at anew: what was found at opening may be long ago, and what is in use here follows the files without {@code PARTITION}. */
        @Override
        public BackupReport.PartitionBackup backUp(PartitionBackup backup) throws IOException {
            return backup.copy(partition.id(), () -> asItIs(backup));
        }

        private BackupSource asItIs(PartitionBackup backup) {
            RecoveryResult found = new Recoverer(context, backup.window()).recover(partition.id(), directory);
            if (found instanceof RecoveryResult.Recovered recovered) {
                return BackupSource.of(recovered.log());
            }
            throw found.report()
                    .failure()
                    .orElseGet(() -> new UnavailableException(
                            ErrorCode.PARTITION_DELETED, "partition was deleted: partition=" + partition.id()));
        }

        @Override
        public Deletion deletion() {
            throw new IllegalStateException("nothing is deleted in a read-only store: partition=" + partition.id());
        }

        @Override
        public boolean close(long deadlineNanos) {
            partition.close();
            return true;
        }
    }
}
