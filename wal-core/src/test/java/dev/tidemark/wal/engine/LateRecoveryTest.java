package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** P8: recovery that came to reading on a full disk, and what becomes of the rest of it. */
class LateRecoveryTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final String SEGMENT = "00000000000000000000-00000001.seg";
    private static final long MUCH = 1L << 30;

    private SimulatedDisk disk = new SimulatedDisk();
    private final ManualClock clock = new ManualClock();

    /** A store that was killed, with something behind its good frames that is to be kept aside and cut, on a disk that is full to the last block. */
    @BeforeEach
    void tornStoreOnAFullDisk() throws IOException {
        LocalPartition orders = open().partition(ORDERS);
        orders.append(new byte[100]);
        orders.append(new byte[100]);
        disk = disk.killProcess();
        Path segment = DATA.resolve(ORDERS.toString()).resolve(SEGMENT);
        byte[] whole = disk.contents(segment);
        // The second frame, which nothing proves durable, is torn.
        int second = 4096 + 144;
        whole[second + 60] ^= 1;
        disk.damage(segment, whole);
        // RESERVE would be given up for it.
        disk.resize(DATA.resolve("RESERVE"), 0);
        Volume volume = disk.volume(DATA);
        disk.withCapacity(volume.totalBytes() - volume.usableBytes());
    }

    @Test
    void appends_areRefusedUntilThereIsRoomAndThenItIsFinished() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = store.partition(ORDERS);
            assertThat(orders.ends().logEnd()).isEqualTo(1);
            assertCode(ErrorCode.STORAGE_FULL, () -> orders.append(new byte[10]));
            assertThat(orders.tryEnqueue(AppendRequest.of(new byte[10]))).isEmpty();

            disk.withCapacity(MUCH);
            clock.advance(Duration.ofMinutes(1));

            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() ->
                            orders.tryEnqueue(AppendRequest.of(new byte[10])).isPresent());
            assertThat(orders.append(new byte[10])).isEqualTo(2);
        }
        try (Engine store = open()) {
            assertThat(store.recovery().wasClean()).isTrue();
        }
    }

    @Test
    void diskFailsWhileItIsFinished_thePartitionStopsAndReopeningRecoversIt() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = store.partition(ORDERS);
            assertCode(ErrorCode.STORAGE_FULL, () -> orders.append(new byte[10]));
            disk.withCapacity(MUCH);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE, Operation.Kind.CREATE)
                    .where(path -> path.startsWith(DATA.resolve(ORDERS.toString())))));
            clock.advance(Duration.ofMinutes(1));
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
                try {
                    orders.append(new byte[10]);
                    return false;
                } catch (UnavailableException e) {
                    return e.code() == ErrorCode.PARTITION_FAILED;
                } catch (WalException e) {
                    return false;
                }
            });
            assertThat(orders.describe().state()).isEqualTo(LifeState.FAILED);
            assertCode(ErrorCode.PARTITION_FAILED, () -> orders.append(new byte[10]));
        }
        try (Engine store = open()) {
            assertThat(store.partition(ORDERS).append(new byte[10])).isEqualTo(1);
        }
    }

    private Engine open() {
        WalConfig config = WalConfig.builder(DATA)
                .reserveBytes(64 << 10)
                .prefill(false)
                .proofDelay(Duration.ofHours(1))
                .build();
        return Engine.open(config, Environment.real().withDisk(disk).withTime(clock, clock));
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
