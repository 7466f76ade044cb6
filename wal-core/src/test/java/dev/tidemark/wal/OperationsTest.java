package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What a program does in the procedures of {@code docs/operations.md}; their commands are run by the test of the same name in {@code wal-server}. */
class OperationsTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final PartitionId OTHERS = new PartitionId("others", 0);

    private static WalConfig.Builder config() {
        return WalConfig.builder(Path.of("/data")).segmentBytes(64 << 10).reserveBytes(128 << 10);
    }

    @Test
    void fullDisk_trimmingMakesRoomAndAppendsGoOnWithoutARestart() {
        SimulatedDisk disk = new SimulatedDisk().withCapacity(2 << 20);
        try (Engine engine = Engine.open(config().build(), Environment.real().withDisk(disk))) {
            LocalPartition orders = engine.partition(ORDERS);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100_000; i++) {
                            orders.append(new byte[500]);
                        }
                    })
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
            long end = orders.ends().durable();
            assertThat(orders.trimTo(end - 10)).isEqualTo(end - 10);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptionsInstanceOf(WalException.class)
                    .until(() -> {
                        orders.append(bytes("there is room"));
                        return true;
                    });
            try (Cursor cursor = orders.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(end - 10);
            }
        }
    }

    @Test
    void failedForce_othersGoOnAndOpeningAgainRecovers() {
        SimulatedDisk disk = new SimulatedDisk();
        try (Engine engine = Engine.open(config().build(), Environment.real().withDisk(disk))) {
            LocalPartition orders = engine.partition(ORDERS);
            LocalPartition others = engine.partition(OTHERS);
            orders.append(bytes("acknowledged"));
            others.append(bytes("acknowledged"));
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.FORCE).where(path -> path.startsWith(Path.of("/data/orders-0")))));
            assertThatThrownBy(() -> orders.append(bytes("perhaps")))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
            disk.removeFaults();
            assertThatThrownBy(() -> orders.append(bytes("refused")))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
            assertThat(others.append(bytes("goes on"))).isEqualTo(1);
            assertThat(firstOf(orders)).isEqualTo("acknowledged");
        } catch (WalException e) {
            // Closing says that one partition is not clean.
            assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FAILED);
        }
        try (Engine engine = Engine.open(config().build(), Environment.real().withDisk(disk))) {
            assertThat(engine.recovery().refused()).isEmpty();
            LocalPartition orders = engine.partition(ORDERS);
            assertThat(firstOf(orders)).isEqualTo("acknowledged");
            assertThat(orders.append(bytes("goes on"))).isBetween(1L, 2L);
        }
    }

    private static String firstOf(LocalPartition partition) {
        try (Cursor cursor = partition.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            return new String(cursor.value(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
