package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.Operation;
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

    /** The clean stamp counts segments: one that a trim has deleted would be missing. */
    @Test
    void trimIsTheFirstChangeAfterACleanClose_theStampIsWithdrawnWithIt() {
        SimulatedDisk disk = new SimulatedDisk();
        try (SteppedStore store = open(disk)) {
            LocalPartition partition = store.engine().partition(ORDERS);
            for (int i = 0; i < 3; i++) {
                partition.append(new byte[100]);
                partition.rotate();
            }
        }
        disk.recordFromHere();
        try (SteppedStore store = open(disk)) {
            assertThat(store.engine().recovery().wasClean()).isTrue();
            assertThat(store.engine().partition(ORDERS).trimTo(2)).isEqualTo(2);
        }
        CrashStates states = disk.crashStates();
        while (states.next()) {
            assertOpens(states.killed(), "killed after " + states.last(), 3);
            for (NameRule rule : NameRule.values()) {
                assertOpens(states.powerLoss(CrashPlan.keepNothing(rule)), "power lost after " + states.last(), 3);
            }
        }
        assertOpens(disk, "closed", 3);
    }

    /**
     * On a file system that does not order data before metadata a loss of power shows what the blocks of the seal held before: frames that were truncated,
     * which verify where they lie, and so were taken for damage.
     */
    @Test
    void sealOfATruncatedSegmentIsLost_itsBlocksDoNotShowWhatWasTruncated() {
        SimulatedDisk disk = new SimulatedDisk();
        try (SteppedStore store = open(disk)) {
            LocalPartition partition = store.engine().partition(ORDERS);
            appendSmallOnes(partition);
            partition.truncateAfter(0, Truncation.ALSO_OF_WHAT_IS_READABLE);
            disk.recordFromHere();
            partition.append(new byte[100]);
        }
        assertOpensAfterALossOfItsSeal(disk);
    }

    /** The same where recovery has finished the truncation. */
    @Test
    void sealOfASegmentThatRecoveryTruncatedIsLost_itsBlocksDoNotShowWhatWasTruncated() {
        SimulatedDisk disk = new SimulatedDisk();
        SimulatedDisk killed;
        try (SteppedStore store = open(disk)) {
            LocalPartition partition = store.engine().partition(ORDERS);
            appendSmallOnes(partition);
            disk.recordFromHere();
            partition.truncateAfter(0, Truncation.ALSO_OF_WHAT_IS_READABLE);
            CrashStates states = disk.crashStates();
            while (states.next() && !isIntentDurable(states.last())) {
                assertThat(states.boundary()).isPositive();
            }
            killed = states.killed();
        }
        try (SteppedStore store = open(killed)) {
            assertThat(store.engine().recovery().partitions().get(0).cases()).contains(RecoveryCase.R6);
            killed.recordFromHere();
            store.engine().partition(ORDERS).append(new byte[100]);
        }
        assertOpensAfterALossOfItsSeal(killed);
    }

    private static boolean isIntentDurable(Operation operation) {
        return operation.kind() == Operation.Kind.FORCE_DIRECTORY;
    }

    /** Many of them begin and end within the blocks in which the seal will lie. */
    private static void appendSmallOnes(LocalPartition partition) {
        for (int i = 0; i < 8; i++) {
            partition.append(new byte[] {(byte) i});
        }
    }

    /** Many a loss of power right behind the write of the seal. */
    private void assertOpensAfterALossOfItsSeal(SimulatedDisk disk) {
        CrashStates states = disk.crashStates();
        int met = 0;
        while (states.next()) {
            Operation last = states.last();
            boolean isSeal =
                    last.kind() == Operation.Kind.WRITE && last.path().endsWith("00000000000000000000-00000001.seg");
            for (int seed = 0; isSeal && seed < 300; seed++) {
                SimulatedDisk left = states.powerLoss(CrashPlan.random(NameRule.ANY_FORCE, true, seed));
                met++;
                try (SteppedStore store = open(left)) {
                    assertThat(store.engine().recovery().refused())
                            .as("after %s, seed=%s", last, seed)
                            .isEmpty();
                }
            }
        }
        assertThat(met).isPositive();
    }

    private void assertOpens(SimulatedDisk disk, String when) {
        assertOpens(disk, when, 1);
    }

    private void assertOpens(SimulatedDisk disk, String when, long end) {
        try (SteppedStore store = open(disk)) {
            assertThat(store.engine().recovery().refused()).as(when).isEmpty();
            assertThat(store.engine().partition(ORDERS).ends().durable())
                    .as(when)
                    .isEqualTo(end);
        }
    }
}
