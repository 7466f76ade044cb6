package dev.tidemark.server.status;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.WalException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A store of this process. */
public record WalStatus(Wal wal) implements StatusSource.Store {
    @Override
    public String storeId() {
        return wal.storeId().toString();
    }

    @Override
    public List<PartitionInfo> partitions() {
        return wal.describe();
    }

    @Override
    public Map<String, Long> checkpoints(PartitionId id) {
        return of(id, LocalPartition::checkpoints, Map.of());
    }

    @Override
    public List<LostRange> losses(PartitionId id) {
        return of(id, LocalPartition::losses, List.of());
    }

    @Override
    public RecoveryReport recovery() {
        return wal.recovery();
    }

    private <T> T of(PartitionId id, Function<LocalPartition, T> question, T otherwise) {
        try {
            return wal.find(id).map(question).orElse(otherwise);
        } catch (WalException e) {
            // Refused, or deleted meanwhile: its own row says so.
            return otherwise;
        }
    }
}
