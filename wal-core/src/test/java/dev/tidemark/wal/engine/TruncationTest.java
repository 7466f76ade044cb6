package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The new end of a log goes back, beside everything that may be under way. */
class TruncationTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final Path DIRECTORY = DATA.resolve(ORDERS.toString());
    private static final long LONG_SECONDS = 60;
    private static final Truncation ALSO_READABLE = Truncation.ALSO_OF_WHAT_IS_READABLE;

    private SimulatedDisk disk = new SimulatedDisk();
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        disk.removeFaults();
        pool.shutdownNow();
        assertThat(pool.awaitTermination(LONG_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    private Engine open() {
        return open(settings -> settings);
    }

    private Engine open(UnaryOperator<WalConfig.Builder> more) {
        WalConfig config = more.apply(WalConfig.builder(DATA)
                        .segmentBytes(16 << 10)
                        .reserveBytes(64 << 10)
                        .prefill(false)
                        .proofDelay(Duration.ofHours(1))
                        .maxUnforcedAge(Duration.ofHours(1))
                        .lockTimeout(Duration.ofSeconds(LONG_SECONDS))
                        .closeTimeout(Duration.ofSeconds(LONG_SECONDS)))
                .build();
        return Engine.open(config, Environment.real().withDisk(disk));
    }

    /** Records 0 to {@code records}, in segments of ten. */
    private static LocalPartition filled(Engine store, int records) {
        LocalPartition partition = store.partition(ORDERS);
        append(partition, records);
        return partition;
    }

    private static void append(LocalPartition partition, long upTo) {
        for (long i = partition.ends().logEnd(); i < upTo; i++) {
            assertThat(partition.append(value(i))).isEqualTo(i);
            if (i % 10 == 9) {
                partition.rotate();
            }
        }
    }

    private static byte[] value(long number) {
        return ByteBuffer.allocate(100).putLong(number).array();
    }

    private static byte[] other(long number) {
        return ByteBuffer.allocate(60).putLong(-number).array();
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static void assertFailsWith(
            Class<? extends WalException> type, ErrorCode code, CompletionStage<?> outcome) {
        assertThatThrownBy(() -> outcome.toCompletableFuture().get(LONG_SECONDS, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(type, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static void assertReads(LocalPartition partition, long from, long to) {
        try (Cursor cursor = partition.read(From.start())) {
            for (long i = from; i < to; i++) {
                assertThat(cursor.next()).as("record %s", i).isTrue();
                assertThat(cursor.offset()).isEqualTo(i);
                assertThat(cursor.value()).isEqualTo(value(i));
            }
            assertThat(cursor.next()).isFalse();
        }
    }

    private PartitionFile partitionFile() {
        return PartitionFile.decode(disk.contents(DIRECTORY.resolve("PARTITION")))
                .value()
                .orElseThrow();
    }

    private long segmentFiles() {
        return disk.files().stream()
                .filter(path -> path.toString().endsWith(".seg"))
                .count();
    }

    // ---------------------------------------------------------------- the end

    @Test
    void truncated_theLogEndsThereAndGoesOnFromThere() {
        for (int end : new int[] {0, 3, 9, 10, 11, 20, 25, 29, 30, 33}) {
            disk = new SimulatedDisk();
            try (Engine store = open()) {
                LocalPartition orders = filled(store, 34);
                assertThat(orders.truncateAfter(end, ALSO_READABLE)).isEqualTo(end);
                assertThat(orders.ends()).isEqualTo(new Ends(0, end, end, end, end));
                assertReads(orders, 0, end);
                assertThat(partitionFile().intents()).as("carried out").isEmpty();
                assertThat(partitionFile().provenEnd()).isEqualTo(end);
                append(orders, 45);
                assertReads(orders, 0, 45);
            }
            try (Engine store = open()) {
                assertThat(store.recovery().wasClean()).as("end %s", end).isTrue();
                assertReads(store.partition(ORDERS), 0, 45);
            }
        }
    }

    @Test
    void truncatedAndClosed_theEndIsStillThereAndTheNextAppendHasAHigherEpoch() {
        try (Engine store = open()) {
            filled(store, 34).truncateAfter(15, ALSO_READABLE);
            assertThat(segmentFiles()).isEqualTo(2);
        }
        int epoch = partitionFile().lastEpoch();
        try (Engine store = open()) {
            LocalPartition orders = store.partition(ORDERS);
            assertReads(orders, 0, 15);
            append(orders, 16);
            assertThat(partitionFile().active().name().epoch()).isGreaterThan(epoch);
            assertReads(orders, 0, 16);
        }
    }

    @Test
    void truncatedTwice_doesNothingTheSecondTime() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            orders.truncateAfter(5, ALSO_READABLE);
            long operations = disk.count(Operation.Kind.RENAME);
            assertThat(orders.truncateAfter(5, ALSO_READABLE)).isEqualTo(5);
            assertThat(orders.truncateAfter(5)).isEqualTo(5);
            assertThat(disk.count(Operation.Kind.RENAME)).isEqualTo(operations);
        }
    }

    @Test
    void truncatedAgainAndAgain_keepsWhatWasThereAndTakesWhatComes() {
        try (Engine store = open()) {
            LocalPartition orders = store.partition(ORDERS);
            for (int round = 1; round <= 30; round++) {
                append(orders, round * 3 + 8);
                orders.truncateAfter(round * 3, ALSO_READABLE);
                assertReads(orders, 0, round * 3);
            }
        }
        try (Engine store = open()) {
            assertThat(store.recovery().refused()).isEmpty();
            assertReads(store.partition(ORDERS), 0, 90);
        }
    }

    @Test
    void placesWhereTheLogCannotEnd_areRefusedAndChangeNothing() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            orders.append(List.of(WalRecord.of(value(12)), WalRecord.of(value(13))));
            orders.trimTo(4);
            assertCode(ErrorCode.OFFSET_READABLE, () -> orders.truncateAfter(8));
            assertCode(ErrorCode.OFFSET_TRIMMED, () -> orders.truncateAfter(3, ALSO_READABLE));
            assertCode(ErrorCode.OFFSET_BEYOND_END, () -> orders.truncateAfter(15, ALSO_READABLE));
            assertCode(ErrorCode.ARGUMENT_INVALID, () -> orders.truncateAfter(13, ALSO_READABLE));
            assertCode(ErrorCode.ARGUMENT_INVALID, () -> orders.truncateAfter(-1, ALSO_READABLE));
            assertThat(orders.ends()).isEqualTo(new Ends(4, 14, 14, 14, 14));
            assertThat(orders.truncateAfter(4, ALSO_READABLE)).isEqualTo(4);
            assertThat(orders.append(value(4))).isEqualTo(4);
            assertReads(orders, 4, 5);
        }
    }

    @Test
    void conditionalAppend_goesByTheNewEnd() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            orders.truncateAfter(7, ALSO_READABLE);
            assertCode(
                    ErrorCode.OFFSET_MISMATCH,
                    () -> orders.append(AppendRequest.of(value(12)).withExpectedOffset(12)));
            assertThat(orders.append(AppendRequest.of(value(7)).withExpectedOffset(7)))
                    .isEqualTo(7);
        }
    }

    @Test
    void checkpoints_areLoweredToTheEnd() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            orders.checkpoint("ahead", 11);
            orders.checkpoint("behind", 3);
            orders.truncateAfter(7, ALSO_READABLE);
            assertThat(orders.checkpoints()).isEqualTo(Map.of("ahead", 7L, "behind", 3L));
            assertCode(ErrorCode.OFFSET_BEYOND_END, () -> orders.checkpoint("ahead", 8));
        }
    }

    @Test
    void listener_hearsOfIt() {
        List<String> heard = new CopyOnWriteArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void truncated(PartitionId partition, long endOffset, int segments) {
                heard.add(partition + " " + endOffset + " " + segments);
            }
        };
        try (Engine store = open(settings -> settings.listener(listener))) {
            filled(store, 25).truncateAfter(5, ALSO_READABLE);
        }
        assertThat(heard).containsExactly("orders-0 5 2");
    }

    @Test
    void readOnlyStore_isNotTruncated() {
        try (Engine store = open()) {
            filled(store, 5);
        }
        try (Engine store = open(settings -> settings.readOnly(true))) {
            assertCode(ErrorCode.READ_ONLY, () -> store.partition(ORDERS).truncateAfter(2, ALSO_READABLE));
        }
    }

    // ---------------------------------------------------------------- producers

    @Test
    void whatAProducerHadSentBehindTheEnd_isWrittenWhenItIsSentAgain() {
        ProducerIdentity producer = new ProducerIdentity(7, 0);
        for (boolean isReopened : new boolean[] {false, true}) {
            disk = new SimulatedDisk();
            Engine store = open();
            LocalPartition orders = store.partition(ORDERS);
            for (int i = 0; i < 12; i++) {
                orders.append(AppendRequest.of(value(i)).withProducer(producer, i));
                if (i == 3 || i == 9) {
                    orders.rotate();
                }
            }
            orders.append(AppendRequest.of(value(12)).withProducer(new ProducerIdentity(8, 0), 0));
            orders.truncateAfter(6, ALSO_READABLE);
            if (isReopened) {
                store.close();
                store = open();
                orders = store.partition(ORDERS);
            }
            assertThat(orders.append(AppendRequest.of(value(5)).withProducer(producer, 5)))
                    .as("a repeat")
                    .isEqualTo(5);
            assertThat(orders.append(AppendRequest.of(value(6)).withProducer(producer, 6)))
                    .as("not there any more")
                    .isEqualTo(6);
            assertThat(orders.append(AppendRequest.of(value(7)).withProducer(new ProducerIdentity(8, 0), 0)))
                    .as("the other one is unknown again")
                    .isEqualTo(7);
            assertReads(orders, 0, 8);
            store.close();
        }
    }

    // ---------------------------------------------------------------- who was at it

    @Test
    void appendsThatAreStaged_areRefusedAndTheNextOneTakesTheirPlace() throws Exception {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 5);
            Gate gate = disk.hold(
                    Gate.Position.BEFORE_EFFECT,
                    CallMatch.on(Operation.Kind.FORCE).named(".seg"));
            Appended underway = orders.enqueue(AppendRequest.of(value(5)).withDurability(Durability.SYNCED));
            gate.awaitArrival(Duration.ofSeconds(LONG_SECONDS));
            Appended staged = orders.enqueue(AppendRequest.of(value(6)).withDurability(Durability.SYNCED));
            Future<Long> truncating = pool.submit(() -> orders.truncateAfter(6));
            gate.open();
            assertThat(underway.durable().toCompletableFuture().get(LONG_SECONDS, TimeUnit.SECONDS))
                    .isEqualTo(5);
            // Which of the two the force right goes to first is not for us to say.
            try {
                assertThat(truncating.get(LONG_SECONDS, TimeUnit.SECONDS)).isEqualTo(6);
                assertFailsWith(AppendRefusedException.class, ErrorCode.OFFSET_TRUNCATED, staged.durable());
                assertThat(orders.append(value(6))).isEqualTo(6);
            } catch (ExecutionException e) {
                assertThat(e.getCause())
                        .isInstanceOfSatisfying(
                                WalException.class,
                                told -> assertThat(told.code()).isEqualTo(ErrorCode.OFFSET_READABLE));
                assertThat(staged.durable().toCompletableFuture().get(LONG_SECONDS, TimeUnit.SECONDS))
                        .isEqualTo(6);
            }
            assertReads(orders, 0, 7);
        }
    }

    @Test
    void cursorBehindTheEnd_isToldForEverAndOthersGoOn() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 34);
            try (Cursor behind = orders.read(From.offset(18));
                    Cursor at = orders.read(From.offset(15));
                    Cursor before = orders.read(From.start())) {
                assertThat(behind.next()).isTrue();
                assertThat(before.next()).isTrue();
                orders.truncateAfter(15, ALSO_READABLE);
                assertThat(behind.value()).as("the entry it stands on").isEqualTo(value(18));
                assertCode(ErrorCode.OFFSET_TRUNCATED, behind::next);
                for (int i = 15; i < 40; i++) {
                    orders.append(other(i));
                }
                assertCode(ErrorCode.OFFSET_TRUNCATED, behind::next);
                for (int i = 1; i < 40; i++) {
                    assertThat(before.next()).isTrue();
                    assertThat(before.offset()).isEqualTo(i);
                    assertThat(before.value()).isEqualTo(i < 15 ? value(i) : other(i));
                }
                assertThat(at.next()).isTrue();
                assertThat(at.value()).isEqualTo(other(15));
            }
            assertCode(ErrorCode.OFFSET_BEYOND_END, () -> orders.read(From.offset(41)));
        }
    }

    @Test
    void cursorInTheMiddleOfABatchThatIsCutAway_isTold() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 5);
            orders.append(List.of(WalRecord.of(value(5)), WalRecord.of(value(6)), WalRecord.of(value(7))));
            try (Cursor cursor = orders.read(From.offset(5))) {
                assertThat(cursor.next()).isTrue();
                orders.truncateAfter(5, ALSO_READABLE);
                assertCode(ErrorCode.OFFSET_TRUNCATED, cursor::next);
            }
        }
    }

    @Test
    void cursorThatWaitsBehindTheNewEnd_isWokenAndTold() throws Exception {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            try (Cursor cursor = orders.read(From.end())) {
                Future<Boolean> waiting = pool.submit(() -> cursor.next(Duration.ofSeconds(LONG_SECONDS)));
                orders.truncateAfter(5, ALSO_READABLE);
                assertThatThrownBy(() -> waiting.get(LONG_SECONDS, TimeUnit.SECONDS))
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRUNCATED));
            }
        }
    }

    @Test
    void futureForARecordToCome_waitsUntilTheLogHasGrownSoFarAgain() throws Exception {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 12);
            CompletableFuture<Long> readable = orders.whenReadable(12);
            orders.truncateAfter(5, ALSO_READABLE);
            append(orders, 12);
            assertThat(readable.isDone()).isFalse();
            append(orders, 13);
            assertThat(readable.get(LONG_SECONDS, TimeUnit.SECONDS)).isEqualTo(13);
        }
    }

    @Test
    void slicesBehindTheEnd_areToldAndThoseBeforeItAreRead() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 34);
            try (Slices before = orders.slices(10, 300);
                    Slices cut = orders.slices(14, 400);
                    Slices gone = orders.slices(25, 300)) {
                ByteBuffer good = ByteBuffer.allocate(before.bytes());
                before.read(good, 0);
                orders.truncateAfter(15, ALSO_READABLE);
                append(orders, 30);
                ByteBuffer again = ByteBuffer.allocate(before.bytes());
                assertThat(before.read(again, 0)).isEqualTo(before.bytes());
                assertThat(again.array()).isEqualTo(good.array());
                assertCode(ErrorCode.OFFSET_TRUNCATED, () -> cut.read(ByteBuffer.allocate(cut.bytes()), 0));
                assertCode(ErrorCode.OFFSET_TRUNCATED, () -> gone.read(ByteBuffer.allocate(gone.bytes()), 0));
            }
        }
    }

    @Test
    void readersBesideATruncation_seeWhatWasThereOrAreToldAndNeverDamage() throws Exception {
        try (Engine store = open(settings -> settings.openFiles(16))) {
            LocalPartition orders = filled(store, 40);
            for (int round = 0; round < 15; round++) {
                int end = 5 + round;
                Future<Long> reader = pool.submit(() -> readOn(orders));
                Future<Long> second = pool.submit(() -> readOn(orders));
                orders.truncateAfter(end, ALSO_READABLE);
                append(orders, 40);
                assertThat(reader.get(LONG_SECONDS, TimeUnit.SECONDS)).isNotNegative();
                assertThat(second.get(LONG_SECONDS, TimeUnit.SECONDS)).isNotNegative();
            }
            assertReads(orders, 0, 40);
        }
    }

    private static long readOn(LocalPartition orders) {
        long read = 0;
        while (read < 200) {
            try (Cursor cursor = orders.read(From.start())) {
                while (cursor.next()) {
                    assertThat(cursor.value()).isEqualTo(value(cursor.offset()));
                    read++;
                }
            } catch (WalException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRUNCATED);
            }
        }
        return read;
    }

    @Test
    void trimAndTruncationBesideEachOther_leaveALogThatIsWhole() throws Exception {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 60);
            try (Slices pinned = orders.slices(2, 300)) {
                Future<Long> trimming = pool.submit(() -> orders.trimTo(25));
                orders.truncateAfter(45, ALSO_READABLE);
                assertThat(trimming.get(LONG_SECONDS, TimeUnit.SECONDS)).isEqualTo(25);
                assertReads(orders, 25, 45);
                assertThat(pinned.read(ByteBuffer.allocate(pinned.bytes()), 0)).isEqualTo(pinned.bytes());
                orders.truncateAfter(35, ALSO_READABLE);
                assertThat(pinned.read(ByteBuffer.allocate(pinned.bytes()), 0)).isEqualTo(pinned.bytes());
            }
            append(orders, 50);
        }
        try (Engine store = open()) {
            assertThat(store.recovery().refused()).isEmpty();
            assertReads(store.partition(ORDERS), 25, 50);
            assertThat(disk.files())
                    .noneMatch(path -> path.getFileName().toString().startsWith("00000000000000000000-"));
        }
    }

    @Test
    void readOnlyStoreBesideATruncation_isToldToOpenAgainAndNeverOfDamage() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 34);
            for (boolean isGrowingAgain : new boolean[] {false, true}) {
                try (Engine beside = open(settings -> settings.readOnly(true))) {
                    LocalPartition seen = beside.partition(ORDERS);
                    try (Cursor cursor = seen.read(From.start())) {
                        assertThat(cursor.next()).isTrue();
                        orders.truncateAfter(15, ALSO_READABLE);
                        if (isGrowingAgain) {
                            append(orders, 34);
                        }
                        assertThatThrownBy(() -> {
                                    while (cursor.next()) {
                                        assertThat(cursor.value()).isEqualTo(value(cursor.offset()));
                                    }
                                })
                                .isInstanceOfSatisfying(
                                        WalException.class,
                                        e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
                    }
                }
                append(orders, 34);
            }
        }
    }

    // ---------------------------------------------------------------- failures

    @Test
    void intentThatCannotBeWritten_changesNothing() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, 25);
            orders.checkpoint("billing", 24);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE).named("PARTITION.tmp")));
            assertCode(ErrorCode.STORAGE_FAILED, () -> orders.truncateAfter(7, ALSO_READABLE));
            assertThat(orders.ends().durable()).isEqualTo(25);
            assertThat(orders.checkpoints()).isEqualTo(Map.of("billing", 24L));
            append(orders, 27);
            assertReads(orders, 0, 27);
            assertThat(orders.truncateAfter(7, ALSO_READABLE)).isEqualTo(7);
        }
    }

    @Test
    void failureBehindTheIntent_stopsThePartitionWhichIsTruncatedAllTheSame() {
        for (Fault fault : List.of(
                Fault.ioError(CallMatch.on(Operation.Kind.DELETE).named(".seg")),
                Fault.ioError(CallMatch.on(Operation.Kind.TRUNCATE).named(".seg")),
                Fault.ioError(CallMatch.on(Operation.Kind.FORCE).named(".seg").number(2)),
                Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY)
                        .where(path -> path.equals(DIRECTORY))
                        .number(2)),
                Fault.ioError(CallMatch.on(Operation.Kind.WRITE)
                        .named("PARTITION.tmp")
                        .number(2)))) {
            disk = new SimulatedDisk();
            try (Engine store = open()) {
                LocalPartition orders = filled(store, 25);
                disk.inject(fault);
                assertCode(ErrorCode.PARTITION_FAILED, () -> orders.truncateAfter(7, ALSO_READABLE));
                assertThat(orders.describe().state()).isEqualTo(LifeState.FAILED);
                assertReads(orders, 0, 7);
                disk.removeFaults();
            }
            try (Engine store = open()) {
                LocalPartition orders = store.partition(ORDERS);
                assertReads(orders, 0, 7);
                append(orders, 12);
                assertReads(orders, 0, 12);
            }
        }
    }

    // ---------------------------------------------------------------- crashes

    @Test
    void crashAtAnyMoment_leavesTheLogAsItWasOrTruncated() {
        for (int end : new int[] {7, 10, 25}) {
            disk = new SimulatedDisk();
            Engine store = open();
            LocalPartition orders = filled(store, 34);
            orders.checkpoint("billing", 30);
            long before = disk.operationCount();
            orders.truncateAfter(end, ALSO_READABLE);
            long truncated = disk.operationCount();
            orders.append(value(end));
            long after = disk.operationCount();
            SimulatedDisk whole = disk;
            for (long boundary = before; boundary <= after; boundary++) {
                for (int seed = 0; seed < 6; seed++) {
                    disk = whole.crash(CrashPlan.random(seed), boundary);
                    String when = "end=" + end + " boundary=" + boundary + " seed=" + seed;
                    try (Engine recovered = open()) {
                        assertThat(recovered.recovery().refused()).as(when).isEmpty();
                        LocalPartition found = recovered.partition(ORDERS);
                        long there = found.ends().logEnd();
                        assertThat(there)
                                .as(when)
                                .isIn(boundary < truncated ? List.of(34L, (long) end) : List.of((long) end, end + 1L));
                        if (boundary == after) {
                            assertThat(there).as(when).isEqualTo(end + 1L);
                        }
                        assertReads(found, 0, there);
                        append(found, there + 3);
                        assertReads(found, 0, there + 3);
                    }
                }
            }
            disk = whole;
            store.close();
        }
    }
}
