package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.Flushers;
import dev.tidemark.wal.partition.StoredPartitions;

/** Opens a whole store that hands the turns of its flushers to flushers of a test's own. */
public final class SteppedEngine {
    private SteppedEngine() {}

    /** As {@link Engine#open(WalConfig, Environment)}, but for the flushers. */
    public static Engine open(WalConfig config, Environment environment, Flushers flushers) {
        return Engine.open(config, environment, StoredPartitions::new, pool -> flushers);
    }
}
