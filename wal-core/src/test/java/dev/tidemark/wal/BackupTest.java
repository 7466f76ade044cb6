package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Backups of real stores, and what comes of opening them. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BackupTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final PartitionId PAYMENTS = new PartitionId("payments", 3);

    @TempDir
    Path temporary;

    private Path data;
    private Path copy;

    @BeforeEach
    void directories() {
        data = temporary.resolve("data");
        copy = temporary.resolve("backups").resolve("monday");
    }

    private WalConfig.Builder config(Path directory) {
        // No frames of the log's own behind a test's back: where each frame lies is known.
        return WalConfig.builder(directory)
                .segmentBytes(16 << 10)
                .prefill(false)
                .proofDelay(Duration.ofHours(1));
    }

    private static byte[] value(PartitionId id, long offset) {
        return ByteBuffer.allocate(200).putLong(offset).putInt(id.hashCode()).array();
    }

    private static void append(LocalPartition partition, int records) {
        for (int i = 0; i < records; i++) {
            partition.append(value(partition.id(), partition.ends().logEnd()));
        }
    }

    private static void assertReads(LocalPartition partition, long from, long to) {
        assertThat(partition.ends().start()).isEqualTo(from);
        try (Cursor cursor = partition.read(From.start())) {
            for (long i = from; i < to; i++) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(i);
                assertThat(cursor.value()).isEqualTo(value(partition.id(), i));
            }
            assertThat(cursor.next()).isFalse();
        }
    }

    @Test
    void openingTheCopy_isTheRestore() {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 300);
            append(wal.partition(PAYMENTS), 5);
            wal.partition(ORDERS).checkpoint("billing", 250);
            wal.partition(ORDERS).trimTo(130);

            BackupReport report = wal.backup(copy);

            assertThat(report.partitions())
                    .extracting(BackupReport.PartitionBackup::partition)
                    .containsExactly("orders-0", "payments-3");
            assertThat(report.partitions().get(0).start()).isEqualTo(130);
            assertThat(report.partitions().get(0).end()).isEqualTo(300);
            assertThat(report.partitions().get(0).segments())
                    .isEqualTo(wal.partition(ORDERS).describe().segments().size());
            assertThat(report.bytes())
                    .isEqualTo(report.partitions().stream()
                            .mapToLong(BackupReport.PartitionBackup::bytes)
                            .sum());
        }
        try (Wal restored = Wal.open(config(copy).createIfMissing(false).build())) {
            assertThat(restored.recovery().refused()).isEmpty();
            assertThat(restored.recovery().partitions())
                    .allSatisfy(found -> assertThat(found.cases()).containsExactly(RecoveryCase.R1));
            assertThat(restored.partitions()).containsExactly(ORDERS, PAYMENTS);
            LocalPartition orders = restored.partition(ORDERS);
            assertReads(orders, 130, 300);
            assertThat(orders.checkpoints()).isEqualTo(Map.of("billing", 250L));
            assertReads(restored.partition(PAYMENTS), 0, 5);
            append(orders, 100);
            assertReads(orders, 130, 400);
            append(restored.partition(PAYMENTS), 1);
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            assertThat(restored.recovery().wasClean()).isTrue();
            assertReads(restored.partition(ORDERS), 130, 400);
        }
    }

    @Test
    void copyHasNothingUnfinishedInIt_andVerifies() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 100);
            wal.backup(copy);
        }
        try (Stream<Path> files = Files.list(copy)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("STORE", "orders-0");
        }
        assertThat(new StoreVerifier(Environment.real(), copy).verify().worst()).isEmpty();
    }

    @Test
    void segmentThatGoesOnInTheOriginal_doesNotGoOnInTheCopy() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 10);
            wal.backup(copy);
            append(wal.partition(ORDERS), 10);
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            append(restored.partition(ORDERS), 1);
            assertThat(restored.partition(ORDERS).describe().segments())
                    .as("one id never stands for two histories")
                    .hasSize(2);
        }
    }

    @Test
    void copiedPartitionKnowsItsProducers() {
        ProducerIdentity producer = new ProducerIdentity(7, 1);
        try (Wal wal = Wal.open(config(data).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            append(orders, 100);
            orders.append(AppendRequest.of(value(ORDERS, 100)).withProducer(producer, 0));
            append(orders, 100);
            orders.append(AppendRequest.of(value(ORDERS, 201)).withProducer(producer, 1));
            wal.backup(copy);
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            LocalPartition orders = restored.partition(ORDERS);
            assertThat(orders.append(AppendRequest.of(value(ORDERS, 100)).withProducer(producer, 0)))
                    .isEqualTo(100);
            assertThat(orders.append(AppendRequest.of(value(ORDERS, 201)).withProducer(producer, 1)))
                    .isEqualTo(201);
            assertReads(orders, 0, 202);
        }
    }

    @Test
    void whatIsNotDurableYet_isNotInTheBackup() {
        try (Wal wal =
                Wal.open(config(data).maxUnforcedAge(Duration.ofMinutes(10)).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            append(orders, 10);
            orders.append(value(ORDERS, 10), Durability.WRITTEN);
            assertThat(wal.backup(copy).partitions().get(0).end())
                    .isEqualTo(10)
                    .isEqualTo(orders.ends().durable());
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            assertReads(restored.partition(ORDERS), 0, 10);
        }
    }

    @Test
    void storeThatWasClosedInOrder_isCopiedByAReader() {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 200);
        }
        try (Wal reader = Wal.open(config(data).readOnly(true).build())) {
            reader.backup(copy);
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            assertReads(restored.partition(ORDERS), 0, 200);
        }
        try (Wal original = Wal.open(config(data).build())) {
            assertThat(original.recovery().wasClean()).as("nothing was changed").isTrue();
        }
    }

    @Test
    void readerBesideAWriter_copiesAllThatIsThere() {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 150);
            try (Wal reader = Wal.open(config(data).readOnly(true).build())) {
                append(wal.partition(ORDERS), 150);
                BackupReport report = reader.backup(copy);
                assertThat(report.partitions().get(0).end())
                        .as("unproven as the last of them are, a crash would leave them")
                        .isEqualTo(300);
            }
        }
        try (Wal restored = Wal.open(config(copy).build())) {
            assertReads(restored.partition(ORDERS), 0, 300);
        }
    }

    @Test
    void appendsChangesOfSegmentAndTrims_goOnMeanwhile() throws Exception {
        AtomicBoolean isOver = new AtomicBoolean();
        try (Wal wal = Wal.open(config(data).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            append(orders, 500);
            // A thread of its own: the common pool may have no more than one.
            FutureTask<Void> writer = new FutureTask<>(() -> {
                while (!isOver.get()) {
                    append(orders, 20);
                    orders.trimTo(orders.ends().durable() - 400);
                }
                return null;
            });
            new Thread(writer, "writer").start();
            try {
                for (int i = 0; i < 5; i++) {
                    long before = orders.ends().durable();
                    BackupReport report = wal.backup(temporary.resolve("live" + i));
                    assertThat(report.partitions().get(0).end()).isGreaterThanOrEqualTo(before);
                }
            } finally {
                isOver.set(true);
                writer.get(4, TimeUnit.MINUTES);
            }
        }
        for (int i = 0; i < 5; i++) {
            try (Wal restored = Wal.open(
                    config(temporary.resolve("live" + i)).readOnly(true).build())) {
                LocalPartition orders = restored.partition(ORDERS);
                assertReads(orders, orders.ends().start(), orders.ends().durable());
            }
        }
    }

    @Test
    void segmentThatIsCopied_isNotTrimmedAway() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            append(orders, 300);
            AtomicBoolean hasTrimmed = new AtomicBoolean();
            BackupReport report = wal.backup(copy, bytes -> {
                if (hasTrimmed.compareAndSet(false, true)) {
                    assertThat(orders.trimTo(290)).isEqualTo(290);
                }
            });
            assertThat(report.partitions().get(0).start())
                    .as("as it was at one moment")
                    .isZero();
            Awaitility.await("deleted when the backup has let go of them")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> segmentFiles(data) <= 2);
        }
        try (Wal restored = Wal.open(config(copy).readOnly(true).build())) {
            assertReads(restored.partition(ORDERS), 0, 300);
        }
    }

    private static long segmentFiles(Path store) throws IOException {
        try (Stream<Path> files = Files.list(store.resolve(ORDERS.toString()))) {
            return files.filter(file -> file.toString().endsWith(".seg")).count();
        }
    }

    @Test
    void emptyStore_isAStoreAgain() {
        try (Wal wal = Wal.open(config(data).build())) {
            assertThat(wal.backup(copy).partitions()).isEmpty();
        }
        try (Wal restored = Wal.open(config(copy).createIfMissing(false).build())) {
            assertThat(restored.partitions()).isEmpty();
        }
    }

    @Test
    void targetThatHasSomethingInIt_isRefusedAndLeftAlone() throws IOException {
        Files.createDirectories(copy);
        Path mine = Files.writeString(copy.resolve("mine"), "mine");
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 10);
            assertRefused(wal, copy);
            assertRefused(wal, mine);
            assertRefused(wal, data);
            assertRefused(wal, data.resolve("backup"));
            assertRefused(wal, temporary);
        }
        assertThat(mine).hasContent("mine");
        assertThat(data.resolve("backup")).doesNotExist();
    }

    private static void assertRefused(Wal wal, Path target) {
        assertThatThrownBy(() -> wal.backup(target))
                .isInstanceOf(WalException.class)
                .extracting(error -> ((WalException) error).code())
                .isEqualTo(ErrorCode.ARGUMENT_INVALID);
    }

    @Test
    void damagedRecordInASealedSegment_endsTheBackup_andWhatIsThereIsNotAStore() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 200);
            flip(segments().get(0), 4096 + 60);
            assertThatThrownBy(() -> wal.backup(copy)).isInstanceOfSatisfying(DamageException.class, error -> {
                assertThat(error.code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
                assertThat(error.damage().file()).startsWith("orders-0/00000000000000000000-");
                assertThat(error.damage().firstOffset()).isZero();
            });
        }
        for (boolean readOnly : new boolean[] {false, true}) {
            assertThatThrownBy(() -> Wal.open(config(copy).readOnly(readOnly).build()))
                    .isInstanceOfSatisfying(
                            WalException.class,
                            error ->
                                    assertThat(error.code()).isIn(ErrorCode.STORE_UNKNOWN, ErrorCode.METADATA_CORRUPT));
        }
        assertThat(copy.resolve("BACKUP-UNFINISHED")).content().contains("is not a backup");
    }

    /** Once more, because it could have been a truncation; and then no more, however large the partition is. */
    @Test
    void damagedRecord_isToldAfterASecondCopy() {
        SimulatedDisk disk = new SimulatedDisk();
        Path store = Path.of("/data");
        Path target = Path.of("/copy");
        try (Engine engine =
                Engine.open(config(store).build(), Environment.real().withDisk(disk))) {
            append(engine.partition(ORDERS), 20);
            Path segment = disk.files().stream()
                    .filter(file -> file.toString().endsWith(".seg"))
                    .findFirst()
                    .orElseThrow();
            disk.flipBit(segment, (4096 + 60) * 8L);
            disk.recordFromHere();
            assertThatThrownBy(() -> engine.backup(target, copied -> {})).isInstanceOf(DamageException.class);
            assertThat(disk.operations())
                    .filteredOn(operation -> operation.kind() == Operation.Kind.OPEN
                            && operation.path().equals(segment))
                    .hasSize(2);
        }
    }

    @Test
    void damagedRecordInTheNewestSegment_endsTheBackup() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 20);
            flip(segments().get(0), 4096 + 60);
            assertThatThrownBy(() -> wal.backup(copy)).isInstanceOf(DamageException.class);
        }
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve(ORDERS.toString()))) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int was = open.read();
            open.seek(at);
            open.write(was ^ 1);
        }
    }

    @Test
    void partitionThatWasRefused_endsTheBackupBeforeItBegins() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 10);
        }
        Files.delete(data.resolve(ORDERS.toString()).resolve("PARTITION"));
        try (Wal wal = Wal.open(config(data).build())) {
            assertThatThrownBy(() -> wal.backup(copy))
                    .isInstanceOfSatisfying(
                            DamageException.class,
                            error -> assertThat(error.code()).isEqualTo(ErrorCode.METADATA_CORRUPT));
        }
        assertThat(copy).doesNotExist();
    }

    @Test
    void closedStore_isNotBackedUp() {
        Wal wal = Wal.open(config(data).build());
        wal.close();
        assertThatThrownBy(() -> wal.backup(copy))
                .isInstanceOfSatisfying(
                        WalException.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.STORE_CLOSED));
    }

    @Test
    void storeThatIsClosedMeanwhile_endsTheBackup() {
        Wal wal = Wal.open(config(data).build());
        append(wal.partition(ORDERS), 300);
        append(wal.partition(PAYMENTS), 300);
        assertThatThrownBy(() -> wal.backup(copy, bytes -> wal.close()))
                .isInstanceOfSatisfying(
                        WalException.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.STORE_CLOSED));
        assertThat(copy.resolve("STORE")).doesNotExist();
    }

    @Test
    void finishedBackup_isToldAndCounted() {
        ConcurrentLinkedQueue<BackupReport> told = new ConcurrentLinkedQueue<>();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        WalListener listener = new WalListener() {
            @Override
            public void backedUp(BackupReport report) {
                told.add(report);
            }
        };
        BackupReport report;
        try (Wal wal = Wal.open(config(data).listener(listener).meters(meters).build())) {
            append(wal.partition(ORDERS), 10);
            report = wal.backup(copy);
            assertThat(meters.get("wal.backup").timer().count()).isEqualTo(1);
            assertThat(meters.get("wal.backup.bytes").counter().count()).isEqualTo(report.bytes());
        }
        assertThat(told).containsExactly(report);
    }

    @Test
    void verifyOfAnUnfinishedBackup_saysThatStoreIsMissing() throws IOException {
        try (Wal wal = Wal.open(config(data).build())) {
            append(wal.partition(ORDERS), 10);
            wal.backup(copy);
        }
        Files.delete(copy.resolve("STORE"));
        assertThat(new StoreVerifier(Environment.real(), copy).verify().worst()).contains(Severity.DAMAGE);
        assertThatThrownBy(() -> Wal.open(config(copy).build()))
                .isInstanceOfSatisfying(
                        WalException.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.METADATA_CORRUPT));
    }
}
