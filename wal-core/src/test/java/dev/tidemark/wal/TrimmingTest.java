package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trimming, checkpoints and retention of a real store, over its life and that of others beside it. */
class TrimmingTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    @TempDir
    Path directory;

    private WalConfig.Builder config() {
        return WalConfig.builder(directory).segmentBytes(16 << 10).prefill(false);
    }

    private static byte[] value(long offset) {
        return ByteBuffer.allocate(100).putLong(offset).array();
    }

    private static LocalPartition filled(Wal wal, int segments) {
        LocalPartition orders = wal.partition(ORDERS);
        for (int i = 0; i < segments * 10; i++) {
            orders.append(value(orders.ends().logEnd()));
            if (i % 10 == 9) {
                orders.rotate();
            }
        }
        return orders;
    }

    private static void assertReads(LocalPartition partition, long from, long to) {
        try (Cursor cursor = partition.read(From.start())) {
            for (long i = from; i < to; i++) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(i);
                assertThat(cursor.value()).isEqualTo(value(i));
            }
            assertThat(cursor.next()).isFalse();
        }
    }

    private long segmentFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(ORDERS.toString()))) {
            return files.filter(file -> file.toString().endsWith(".seg")).count();
        }
    }

    @Test
    void startAndCheckpoints_areThereAgainAfterACleanClose() throws IOException {
        try (Wal wal = Wal.open(config().build())) {
            LocalPartition orders = filled(wal, 4);
            orders.checkpoint("billing", 31);
            orders.trimTo(23);
        }
        assertThat(segmentFiles()).isEqualTo(3);
        try (Wal wal = Wal.open(config().build())) {
            assertThat(wal.recovery().wasClean()).isTrue();
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(orders.ends().start()).isEqualTo(23);
            assertThat(orders.checkpoints()).isEqualTo(Map.of("billing", 31L));
            assertReads(orders, 23, 40);
            orders.checkpoint("billing", 32);
        }
        try (Wal wal = Wal.open(config().build())) {
            assertThat(wal.recovery().wasClean())
                    .as("a checkpoint changes nothing in the log")
                    .isTrue();
            assertThat(wal.partition(ORDERS).checkpoints()).isEqualTo(Map.of("billing", 32L));
        }
    }

    @Test
    void fileOfASegmentThatWasStillReadAtTheClose_isDeletedByTheNextOpening() throws IOException {
        Cursor cursor;
        try (Wal wal = Wal.open(config().build())) {
            LocalPartition orders = filled(wal, 3);
            cursor = orders.read(From.start());
            assertThat(cursor.next()).isTrue();
            orders.trimTo(20);
            assertThat(segmentFiles()).isEqualTo(3);
        }
        assertThatThrownBy(cursor::next)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
        cursor.close();
        try (Wal wal = Wal.open(config().build())) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(segmentFiles()).isEqualTo(2);
            assertReads(wal.partition(ORDERS), 20, 30);
        }
    }

    @Test
    void readOnlyStoreBesideAWriterThatTrims_isToldThatItsPlaceIsGone() {
        try (Wal wal = Wal.open(config().build())) {
            LocalPartition orders = filled(wal, 4);
            try (Wal beside = Wal.open(config().readOnly(true).build())) {
                LocalPartition seen = beside.partition(ORDERS);
                orders.checkpoint("billing", 5);
                assertThat(seen.checkpoints()).isEqualTo(Map.of("billing", 5L));
                try (Cursor cursor = seen.read(From.start())) {
                    assertThat(cursor.next()).isTrue();
                    orders.trimTo(30);
                    assertThatThrownBy(() -> {
                                while (cursor.next()) {
                                    assertThat(cursor.value()).isEqualTo(value(cursor.offset()));
                                }
                            })
                            .isInstanceOfSatisfying(
                                    WalException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED));
                }
                assertThat(seen.ends().start()).isEqualTo(30);
                assertReads(seen, 30, 40);
                for (Runnable change : new Runnable[] {
                    () -> seen.trimTo(31),
                    seen::applyRetention,
                    () -> seen.checkpoint("billing", 6),
                    () -> seen.removeCheckpoint("billing")
                }) {
                    assertThatThrownBy(change::run)
                            .isInstanceOfSatisfying(
                                    WalException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.READ_ONLY));
                }
            }
        }
    }

    @Test
    void retention_isAppliedByTheStoreItself_alsoToAPartitionWithoutAppends() {
        try (Wal wal = Wal.open(config().build())) {
            filled(wal, 3);
        }
        WalConfig keeping = config().retention(Retention.FOREVER.withMaxBytes(1))
                .retentionInterval(Duration.ofSeconds(1))
                .build();
        try (Wal wal = Wal.open(keeping)) {
            LocalPartition orders = wal.partition(ORDERS);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> orders.ends().start() == 30 && segmentFiles() == 1);
        }
    }
}
