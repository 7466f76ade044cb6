package dev.tidemark.server.status;

import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.RecoveryReport;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the status page tells of.
 *
 * <p><b>Threads.</b> The one of the status pool; all of it may block.
 */
public interface StatusSource {
    /** How the server is. */
    Server server();

    /** The store, once it is open. */
    Optional<Store> store();

    /**
     * How the server is.
     *
     * @param state where it is in its life, in small letters
     * @param recovered how many partitions were recovered, while it starts
     * @param toRecover out of how many
     */
    record Server(
            String state,
            int recovered,
            int toRecover,
            long connections,
            long subscriptions,
            long inFlightBytes,
            double requests,
            double errors,
            double receivedBytes,
            double sentBytes) {}

    /** An open store. */
    interface Store {
        /** Which it is. */
        String storeId();

        /** Each partition, those that were refused included. */
        List<PartitionInfo> partitions();

        /** The named positions of a partition; nothing where it is not there, or was refused. */
        Map<String, Long> checkpoints(PartitionId id);

        /** What is on record as lost; nothing where the partition is not there, or was refused. */
        List<LostRange> losses(PartitionId id);

        /** What opening found. */
        RecoveryReport recovery();
    }
}
