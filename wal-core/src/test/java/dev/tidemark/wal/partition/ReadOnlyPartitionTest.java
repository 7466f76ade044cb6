package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A partition of a store that was opened to be read. */
class ReadOnlyPartitionTest {

    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private final SimulatedDisk disk = new SimulatedDisk();
    private final ManualClock clock = new ManualClock();

    @Test
    void everyCallThatWouldWrite_isRefusedAndWritesNothing() {
        write();
        long before = disk.fingerprint();
        try (Engine store = look()) {
            LocalPartition orders = store.partition(ORDERS);
            byte[] value = new byte[1];
            List<WalRecord> records = List.of(WalRecord.of(value));
            List<ThrowingCallable> calls = List.of(
                    () -> orders.append(value),
                    () -> orders.append(value, Durability.WRITTEN),
                    () -> orders.append(ByteBuffer.wrap(value)),
                    () -> orders.append(records),
                    () -> orders.append(AppendRequest.of(value)),
                    () -> orders.appendAsync(value),
                    () -> orders.appendAsync(records),
                    () -> orders.appendAsync(AppendRequest.of(value)),
                    () -> orders.enqueue(value),
                    () -> orders.enqueue(AppendRequest.of(value)),
                    () -> orders.tryEnqueue(AppendRequest.of(value)),
                    orders::sync,
                    orders::rotate);
            for (ThrowingCallable call : calls) {
                assertThatThrownBy(call)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.READ_ONLY));
            }
        }
        assertThat(disk.fingerprint()).isEqualTo(before);
    }

    @Test
    void slices_areGivenUpToWhatIsProven() throws Exception {
        write();
        try (Engine store = look();
                Slices slices = store.partition(ORDERS).slices(1, 1 << 20)) {
            assertThat(slices.firstOffset()).isEqualTo(1);
            assertThat(slices.endOffset()).isEqualTo(3);
        }
    }

    @Test
    void filesThatCannotBeReadAnyMore_failWhoWaitsForMore() {
        write();
        try (Engine store = look()) {
            LocalPartition orders = store.partition(ORDERS);
            CompletableFuture<Long> more = orders.whenReadable(3);
            assertThat(more).isNotDone();
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> clock.waitingTasks() > 0);
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.READ).named(".seg").andAllLater()));
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.OPEN).named(".seg").andAllLater()));

            clock.advance(Duration.ofSeconds(1));

            assertThatThrownBy(() -> more.get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(WalException.class);
            disk.removeFaults();
        }
    }

    @Test
    void closedStore_refusesToReadAndDescribesItselfAsClosed() {
        write();
        Engine store = look();
        LocalPartition orders = store.partition(ORDERS);
        store.close();

        assertThatThrownBy(() -> orders.slices(0, 100))
                .isInstanceOfSatisfying(
                        UnavailableException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
        assertThat(orders.describe().state()).isEqualTo(LifeState.CLOSED);
        assertThat(orders.describe().failure()).as("being closed is no failure").isEmpty();
        assertThat(orders.ends().written()).isEqualTo(3);
    }

    private void write() {
        try (Engine store = open(false)) {
            LocalPartition orders = store.partition(ORDERS);
            for (int i = 0; i < 3; i++) {
                orders.append(new byte[100]);
            }
        }
    }

    private Engine look() {
        return open(true);
    }

    private Engine open(boolean isReadOnly) {
        WalConfig config = WalConfig.builder(DATA)
                .reserveBytes(64 << 10)
                .prefill(false)
                .readOnly(isReadOnly)
                .build();
        return Engine.open(config, Environment.real().withDisk(disk).withTime(clock, clock));
    }
}
