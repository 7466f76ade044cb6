package dev.tidemark.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the fault loop has found, each by itself. */
class FoundByFaultsTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private final SimulatedDisk disk = new SimulatedDisk();
    private final WalConfig config = SteppedStore.stepped(WalConfig.builder(FaultWorkload.DATA))
            .segmentBytes(16 << 10)
            .reserveBytes(64 << 10)
            .prefill(false)
            .build();

    private SteppedStore open() {
        return SteppedStore.open(disk, config, new ManualClock(), 7);
    }

    @Test
    void storeIsClosedBetweenARefusedWriteAndItsUndoing_theAppendIsAnswered() {
        try (SteppedStore store = open()) {
            store.engine().partition(ORDERS).append(new byte[100]);
        }
        CompletableFuture<Long> durable;
        try (SteppedStore store = open()) {
            LocalPartition partition = store.engine().partition(ORDERS);
            // The first change withdraws the clean stamp, and there is no room for that.
            disk.inject(
                    Fault.full(CallMatch.on(Operation.Kind.FORCE).named(".tmp").andAllLater()));
            Appended refused = partition.enqueue(new byte[100]);
            durable = refused.durable().toCompletableFuture();
            store.step();
            assertThat(durable).as("the write was refused, and not undone yet").isNotDone();
            disk.removeFaults();
        }
        assertThat(durable).isCompletedExceptionally();
        assertThatThrownBy(durable::join)
                .hasCauseInstanceOf(AppendRefusedException.class)
                .hasMessageContaining(ErrorCode.STORAGE_FULL.name());
    }

    @Test
    void storeIsClosedWhileTheCleanStampCannotBeWithdrawn_theStampStaysTrue() {
        try (SteppedStore store = open()) {
            store.engine().partition(ORDERS).append(new byte[100]);
        }
        try (SteppedStore store = open()) {
            LocalPartition partition = store.engine().partition(ORDERS);
            disk.inject(Fault.tooManyOpenFiles(
                    CallMatch.on(Operation.Kind.CREATE).named(".tmp").andAllLater()));
            Appended refused = partition.enqueue(new byte[100]);
            assertThat(refused.offset()).isEqualTo(1);
            store.step();
        }
        disk.removeFaults();
        try (SteppedStore store = open()) {
            assertThat(store.engine().partition(ORDERS).append(new byte[100])).isEqualTo(1);
        }
    }

    @Test
    void recoveryHasNoRoomForItsSideFile_theAppendIsRefusedAsOneThatIsNotInTheLog() {
        try (SteppedStore store = open()) {
            store.engine().partition(ORDERS).append(new byte[100]);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE).named(".seg")));
            assertThatThrownBy(() -> store.engine().partition(ORDERS).append(new byte[3_000]))
                    .hasMessageContaining(ErrorCode.PARTITION_FAILED.name());
        }
        tearTheTail();
        disk.inject(Fault.full(CallMatch.on(Operation.Kind.CREATE).named(".cut").andAllLater()));
        try (SteppedStore store = open()) {
            LocalPartition partition = store.engine().partition(ORDERS);
            assertThat(partition.ends().durable()).as("what is good is served").isEqualTo(1);
            assertThatThrownBy(() -> partition.append(new byte[10]))
                    .isInstanceOfSatisfying(
                            AppendRefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
        }
    }

    @Test
    void tailCannotBeWrittenAgainForWantOfABlock_theReserveGivesIt() {
        SimulatedDisk killed;
        try (SteppedStore store = open()) {
            store.engine().partition(ORDERS).append(new byte[100]);
            killed = disk.copy();
        }
        // Where a crash has left a hole for zeros that were part of a frame; or where what is written over goes
        // elsewhere.
        killed.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE).named(".seg")));
        try (SteppedStore store = SteppedStore.open(killed, config, new ManualClock(), 7)) {
            assertThat(store.engine().recovery().refused()).isEmpty();
            assertThat(store.engine().partition(ORDERS).ends().durable()).isEqualTo(1);
        }
    }

    private void tearTheTail() {
        String segment = "00000000000000000000-00000001.seg";
        disk.overwrite(FaultWorkload.DATA.resolve(ORDERS.toString()).resolve(segment), 6_000, new byte[] {1, 2, 3});
    }
}
