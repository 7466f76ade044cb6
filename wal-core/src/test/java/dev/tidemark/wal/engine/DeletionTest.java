package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A partition is deleted, beside everything that may be under way, and made again. */
class DeletionTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final PartitionId OTHER = new PartitionId("other", 0);
    private static final Path DIRECTORY = DATA.resolve(ORDERS.toString());
    private static final long LONG_SECONDS = 60;

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

    private static LocalPartition filled(Engine store, PartitionId id, int records) {
        LocalPartition partition = store.partition(id);
        for (int i = 0; i < records; i++) {
            partition.append(value(i));
            if (i % 10 == 9) {
                partition.rotate();
            }
        }
        return partition;
    }

    private static byte[] value(long number) {
        return ByteBuffer.allocate(100).putLong(number).array();
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

    private List<String> directories() throws IOException {
        return disk.list(DATA).stream()
                .filter(entry -> entry.directory())
                .map(entry -> entry.name())
                .sorted()
                .toList();
    }

    private PartitionFile partitionFile() {
        return PartitionFile.decode(disk.contents(DIRECTORY.resolve("PARTITION")))
                .value()
                .orElseThrow();
    }

    private static void assertReads(LocalPartition partition, int records) {
        try (Cursor cursor = partition.read(From.start())) {
            for (int i = 0; i < records; i++) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.value()).isEqualTo(value(i));
            }
            assertThat(cursor.next()).isFalse();
        }
    }

    // ---------------------------------------------------------------- what it is

    @Test
    void deletedPartition_isGoneAndTheOthersAreNot() throws IOException {
        List<PartitionId> heard = new CopyOnWriteArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void deleted(PartitionId partition) {
                heard.add(partition);
            }
        };
        try (Engine store = open(settings -> settings.listener(listener))) {
            filled(store, ORDERS, 25);
            LocalPartition other = filled(store, OTHER, 12);
            assertThat(store.delete(ORDERS)).isTrue();

            assertThat(store.partitions()).containsExactly(OTHER);
            assertThat(store.find(ORDERS)).isEmpty();
            assertThat(directories()).containsExactly(OTHER.toString());
            assertReads(other, 12);
            assertThat(store.delete(ORDERS)).as("there is none any more").isFalse();
        }
        assertThat(heard).containsExactly(ORDERS);
        try (Engine store = open()) {
            assertThat(store.recovery().wasClean()).isTrue();
            assertThat(store.partitions()).containsExactly(OTHER);
        }
    }

    @Test
    void madeAgain_isAnotherPartitionThatBeginsAtZeroWithNothingOfTheOldOne() {
        try (Engine store = open()) {
            LocalPartition old = filled(store, ORDERS, 12);
            old.checkpoint("billing", 5);
            long oldId = partitionFile().partitionId();
            store.delete(ORDERS);

            LocalPartition again = store.partition(ORDERS);
            assertThat(again).isNotSameAs(old);
            assertThat(again.ends().logEnd()).isZero();
            assertThat(again.checkpoints()).isEmpty();
            assertThat(again.append(value(0))).isZero();
            assertReads(again, 1);
            assertThat(partitionFile().partitionId()).isNotEqualTo(oldId);
        }
        try (Engine store = open()) {
            assertReads(store.partition(ORDERS), 1);
        }
    }

    @Test
    void handleOfADeletedPartition_failsForEverAlsoWhenTheNameIsMadeAgain() {
        try (Engine store = open()) {
            LocalPartition old = filled(store, ORDERS, 12);
            store.delete(ORDERS);
            for (int round = 0; round < 2; round++) {
                for (ThrowingCallable call : callsOf(old)) {
                    assertCode(ErrorCode.PARTITION_DELETED, call);
                }
                assertFailsWith(WalException.class, ErrorCode.PARTITION_DELETED, old.whenReadable(3));
                assertThat(old.describe().failure().orElseThrow().code()).isEqualTo(ErrorCode.PARTITION_DELETED);
                store.partition(ORDERS).append(value(0));
            }
            assertThat(store.partition(ORDERS).ends().logEnd())
                    .as("nothing came through the old handle")
                    .isEqualTo(2);
        }
    }

    private static List<ThrowingCallable> callsOf(LocalPartition partition) {
        return List.of(
                () -> partition.append(value(1)),
                () -> partition.appendAsync(value(1)),
                () -> partition.enqueue(value(1)),
                () -> partition.tryEnqueue(AppendRequest.of(value(1))),
                partition::sync,
                partition::rotate,
                partition::applyRetention,
                partition::checkpoints,
                () -> partition.trimTo(5),
                () -> partition.checkpoint("billing", 1),
                () -> partition.removeCheckpoint("billing"),
                () -> partition.read(From.start()),
                () -> partition.slices(0, 100));
    }

    @Test
    void readOnlyStore_deletesNothing() throws IOException {
        try (Engine store = open()) {
            filled(store, ORDERS, 3);
        }
        try (Engine store = open(settings -> settings.readOnly(true))) {
            assertCode(ErrorCode.READ_ONLY, () -> store.delete(ORDERS));
            assertReads(store.partition(ORDERS), 3);
        }
        assertThat(directories()).containsExactly(ORDERS.toString());
    }

    @Test
    void closedStore_deletesNothing() {
        Engine store = open();
        filled(store, ORDERS, 3);
        store.close();
        assertCode(ErrorCode.STORE_CLOSED, () -> store.delete(ORDERS));
    }

    // ---------------------------------------------------------------- who was at it

    @Test
    void whatWasWaitedFor_endsWithThatThePartitionWasDeleted() throws Exception {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 3);
            CompletableFuture<Long> readable = orders.whenReadable(1_000);
            Cursor cursor = orders.read(From.end());
            Gate gate = disk.hold(
                    Gate.Position.BEFORE_EFFECT,
                    CallMatch.on(Operation.Kind.FORCE).named(".seg"));
            Appended underway = orders.enqueue(AppendRequest.of(value(3)).withDurability(Durability.SYNCED));
            gate.awaitArrival(Duration.ofSeconds(LONG_SECONDS));
            Appended staged = orders.enqueue(AppendRequest.of(value(4)).withDurability(Durability.SYNCED));
            Future<Boolean> waiting = pool.submit(() -> cursor.next(Duration.ofSeconds(LONG_SECONDS)));
            Future<Boolean> deleting = pool.submit(() -> store.delete(ORDERS));

            assertFailsWith(OutcomeUnknownException.class, ErrorCode.PARTITION_DELETED, underway.durable());
            assertFailsWith(AppendRefusedException.class, ErrorCode.PARTITION_DELETED, staged.durable());
            assertFailsWith(WalException.class, ErrorCode.PARTITION_DELETED, readable);
            assertThat(deleting.isDone())
                    .as("a thread is still in the directory")
                    .isFalse();
            gate.open();
            assertThat(deleting.get(LONG_SECONDS, TimeUnit.SECONDS)).isTrue();
            try {
                assertThat(waiting.get(LONG_SECONDS, TimeUnit.SECONDS)).isFalse();
            } catch (ExecutionException told) {
                assertThat(told.getCause())
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_DELETED));
            }
            assertCode(ErrorCode.PARTITION_DELETED, cursor::next);
            cursor.close();
            assertThat(directories()).isEmpty();
        }
    }

    @Test
    void sliceInFlight_isReadToItsEndAlsoWhenTheNameIsMadeAgainAndThenItsFileGoes() throws IOException {
        try (Engine store = open(settings -> settings.openFiles(16))) {
            LocalPartition orders = filled(store, ORDERS, 12);
            Slices slices = orders.slices(0, 10_000);
            ByteBuffer before = ByteBuffer.allocate(slices.bytes());
            slices.read(before, 0);
            store.delete(ORDERS);
            filled(store, ORDERS, 12);
            // So many files are used meanwhile that none of the old ones is open any more.
            for (int i = 0; i < 40; i++) {
                assertReads(filled(store, new PartitionId("busy", i), 1), 1);
            }

            ByteBuffer after = ByteBuffer.allocate(slices.bytes());
            assertThat(slices.read(after, 0)).isEqualTo(slices.bytes());
            assertThat(after.array()).isEqualTo(before.array());
            assertThat(disk.exists(slices.file())).as("where it says it lies").isTrue();
            assertThat(directories()).anyMatch(name -> name.startsWith("delete-"));
            slices.close();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(LONG_SECONDS))
                    .until(() -> directories().stream().noneMatch(name -> name.startsWith("delete-")));
            assertReads(store.partition(ORDERS), 12);
        }
    }

    @Test
    void segmentThatWasTrimmedAndIsStillRead_outlivesTheDeletionToo() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 30);
            Slices slices = orders.slices(0, 10_000);
            orders.trimTo(20);
            store.delete(ORDERS);
            assertThat(slices.read(ByteBuffer.allocate(slices.bytes()), 0)).isEqualTo(slices.bytes());
            slices.close();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(LONG_SECONDS))
                    .until(() -> directories().isEmpty());
        }
    }

    /** Nobody is there any more who could delete its file: that is left to the next opening, without a word to the reader. */
    @Test
    void sliceClosedAfterTheStore_leavesItsFileToTheNextOpening() throws IOException {
        Slices slices;
        try (Engine store = open()) {
            slices = filled(store, ORDERS, 12).slices(0, 10_000);
            store.delete(ORDERS);
        }
        slices.close();
        assertThat(directories()).singleElement().asString().startsWith("delete-");
        try (Engine store = open()) {
            assertThat(store.recovery().refused()).isEmpty();
            assertThat(directories()).isEmpty();
        }
    }

    @Test
    void cursorOfADeletedPartition_keepsItsEntryAndGoesNoFurther() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 3);
            try (Cursor cursor = orders.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                store.delete(ORDERS);
                assertThat(cursor.value()).isEqualTo(value(0));
                assertCode(ErrorCode.PARTITION_DELETED, cursor::next);
                assertCode(ErrorCode.PARTITION_DELETED, () -> cursor.next(Duration.ofSeconds(LONG_SECONDS)));
            }
        }
    }

    @Test
    void readOnlyStoreBesideADeletion_isToldOfItAndNeverOfDamage() {
        try (Engine store = open()) {
            for (boolean isMadeAgain : new boolean[] {false, true}) {
                filled(store, ORDERS, 34);
                try (Engine beside = open(settings -> settings.readOnly(true));
                        Cursor cursor = beside.partition(ORDERS).read(From.start())) {
                    assertThat(cursor.next()).isTrue();
                    store.delete(ORDERS);
                    if (isMadeAgain) {
                        filled(store, ORDERS, 34);
                    }
                    assertCode(ErrorCode.PARTITION_DELETED, () -> {
                        while (cursor.next()) {
                            assertThat(cursor.value()).isEqualTo(value(cursor.offset()));
                        }
                    });
                }
                store.delete(ORDERS);
            }
        }
    }

    @Test
    void severalDeleteAtOnce_oneDoesIt() throws Exception {
        try (Engine store = open()) {
            for (int round = 0; round < 20; round++) {
                filled(store, ORDERS, 3);
                List<Future<Boolean>> all = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    all.add(pool.submit(() -> store.delete(ORDERS)));
                }
                int did = 0;
                for (Future<Boolean> one : all) {
                    did += one.get(LONG_SECONDS, TimeUnit.SECONDS) ? 1 : 0;
                }
                assertThat(did).isEqualTo(1);
                assertThat(store.partitions()).isEmpty();
            }
        }
    }

    @Test
    void deletedAndUsedAtOnce_eachUserHasAWholePartitionOrIsToldThatItIsDeleted() throws Exception {
        try (Engine store = open()) {
            List<Future<Long>> users = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                users.add(pool.submit(() -> {
                    long appended = 0;
                    for (int round = 0; round < 50; round++) {
                        try {
                            LocalPartition orders = store.partition(ORDERS);
                            orders.append(value(round));
                            appended++;
                        } catch (WalException e) {
                            assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_DELETED);
                        }
                    }
                    return appended;
                }));
            }
            Future<Integer> deleter = pool.submit(() -> {
                int deleted = 0;
                for (int round = 0; round < 30; round++) {
                    deleted += store.delete(ORDERS) ? 1 : 0;
                }
                return deleted;
            });
            for (Future<Long> user : users) {
                assertThat(user.get(LONG_SECONDS, TimeUnit.SECONDS)).isBetween(0L, 50L);
            }
            assertThat(deleter.get(LONG_SECONDS, TimeUnit.SECONDS)).isBetween(0, 30);
            LocalPartition last = store.partition(ORDERS);
            long end = last.append(value(1));
            assertThat(last.ends().durable()).isEqualTo(end + 1);
        }
        try (Engine store = open()) {
            assertThat(store.recovery().refused()).isEmpty();
            assertThat(store.recovery().wasClean()).isTrue();
        }
    }

    @Test
    void storeThatIsClosedMeanwhile_waitsForTheDeletion() throws Exception {
        Engine store = open();
        filled(store, ORDERS, 12);
        Gate gate = disk.hold(
                Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.RENAME).where(path -> path.equals(DIRECTORY)));
        Future<Boolean> deleting = pool.submit(() -> store.delete(ORDERS));
        gate.awaitArrival(Duration.ofSeconds(LONG_SECONDS));
        Future<?> closing = pool.submit(store::close);
        Awaitility.await().atMost(Duration.ofSeconds(LONG_SECONDS)).until(() -> store.state() != LifeState.OPEN);
        gate.open();
        assertThat(deleting.get(LONG_SECONDS, TimeUnit.SECONDS)).isTrue();
        closing.get(LONG_SECONDS, TimeUnit.SECONDS);
        assertThat(directories()).isEmpty();
    }

    // ---------------------------------------------------------------- states

    @Test
    void failedPartition_canBeDeletedAndMadeAgain() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 3);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE).named(".seg")));
            assertCode(ErrorCode.PARTITION_FAILED, () -> orders.append(value(3)));
            assertThat(store.delete(ORDERS)).isTrue();
            assertCode(ErrorCode.PARTITION_DELETED, () -> orders.append(value(3)));
            assertThat(store.partition(ORDERS).append(value(0))).isZero();
        }
        assertThat(directories()).containsExactly(ORDERS.toString());
    }

    @Test
    void partitionWhoseMetadataHaveAnUnknownState_canBeDeleted() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 3);
            disk.inject(
                    Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY).where(path -> path.equals(DIRECTORY))));
            assertCode(ErrorCode.PARTITION_FAILED, () -> orders.checkpoint("billing", 1));
            assertThat(store.delete(ORDERS)).isTrue();
        }
        assertThat(directories()).isEmpty();
    }

    @Test
    void refusedPartition_canBeDeletedAndMadeAgain() throws IOException {
        for (String file : List.of("PARTITION", "00000000000000000010-00000002.seg")) {
            disk = new SimulatedDisk();
            try (Engine store = open()) {
                filled(store, ORDERS, 25);
            }
            disk.flipBit(DIRECTORY.resolve(file), 300);
            disk.lose(DIRECTORY.resolve("00000000000000000000-00000001.seg"));
            try (Engine store = open()) {
                assertThat(store.recovery().refused()).hasSize(1);
                assertThat(store.delete(ORDERS)).isTrue();
                assertThat(store.partitions()).isEmpty();
                assertThat(store.partition(ORDERS).append(value(0))).isZero();
            }
            try (Engine store = open()) {
                assertThat(store.recovery().refused()).isEmpty();
                assertReads(store.partition(ORDERS), 1);
            }
        }
    }

    @Test
    void partitionOfANewerVersion_isLeftUntouched() throws IOException {
        try (Engine store = open()) {
            filled(store, ORDERS, 3);
        }
        byte[] newer = newerMetadata();
        disk.damage(DIRECTORY.resolve("PARTITION"), newer);
        try (Engine store = open()) {
            assertCode(ErrorCode.FORMAT_NEWER, () -> store.delete(ORDERS));
            assertCode(ErrorCode.FORMAT_NEWER, () -> store.partition(ORDERS));
        }
        assertThat(disk.contents(DIRECTORY.resolve("PARTITION"))).isEqualTo(newer);
    }

    private byte[] newerMetadata() {
        byte[] bytes = disk.contents(DIRECTORY.resolve("PARTITION")).clone();
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(12, PartitionFile.FORMAT_VERSION + 1);
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, bytes.length - Integer.BYTES);
        file.putInt(bytes.length - Integer.BYTES, (int) checksum.getValue());
        return bytes;
    }

    // ---------------------------------------------------------------- failures

    @Test
    void intentThatCannotBeWritten_changesNothing() {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 12);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE).named("PARTITION.tmp")));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            assertThat(store.partition(ORDERS)).isSameAs(orders);
            assertThat(orders.append(value(12))).isEqualTo(12);
            assertReads(orders, 13);
            disk.removeFaults();
            assertThat(store.delete(ORDERS)).isTrue();
        }
    }

    @Test
    void renameThatFails_leavesItDeletedForEverybodyUntilItIsDeletedAgain() throws IOException {
        try (Engine store = open()) {
            LocalPartition orders = filled(store, ORDERS, 12);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.RENAME).where(path -> path.equals(DIRECTORY))));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            assertCode(ErrorCode.PARTITION_DELETED, () -> orders.append(value(12)));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.partition(ORDERS));
            assertThat(store.describe().get(0).state()).isEqualTo(LifeState.FAILED);
            disk.removeFaults();
            assertThat(store.delete(ORDERS)).isTrue();
            assertThat(store.partition(ORDERS).append(value(0))).isZero();
        }
        assertThat(directories()).containsExactly(ORDERS.toString());
    }

    @Test
    void renameThatFails_isFinishedByTheNextOpening() throws IOException {
        try (Engine store = open()) {
            filled(store, ORDERS, 12);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.RENAME).where(path -> path.equals(DIRECTORY))));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            disk.removeFaults();
        }
        try (Engine store = open()) {
            assertThat(store.partitions()).isEmpty();
            assertThat(store.recovery().partitions())
                    .extracting(PartitionRecovery::cases)
                    .containsExactly(List.of(RecoveryCase.R6));
        }
        assertThat(directories()).isEmpty();
    }

    @Test
    void forceOfTheParentThatFails_keepsTheNameUntilTheNextOpening() throws IOException {
        try (Engine store = open()) {
            filled(store, ORDERS, 12);
            disk.inject(
                    Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY).where(path -> path.equals(DATA))));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            disk.removeFaults();
            long forces = disk.count(Operation.Kind.FORCE_DIRECTORY, path -> path.equals(DATA));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.partition(ORDERS));
            assertThat(disk.count(Operation.Kind.FORCE_DIRECTORY, path -> path.equals(DATA)))
                    .as("a failed force is not repeated")
                    .isEqualTo(forces);
        }
        try (Engine store = open()) {
            assertThat(store.partition(ORDERS).append(value(0))).isZero();
        }
        assertThat(directories()).containsExactly(ORDERS.toString());
    }

    @Test
    void fileThatCannotBeRemoved_isRemovedByTheNextOpening() throws IOException {
        try (Engine store = open()) {
            filled(store, ORDERS, 12);
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.DELETE).named(".seg").andAllLater()));
            assertThat(store.delete(ORDERS)).isTrue();
            assertThat(store.partition(ORDERS).append(value(0))).isZero();
            disk.removeFaults();
        }
        assertThat(directories()).hasSize(2);
        try (Engine store = open()) {
            assertReads(store.partition(ORDERS), 1);
        }
        assertThat(directories()).containsExactly(ORDERS.toString());
    }

    @Test
    void forceThatHangsPastTheDeadline_leavesTheNameTakenUntilItHasReturned() throws Exception {
        try (Engine store = open(settings -> settings.closeTimeout(Duration.ofSeconds(5)))) {
            LocalPartition orders = filled(store, ORDERS, 3);
            Gate gate = disk.hold(
                    Gate.Position.BEFORE_EFFECT,
                    CallMatch.on(Operation.Kind.FORCE).named(".seg"));
            Appended hanging = orders.enqueue(AppendRequest.of(value(3)).withDurability(Durability.SYNCED));
            gate.awaitArrival(Duration.ofSeconds(LONG_SECONDS));
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.delete(ORDERS));
            assertFailsWith(OutcomeUnknownException.class, ErrorCode.PARTITION_DELETED, hanging.durable());
            assertCode(ErrorCode.STORAGE_FAILED, () -> store.partition(ORDERS));
            gate.open();
            Awaitility.await().atMost(Duration.ofSeconds(LONG_SECONDS)).until(() -> {
                try {
                    return store.delete(ORDERS);
                } catch (WalException notYet) {
                    return false;
                }
            });
            assertThat(store.partition(ORDERS).append(value(0))).isZero();
        }
    }

    // ---------------------------------------------------------------- crashes

    @Test
    void crashAtAnyMoment_leavesAllOfItOrNothingAndAWholeOneThatWasMadeAgain() throws IOException {
        Engine store = open();
        filled(store, ORDERS, 12);
        filled(store, OTHER, 3);
        long before = disk.operationCount();
        store.delete(ORDERS);
        long deleted = disk.operationCount();
        store.partition(ORDERS).append(value(0));
        long again = disk.operationCount();
        SimulatedDisk whole = disk;
        for (long boundary = before; boundary <= again; boundary++) {
            for (int seed = 0; seed < 8; seed++) {
                disk = whole.crash(CrashPlan.random(seed), boundary);
                String when = "boundary=" + boundary + " seed=" + seed;
                try (Engine recovered = open()) {
                    assertThat(recovered.recovery().refused()).as(when).isEmpty();
                    assertReads(recovered.partition(OTHER), 3);
                    long end =
                            recovered.find(ORDERS).map(o -> o.ends().logEnd()).orElse(-1L);
                    assertThat(end).as(when).isIn(boundary < deleted ? List.of(12L, -1L) : List.of(0L, 1L, -1L));
                    if (end == 12) {
                        assertReads(recovered.partition(ORDERS), 12);
                    }
                    assertThat(recovered.partition(ORDERS).append(value(end)))
                            .as(when)
                            .isEqualTo(Math.max(0, end));
                    assertThat(directories()).as(when).containsExactly(ORDERS.toString(), OTHER.toString());
                }
            }
        }
        disk = whole;
        store.close();
    }
}
