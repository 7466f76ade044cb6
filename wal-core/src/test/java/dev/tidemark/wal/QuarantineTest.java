package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.partition.VerifyReport;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged stores that are opened with {@code QUARANTINE}: what is served, what is told, and what is left for {@code FAIL}. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class QuarantineTest {
    static final PartitionId ORDERS = new PartitionId("orders", 0);
    static final int HEADER = 4096;
    /** A frame with a value of 100 bytes: 40 of header, 4 of padding. */
    static final int FRAME = 144;

    @TempDir
    Path directory;

    private WalConfig.Builder config() {
        return config(directory);
    }

    /** No frames of the log's own behind a test's back: where each frame lies is known. */
    static WalConfig.Builder config(Path directory) {
        return WalConfig.builder(directory)
                .segmentBytes(16 << 10)
                .prefill(false)
                .proofDelay(Duration.ofHours(1));
    }

    private Wal quarantining() {
        return Wal.open(config().damagePolicy(DamagePolicy.QUARANTINE).build());
    }

    static byte[] value(long offset) {
        return ByteBuffer.allocate(100).putLong(offset).array();
    }

    static void append(LocalPartition partition, int records) {
        for (int i = 0; i < records; i++) {
            partition.append(value(partition.ends().logEnd()));
        }
    }

    /** Segments of ten records each; the newest has {@code last} of them. Closed in order. */
    private List<Path> store(int segments, int last) throws IOException {
        return store(directory, segments, last);
    }

    static List<Path> store(Path directory, int segments, int last) throws IOException {
        try (Wal wal = Wal.open(config(directory).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            for (int i = 1; i < segments; i++) {
                append(orders, 10);
                orders.rotate();
            }
            append(orders, last);
        }
        return segmentFiles(directory);
    }

    private List<Path> segmentFiles() throws IOException {
        return segmentFiles(directory);
    }

    static List<Path> segmentFiles(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(ORDERS.toString()))) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        }
    }

    private List<Path> copiesAside() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(ORDERS.toString()))) {
            return files.filter(file -> file.toString().endsWith(".damaged")).toList();
        }
    }

    static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int was = open.read();
            open.seek(at);
            open.write(was ^ 1);
        }
    }

    static void truncate(Path file, long bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(bytes);
        }
    }

    /** Every offset that can be read, each with its own bytes; what is missing between them must have been told. */
    static TreeSet<Long> readable(LocalPartition partition) {
        TreeSet<Long> read = new TreeSet<>();
        long next = partition.ends().start();
        try (Cursor cursor = partition.read(From.start())) {
            while (true) {
                try {
                    if (!cursor.next()) {
                        break;
                    }
                } catch (DamageException e) {
                    assertThat(e.code()).as("%s", e).isEqualTo(ErrorCode.RECORDS_LOST);
                    assertThat(e.damage().firstOffset()).isEqualTo(next);
                    assertThat(cursor.nextOffset()).isEqualTo(e.damage().endOffset());
                    next = e.damage().endOffset();
                    continue;
                }
                assertThat(cursor.offset()).as("nothing is skipped silently").isEqualTo(next);
                assertThat(cursor.value()).isEqualTo(value(next));
                read.add(next);
                next++;
            }
        }
        assertThat(next).isEqualTo(partition.ends().durable());
        return read;
    }

    static Long[] range(long from, long to) {
        return LongStream.range(from, to).boxed().toArray(Long[]::new);
    }

    static Long[] ranges(long... fromTo) {
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < fromTo.length; i += 2) {
            all.addAll(List.of(range(fromTo[i], fromTo[i + 1])));
        }
        return all.toArray(Long[]::new);
    }

    private void assertOpensUnderFail(Long... readable) {
        for (int i = 0; i < 2; i++) {
            try (Wal wal = Wal.open(config().build())) {
                assertThat(wal.recovery().refused()).isEmpty();
                assertThat(readable(wal.partition(ORDERS))).containsExactly(readable);
            }
        }
        VerifyReport verified = new StoreVerifier(Environment.real(), directory).verify();
        assertThat(verified.partitions())
                .allSatisfy(partition ->
                        assertThat(partition.findings()).allMatch(finding -> finding.severity() == Severity.NOTE));
    }

    private PartitionRecovery.Quarantined quarantined(Wal wal) {
        return wal.recovery().partitions().get(0).quarantined().orElseThrow();
    }

    @Test
    void damageInTheNewestSegment_losesItsRecords_andAppendsGoOnAbove() throws IOException {
        List<Path> segments = store(3, 10);
        flip(segments.get(2), HEADER + 3 * FRAME + 50);
        flip(segments.get(2), HEADER + 10 * FRAME + 8);
        assertThatThrownBy(() -> {
                    try (Wal wal = Wal.open(config().build())) {
                        wal.partition(ORDERS);
                    }
                })
                .isInstanceOf(DamageException.class);
        byte[] damaged = Files.readAllBytes(segments.get(2));

        try (Wal wal = quarantining()) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(quarantined(wal).row()).contains(RecoveryCase.R3);
            assertThat(quarantined(wal).lost())
                    .extracting(LostRange::firstOffset, LostRange::endOffset)
                    .containsExactly(Tuple.tuple(23L, 24L));
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(orders.losses()).isEqualTo(quarantined(wal).lost());
            assertThat(readable(orders)).containsExactly(ranges(0, 23, 24, 30));
            assertThat(orders.append(value(30))).as("above all that was there").isEqualTo(30);
            assertThat(copiesAside()).hasSize(1);
            assertThat(copiesAside().get(0)).hasBinaryContent(damaged);
        }
        assertOpensUnderFail(ranges(0, 23, 24, 31));
    }

    @Test
    void newestSegmentThatIsCutShort_losesItsEnd_andNoOffsetIsGivenTwice() throws IOException {
        List<Path> segments = store(2, 10);
        truncate(segments.get(1), HEADER + 4 * FRAME);
        try (Wal wal = quarantining()) {
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(readable(orders)).containsExactly(range(0, 14));
            assertThat(orders.ends().durable()).isEqualTo(20);
            assertThat(orders.append(value(20))).isEqualTo(20);
        }
        assertOpensUnderFail(ranges(0, 14, 20, 21));
    }

    @Test
    void newestSegmentThatIsGone_isLostAsAWhole() throws IOException {
        List<Path> segments = store(3, 10);
        Files.delete(segments.get(2));
        try (Wal wal = quarantining()) {
            assertThat(quarantined(wal).row()).contains(RecoveryCase.R5);
            assertThat(readable(wal.partition(ORDERS))).containsExactly(range(0, 20));
            append(wal.partition(ORDERS), 5);
        }
        assertOpensUnderFail(ranges(0, 20, 30, 35));
    }

    @Test
    void segmentThatIsMissingInTheMiddle_isAGap() throws IOException {
        List<Path> segments = store(4, 10);
        Files.delete(segments.get(1));
        try (Wal wal = quarantining()) {
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 10, 20, 40));
            append(wal.partition(ORDERS), 5);
        }
        assertOpensUnderFail(ranges(0, 10, 20, 45));
    }

    @Test
    void searchByTime_findsWhatIsBeforeAHeaderThatWasMadeAgain() throws IOException {
        List<Path> segments = store(3, 10);
        Files.delete(segments.get(2));
        Files.delete(segments.get(1));
        try (Wal wal = quarantining()) {
            try (Cursor cursor = wal.partition(ORDERS).read(From.timestamp(1))) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset())
                        .as("all were appended later than in 1970")
                        .isZero();
            }
        }
    }

    @Test
    void whatRecoveryHasCut_isNotServed_whereTheCutDidNotLast() throws IOException {
        Path killed = directory.resolve("killed");
        try (Wal wal = Wal.open(notForcing(directory.resolve("live")))) {
            LocalPartition orders = wal.partition(ORDERS);
            append(orders, 5);
            for (int i = 5; i < 10; i++) {
                orders.append(AppendRequest.of(value(i)).withDurability(Durability.WRITTEN));
            }
            copy(directory.resolve("live"), killed);
        }
        flip(segmentFiles(killed).get(0), HEADER + 7 * FRAME + 60);
        byte[] before = Files.readAllBytes(segmentFiles(killed).get(0));
        Path killedAgain = directory.resolve("killed-again");
        try (Wal wal = Wal.open(notForcing(killed))) {
            assertThat(wal.partition(ORDERS).ends().logEnd()).isEqualTo(7);
            copy(killed, killedAgain);
        }
        Path segment = segmentFiles(killedAgain).get(0);
        assertThat(Files.size(segment)).as("it was cut").isEqualTo(HEADER + 7 * FRAME);
        Files.write(segment, before);
        flip(segment, HEADER + 3 * FRAME + 60);
        try (Wal wal = Wal.open(
                config(killedAgain).damagePolicy(DamagePolicy.QUARANTINE).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(orders.append(value(0))).as("above all that was there").isEqualTo(10);
            assertThat(orders.losses())
                    .extracting(LostRange::firstOffset, LostRange::endOffset)
                    .containsExactly(Tuple.tuple(3L, 4L), Tuple.tuple(7L, 10L));
        }
    }

    /** What is appended as {@code WRITTEN} is not forced, so nothing proves it. */
    private static WalConfig notForcing(Path store) {
        return config(store).maxUnforcedAge(Duration.ofHours(1)).build();
    }

    /** As a kill leaves it. */
    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolve(ORDERS.toString()));
        Files.copy(from.resolve("STORE"), to.resolve("STORE"));
        Path partition = from.resolve(ORDERS.toString());
        Files.copy(partition.resolve("PARTITION"), to.resolve(ORDERS.toString()).resolve("PARTITION"));
        for (Path segment : segmentFiles(from)) {
            Files.copy(segment, to.resolve(from.relativize(segment)));
        }
    }

    @Test
    void badHeader_isMadeAgain_andNothingIsLost() throws IOException {
        List<Path> segments = store(3, 10);
        flip(segments.get(2), 40);
        try (Wal wal = quarantining()) {
            assertThat(quarantined(wal).row()).contains(RecoveryCase.R4);
            assertThat(quarantined(wal).lost()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(range(0, 30));
        }
        assertOpensUnderFail(range(0, 30));
    }

    @Test
    void missingPartitionFile_isMadeAgainFromTheHeaders() throws IOException {
        store(3, 10);
        Files.delete(directory.resolve(ORDERS.toString()).resolve("PARTITION"));
        try (Wal wal = quarantining()) {
            assertThat(quarantined(wal).row()).contains(RecoveryCase.R8);
            assertThat(readable(wal.partition(ORDERS))).containsExactly(range(0, 30));
            append(wal.partition(ORDERS), 5);
        }
        assertOpensUnderFail(range(0, 35));
    }

    @Test
    void allDamagesAtOnce_leaveWhatVerifies() throws IOException {
        List<Path> segments = store(6, 10);
        flip(segments.get(5), HEADER + 2 * FRAME + 1);
        flip(segments.get(4), 60);
        Files.delete(segments.get(2));
        flip(segments.get(1), HEADER + 5 * FRAME + 60);
        try (Wal wal = quarantining()) {
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 15, 16, 20, 30, 52, 53, 60));
        }
        assertOpensUnderFail(ranges(0, 15, 16, 20, 30, 52, 53, 60));
    }

    /** The header of such a frame is good, and a slice is made by headers. */
    @Test
    void frameWithADamagedPayloadThatIsOnRecord_isInNoSlice() throws IOException {
        List<Path> segments = store(3, 10);
        flip(segments.get(2), HEADER + 4 * FRAME + 60);
        // Without this no opening would look at the rest.
        Files.delete(segments.get(1));
        try (Wal wal = quarantining()) {
            LocalPartition orders = wal.partition(ORDERS);
            try (Slices before = orders.slices(20, 1 << 20)) {
                assertThat(before.endOffset()).isEqualTo(24);
            }
            assertThatThrownBy(() -> orders.slices(24, 1 << 20)).isInstanceOfSatisfying(DamageException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.RECORDS_LOST);
                assertThat(e.damage().endOffset()).isEqualTo(25);
            });
            try (Slices behind = orders.slices(25, 1 << 20)) {
                assertThat(behind.firstOffset()).isEqualTo(25);
                assertThat(behind.endOffset()).isEqualTo(30);
            }
        }
    }

    @Test
    void cursorInTheMiddleOfAGap_isToldOfIt_andOneBehindItIsNot() throws IOException {
        List<Path> segments = store(4, 10);
        Files.delete(segments.get(1));
        try (Wal wal = quarantining()) {
            LocalPartition orders = wal.partition(ORDERS);
            try (Cursor cursor = orders.read(From.offset(15))) {
                assertThatThrownBy(cursor::next).isInstanceOfSatisfying(DamageException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.RECORDS_LOST);
                    assertThat(e.damage().endOffset()).isEqualTo(20);
                });
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(20);
            }
            try (Cursor cursor = orders.read(From.offset(20))) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(20);
            }
            assertThatThrownBy(() -> orders.slices(12, 1 << 20))
                    .isInstanceOfSatisfying(
                            DamageException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RECORDS_LOST));
            try (Slices before = orders.slices(3, 1 << 20)) {
                assertThat(before.endOffset()).isEqualTo(10);
            }
            try (Cursor cursor = orders.read(From.timestamp(0))) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isZero();
            }
        }
    }

    @Test
    void readOnlyOpening_quarantinesNothing() throws IOException {
        List<Path> segments = store(3, 10);
        Files.delete(segments.get(1));
        try (Wal wal = Wal.open(
                config().readOnly(true).damagePolicy(DamagePolicy.QUARANTINE).build())) {
            assertThat(wal.recovery().refused()).hasSize(1);
        }
        assertThat(segmentFiles()).hasSize(2);
        assertThat(copiesAside()).isEmpty();
    }

    @Test
    void healthyStore_isLeftAlone() throws IOException {
        store(3, 10);
        try (Wal wal = quarantining()) {
            assertThat(wal.recovery().wasClean()).isTrue();
            assertThat(wal.recovery().partitions().get(0).quarantined()).isEmpty();
            assertThat(wal.partition(ORDERS).losses()).isEmpty();
        }
    }

    @Test
    void partitionOfAnotherName_isNotAdopted() throws IOException {
        store(2, 5);
        Files.move(directory.resolve("orders-0"), directory.resolve("orders-1"));
        try (Wal wal = quarantining()) {
            assertThat(wal.recovery().refused()).hasSize(1);
        }
    }

    @Test
    void producersAreKnownAfterwards_asFarAsTheirRecordsAre() throws IOException {
        ProducerIdentity producer = new ProducerIdentity(7, 1);
        try (Wal wal = Wal.open(config().build())) {
            LocalPartition orders = wal.partition(ORDERS);
            orders.append(AppendRequest.of(value(0)).withProducer(producer, 0));
            append(orders, 9);
            orders.rotate();
            append(orders, 10);
            orders.append(AppendRequest.of(value(20)).withProducer(producer, 1));
        }
        flip(segmentFiles().get(1), HEADER + 3 * FRAME + 60);
        // Without the stamp of the clean close the frames count.
        truncate(segmentFiles().get(1), HEADER + 11 * FRAME + 24);
        try (Wal wal = quarantining()) {
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(orders.append(AppendRequest.of(value(20)).withProducer(producer, 1)))
                    .isEqualTo(20);
            assertThat(orders.append(AppendRequest.of(value(0)).withProducer(producer, 0)))
                    .isZero();
        }
    }

    @Test
    void quarantine_isToldAndCounted() throws IOException {
        List<Path> segments = store(3, 10);
        Files.delete(segments.get(1));
        ConcurrentLinkedQueue<PartitionRecovery.Quarantined> told = new ConcurrentLinkedQueue<>();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        WalListener listener = new WalListener() {
            @Override
            public void quarantined(String partition, PartitionRecovery.Quarantined given) {
                told.add(given);
            }
        };
        UnaryOperator<WalConfig.Builder> heard =
                config -> config.listener(listener).meters(meters);
        try (Wal wal = Wal.open(
                heard.apply(config().damagePolicy(DamagePolicy.QUARANTINE)).build())) {
            assertThat(meters.get("wal.quarantined").counter().count()).isEqualTo(1);
            assertThat(meters.get("wal.records.lost").counter().count()).isEqualTo(10);
            assertThat(wal.recovery().toJson()).contains("\"lost\":[{\"firstOffset\":10,\"endOffset\":20}]");
        }
        assertThat(told).hasSize(1);
        assertThat(told.peek().keptIn()).as("nothing was there to be copied").isEmpty();
    }

    @Test
    void failIsTheDefault() throws IOException {
        List<Path> segments = store(3, 10);
        Files.delete(segments.get(1));
        try (Wal wal = Wal.open(config().build())) {
            assertThatThrownBy(() -> wal.partition(ORDERS)).isInstanceOf(WalException.class);
        }
    }
}
