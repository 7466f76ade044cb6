package dev.tidemark.wal;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;

/** Opens a store in another world than the real one, for tests of other modules. */
public final class SimulatedWal {
    private SimulatedWal() {}

    /** As {@link Wal#open(WalConfig)}. */
    public static Wal open(WalConfig config, Environment environment) {
        return Wal.open(config, environment);
    }
}
