package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import org.junit.jupiter.api.Test;

/** What the enumeration has found, each by itself. */
class FoundByEnumerationTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private final ManualClock clock = new ManualClock();
    private final WalConfig config = SteppedStore.stepped(WalConfig.builder(Workload.DATA))
            .segmentBytes(16 << 10)
            .reserveBytes(64 << 10)
            .build();

    private SteppedStore open(SimulatedDisk disk) {
        return SteppedStore.open(disk, config, clock, 7);
    }

    @Test
    void rotationIsTheFirstChangeAfterACleanClose_theStampIsWithdrawnBeforeThereIsOneMoreSegment() {
        SimulatedDisk disk = new SimulatedDisk();
        try (SteppedStore store = open(disk)) {
            store.engine().partition(ORDERS).append(new byte[100]);
        }
        disk.recordFromHere();
        try (SteppedStore store = open(disk)) {
            assertThat(store.engine().recovery().wasClean()).isTrue();
            LocalPartition partition = store.engine().partition(ORDERS);
            assertThat(partition.rotate()).isEqualTo(1);
        }
        CrashStates states = disk.crashStates();
        while (states.next()) {
            assertOpens(states.killed(), "killed after " + states.last());
        }
        assertOpens(disk, "closed");
    }

    private void assertOpens(SimulatedDisk disk, String when) {
        try (SteppedStore store = open(disk)) {
            assertThat(store.engine().recovery().refused()).as(when).isEmpty();
            assertThat(store.engine().partition(ORDERS).ends().durable())
                    .as(when)
                    .isEqualTo(1);
        }
    }
}
