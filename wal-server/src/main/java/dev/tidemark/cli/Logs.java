package dev.tidemark.cli;

import dev.tidemark.client.WalClient;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import java.util.List;

/** The partitions that a command works on: of a store that it has opened, or of a server. */
sealed interface Logs extends AutoCloseable {
    /** The partition, made if there is none. */
    Partition partition(PartitionId id);

    /** The names of those there are. */
    List<PartitionId> partitions();

    /** What one looks like. */
    PartitionInfo describe(PartitionId id);

    /** Deletes one for good. */
    void delete(PartitionId id);

    /** A partition that must be there. */
    default Partition existing(PartitionId id) {
        List<PartitionId> known = partitions();
        if (known.contains(id)) {
            return partition(id);
        }
        throw StoreOption.unknown(id, known);
    }

    @Override
    void close();

    /** Those of a store. */
    record InStore(Wal wal) implements Logs {
        @Override
        public Partition partition(PartitionId id) {
            return wal.partition(id);
        }

        @Override
        public List<PartitionId> partitions() {
            return wal.partitions();
        }

        @Override
        public PartitionInfo describe(PartitionId id) {
            return wal.describe().stream()
                    .filter(info -> info.id().equals(id))
                    .findFirst()
                    .orElseThrow(() -> StoreOption.unknown(id, wal.partitions()));
        }

        @Override
        public void delete(PartitionId id) {
            wal.deletePartition(id);
        }

        @Override
        public void close() {
            wal.close();
        }
    }

    /** Those of a server. */
    record OfServer(WalClient client) implements Logs {
        @Override
        public Partition partition(PartitionId id) {
            return client.partition(id);
        }

        @Override
        public List<PartitionId> partitions() {
            return client.partitions();
        }

        @Override
        public PartitionInfo describe(PartitionId id) {
            return client.describe(id);
        }

        @Override
        public void delete(PartitionId id) {
            client.deletePartition(id);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
