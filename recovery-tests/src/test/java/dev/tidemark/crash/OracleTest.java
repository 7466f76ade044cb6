package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The oracle is tested itself: by a store in which something is wrong. */
class OracleTest {
    private static final PartitionId PARTITION = new PartitionId("p", 0);

    private final SimulatedDisk disk = new SimulatedDisk();
    private final WalConfig config = SteppedStore.stepped(WalConfig.builder(Workload.DATA)
                    .reserveBytes(64 << 10)
                    .segmentBytes(16 << 10)
                    .damagePolicy(DamagePolicy.QUARANTINE))
            .build();

    private SteppedStore open(long seed) {
        return SteppedStore.open(disk, config, new ManualClock(), seed);
    }

    @Test
    void damageThatIsQuarantined_neverPassesForAMereCrash() {
        History history = new History();
        History.Log log = history.log(PARTITION);
        try (SteppedStore store = open(1)) {
            Client client = new Client(disk, store.engine().partition(PARTITION), log);
            Payloads payloads = new Payloads(disk, new SplittableRandom(1), 500);
            client.append(payloads.next(Durability.SYNCED, Workload.DATA));
        }
        Path metadata = Workload.DATA.resolve(PARTITION.toString()).resolve("PARTITION");
        disk.flipBit(metadata, 100);
        long now = disk.operationCount();
        try (SteppedStore store = open(2)) {
            assertThatThrownBy(() -> Oracle.read(store.engine(), history, now))
                    .isInstanceOf(Oracle.Violation.class)
                    .hasMessageContaining("a mere crash was quarantined: partition=" + PARTITION);
        }
    }
}
