package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.Flushers;
import dev.tidemark.wal.partition.PartitionServices;
import dev.tidemark.wal.partition.StoredPartitions;

/** Opens a whole store whose partitions hand their turns to flushers of a test's own. */
public final class SteppedEngine {
    private SteppedEngine() {}

    /** As {@link Engine#open(WalConfig, Environment)}, but for the flushers. */
    public static Engine open(WalConfig config, Environment environment, Flushers flushers) {
        return Engine.open(config, environment, services -> new StoredPartitions(with(flushers, services)));
    }

    private static PartitionServices with(Flushers flushers, PartitionServices services) {
        return new PartitionServices(
                services.storeId(),
                services.config(),
                services.environment(),
                services.files(),
                services.memory(),
                services.budget(),
                flushers,
                services.completions(),
                services.events(),
                services.meters(),
                services.room(),
                services.forces());
    }
}
