package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The old end of a log: where it starts, which files are there, and who may read on. */
class TrimmerTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private static PartitionFixture small() throws IOException {
        return small(settings -> settings);
    }

    private static PartitionFixture small(UnaryOperator<dev.tidemark.wal.api.WalConfig.Builder> more)
            throws IOException {
        return PartitionFixture.open(settings -> more.apply(settings.segmentBytes(16 << 10)
                .prefill(false)
                .proofDelay(Duration.ofHours(1))
                .maxUnforcedAge(Duration.ofHours(1))));
    }

    /** So many segments with ten records each, and an empty one at the end. */
    private static void fill(PartitionFixture log, int segments) {
        for (int i = 0; i < segments * 10; i++) {
            log.partition.append(value(log.partition.ends().logEnd()));
            if (i % 10 == 9) {
                log.partition.rotate();
            }
        }
    }

    private static byte[] value(long offset) {
        return ByteBuffer.allocate(100).putLong(offset).array();
    }

    private static List<String> segmentFiles(PartitionFixture log) {
        return log.disk.files().stream()
                .map(file -> file.getFileName().toString())
                .filter(name -> name.endsWith(".seg"))
                .sorted()
                .toList();
    }

    private static PartitionFile onDisk(PartitionFixture log) {
        return PartitionFile.decode(log.disk.contents(PartitionFixture.DIRECTORY.resolve("PARTITION")))
                .value()
                .orElseThrow();
    }

    private static void assertReads(PartitionFixture log, long from, long to) {
        try (Cursor cursor = log.partition.read(From.start())) {
            for (long i = from; i < to; i++) {
                assertThat(cursor.next()).as("record %s of %s", i, to).isTrue();
                assertThat(cursor.offset()).isEqualTo(i);
                assertThat(cursor.value()).isEqualTo(value(i));
            }
            assertThat(cursor.next()).isFalse();
        }
    }

    // ---------------------------------------------------------------- the start

    @Test
    void trimmedIntoAThirdSegment_startsExactlyThereAndTwoFilesAreGone() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 5);
            assertThat(log.partition.trimTo(23)).isEqualTo(23);
            assertThat(log.partition.ends().start()).isEqualTo(23);
            assertThat(segmentFiles(log)).hasSize(4).first().asString().startsWith("00000000000000000020-");
            assertThat(onDisk(log).startOffset()).isEqualTo(23);
            assertThat(onDisk(log).intents()).as("carried out").isEmpty();
            assertReads(log, 23, 50);
            assertThatThrownBy(() -> log.partition.read(From.offset(22)))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED));
            assertThat(log.events).contains("trimmed 23 segments=2");
        }
    }

    @Test
    void trimmedWithinTheFirstSegment_keepsAllFiles() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 2);
            int before = segmentFiles(log).size();
            assertThat(log.partition.trimTo(9)).isEqualTo(9);
            assertThat(segmentFiles(log)).hasSize(before);
            assertThat(onDisk(log).intents()).isEmpty();
            assertReads(log, 9, 20);
        }
    }

    @Test
    void trimmedToTheEnd_keepsTheSegmentInUseAndGoesOn() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.partition.append(value(30));
            assertThat(log.partition.trimTo(31)).isEqualTo(31);
            assertThat(segmentFiles(log)).hasSize(1);
            assertReads(log, 31, 31);
            assertThat(log.partition.append(value(31))).isEqualTo(31);
            assertReads(log, 31, 32);
        }
    }

    @Test
    void trimmedBelowTheStart_doesNothingAndSaysWhereItIs() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 2);
            log.partition.trimTo(15);
            long operations = log.disk.operationCount();
            assertThat(log.partition.trimTo(15)).isEqualTo(15);
            assertThat(log.partition.trimTo(3)).isEqualTo(15);
            assertThat(log.disk.operationCount()).isEqualTo(operations);
        }
    }

    @Test
    void trimmedAboveTheDurableEnd_isRefusedAndChangesNothing() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 1);
            assertThatThrownBy(() -> log.partition.trimTo(11))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_BEYOND_END));
            assertThatThrownBy(() -> log.partition.trimTo(-1))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID));
            assertReads(log, 0, 10);
        }
    }

    @Test
    void startIsDurable_beforeAFileGoes_andTheFilesAreGoneForGood_beforeTheIntentIs() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.disk.recordFromHere();
            log.partition.trimTo(20);
            List<String> steps = log.disk.operations().stream()
                    .filter(o -> o.kind() != Operation.Kind.OPEN && o.kind() != Operation.Kind.CLOSE)
                    .map(o -> o.kind() + " " + o.path().getFileName())
                    .toList();
            assertThat(steps)
                    .containsSubsequence(
                            "FORCE PARTITION.tmp",
                            "RENAME PARTITION.tmp",
                            "FORCE_DIRECTORY orders-0",
                            "DELETE 00000000000000000000-00000001.seg",
                            "DELETE 00000000000000000010-00000002.seg",
                            "FORCE_DIRECTORY orders-0",
                            "RENAME PARTITION.tmp",
                            "FORCE_DIRECTORY orders-0");
        }
    }

    // ---------------------------------------------------------------- readers

    @Test
    void cursorInATrimmedSegment_readsOnToItsEnd_andIsToldThenThatTheRestIsGone() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 4);
            try (Cursor cursor = log.partition.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                log.partition.trimTo(30);
                assertThat(segmentFiles(log)).as("the one that is read is kept").hasSize(3);
                assertThat(onDisk(log).intents())
                        .hasOnlyElementsOfType(Intent.Trim.class)
                        .hasSize(1);
                for (int i = 1; i < 10; i++) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(value(i));
                }
                assertThatThrownBy(cursor::next)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED));
            }
            Awaitility.await().atMost(LONG).until(() -> segmentFiles(log).size() == 2);
            Awaitility.await().atMost(LONG).until(() -> onDisk(log).intents().isEmpty());
        }
    }

    @Test
    void sliceOfATrimmedSegment_canBeReadUntilItIsClosed() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            Slices slice = log.partition.slices(0, 4096);
            log.partition.trimTo(20);
            ByteBuffer bytes = ByteBuffer.allocate(slice.bytes());
            assertThat(slice.read(bytes, 0)).isEqualTo(slice.bytes());
            assertThat(segmentFiles(log)).hasSize(3);
            slice.close();
            Awaitility.await().atMost(LONG).until(() -> segmentFiles(log).size() == 2);
        }
    }

    @Test
    void readerStillThereAtTheClose_leavesItsFileToTheNextOpening() throws IOException {
        PartitionFixture log = small();
        fill(log, 2);
        Cursor cursor = log.partition.read(From.start());
        cursor.next();
        log.partition.trimTo(10);
        log.close();
        cursor.close();
        log.disk.recordFromHere();
        assertThat(segmentFiles(log)).hasSize(3);
        PartitionFile left = onDisk(log);
        assertThat(left.intents()).hasSize(1);
        assertThat(left.cleanStamp()).isPresent();
        assertThat(left.cleanStamp().orElseThrow().segments())
                .as("those of the log")
                .isEqualTo(2);
    }

    @Test
    void readersAndTrimsAtTheSameTime_seeRightBytesOrOffsetTrimmed() throws Exception {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            AtomicReference<Throwable> wrong = new AtomicReference<>();
            CountDownLatch done = new CountDownLatch(3);
            List<Thread> readers = java.util.stream.IntStream.range(0, 3)
                    .mapToObj(n -> new Thread(() -> readUntil(log, 600, wrong, done)))
                    .toList();
            readers.forEach(Thread::start);
            for (int i = 0; i < 57; i++) {
                fill(log, 1);
                log.partition.trimTo(log.partition.ends().durable() - 15);
            }
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
            for (Thread reader : readers) {
                reader.join();
            }
            assertThat(wrong.get()).isNull();
            Awaitility.await().atMost(LONG).until(() -> segmentFiles(log).size() <= 4);
        }
    }

    private static void readUntil(
            PartitionFixture log, long end, AtomicReference<Throwable> wrong, CountDownLatch done) {
        try {
            long next = 0;
            while (next < end) {
                try (Cursor cursor = log.partition.read(From.start())) {
                    while (next < end && cursor.next(Duration.ofSeconds(30))) {
                        assertThat(cursor.value()).isEqualTo(value(cursor.offset()));
                        next = cursor.offset() + 1;
                    }
                } catch (WalException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED);
                }
            }
        } catch (Throwable e) {
            wrong.compareAndSet(null, e);
        } finally {
            done.countDown();
        }
    }

    // ---------------------------------------------------------------- faults

    @Test
    void replacementThatFailsBeforeItsRename_changesNothing() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE).named("PARTITION.tmp")));
            assertThatThrownBy(() -> log.partition.trimTo(20))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            assertReads(log, 0, 30);
            log.disk.removeFaults();
            assertThat(log.partition.trimTo(20)).isEqualTo(20);
            assertReads(log, 20, 30);
        }
    }

    @Test
    void directoryForceThatFailsBehindTheRename_stopsThePartition() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY)));
            assertThatThrownBy(() -> log.partition.trimTo(20))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
            assertThatThrownBy(() -> log.partition.trimTo(20)).isInstanceOf(WalException.class);
            assertReads(log, 0, 30);
        }
    }

    /** A rotation beside it may have made a name whose loss only this force was told of. */
    @Test
    void directoryForceThatFailsBehindTheDeletions_stopsThePartition_andTheTrimHolds() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.disk.inject(
                    Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY).number(2)));
            assertThat(log.partition.trimTo(20)).isEqualTo(20);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
            assertThat(onDisk(log).startOffset()).isEqualTo(20);
            assertThat(onDisk(log).intents()).as("recovery finishes it").hasSize(1);
            assertReads(log, 20, 30);
        }
    }

    @Test
    void noDescriptorForTheForceBehindTheDeletions_theIntentStaysUntilThatIsDone() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 4);
            log.disk.inject(Fault.tooManyOpenFiles(
                    CallMatch.on(Operation.Kind.FORCE_DIRECTORY).number(2)));
            assertThat(log.partition.trimTo(20)).isEqualTo(20);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            assertThat(onDisk(log).intents()).hasSize(1);
            log.disk.removeFaults();
            assertThat(log.partition.trimTo(20)).isEqualTo(20);
            assertThat(onDisk(log).intents()).isEmpty();
        }
    }

    @Test
    void fileThatCannotBeDeleted_isLeftToTheNextTrim() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 4);
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.DELETE).named("-00000002.seg")));
            assertThat(log.partition.trimTo(20)).isEqualTo(20);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            assertThat(onDisk(log).intents()).as("recovery would finish it").hasSize(1);
            assertReads(log, 20, 40);
            log.disk.removeFaults();
            assertThat(log.partition.trimTo(30)).isEqualTo(30);
            assertThat(segmentFiles(log)).hasSize(2);
            assertThat(onDisk(log).intents()).isEmpty();
        }
    }

    @Test
    void closedPartition_isNotTrimmed() throws IOException {
        PartitionFixture log = small();
        fill(log, 2);
        log.close();
        assertThatThrownBy(() -> log.partition.trimTo(10))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
    }

    // ---------------------------------------------------------------- checkpoints

    @Test
    void checkpoint_isDurableWhenTheCallReturns_movesEitherWay_andGoes() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 1);
            log.partition.checkpoint("billing", 7);
            assertThat(onDisk(log).checkpoints()).containsExactly(java.util.Map.entry("billing", 7L));
            log.partition.checkpoint("billing", 3);
            assertThat(log.partition.checkpoints()).containsExactly(java.util.Map.entry("billing", 3L));
            assertThat(log.partition.removeCheckpoint("billing")).isTrue();
            assertThat(log.partition.removeCheckpoint("billing")).isFalse();
            assertThat(onDisk(log).checkpoints()).isEmpty();
        }
    }

    @Test
    void checkpointAboveTheDurableEnd_orBadlyNamed_isRefused() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 1);
            assertThatThrownBy(() -> log.partition.checkpoint("billing", 11))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_BEYOND_END));
            for (String name : List.of("", "a/b", "x".repeat(201))) {
                assertThatThrownBy(() -> log.partition.checkpoint(name, 1))
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_INVALID));
            }
            assertThat(log.partition.checkpoints()).isEmpty();
        }
    }

    @Test
    void checkpointBelowANewStart_staysWhatItIs() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 2);
            log.partition.checkpoint("slow", 4);
            log.partition.trimTo(12);
            assertThat(log.partition.checkpoints()).containsEntry("slow", 4L);
        }
    }

    @Test
    void oneCheckpointTooMany_isRefusedAndTheOthersStay() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 1);
            for (int i = 0; i < PartitionFile.MAX_CHECKPOINTS; i++) {
                log.partition.checkpoint("c" + i, 1);
            }
            assertThatThrownBy(() -> log.partition.checkpoint("more", 1))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID));
            log.partition.checkpoint("c5", 2);
            assertThat(log.partition.checkpoints())
                    .hasSize(PartitionFile.MAX_CHECKPOINTS)
                    .containsEntry("c5", 2L);
        }
    }

    @Test
    void trimThatOutlastsTheDeadlineOfClosing_givesNoSegmentBackOnceMore() throws Exception {
        try (PartitionFixture log = small()) {
            fill(log, 3);
            log.awaitQuiet();
            Gate rename = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.RENAME));
            CompletableFuture<Long> trimmed = CompletableFuture.supplyAsync(() -> log.partition.trimTo(20));
            rename.awaitArrival(LONG);
            assertThat(log.partition.close(log.environment.clock().nanos() + TimeUnit.MILLISECONDS.toNanos(50)))
                    .isFalse();
            rename.open();
            // The start is moved, which closing could not keep from happening; the segments were given back by then.
            assertThat(trimmed.get(60, TimeUnit.SECONDS)).isEqualTo(20);
        }
    }

    // ---------------------------------------------------------------- retention

    private static long retained(UnaryOperator<Retention> rules, UnaryOperator<PartitionFixture> before)
            throws IOException {
        try (PartitionFixture log = small(settings -> settings.retention(rules.apply(Retention.FOREVER)))) {
            fill(log, 5);
            log.awaitQuiet();
            return before.apply(log).partition.applyRetention();
        }
    }

    @Test
    void bytesToKeep_letGoOfTheOldestSegmentsBehindWhichThereIsSoMuch() throws IOException {
        long segment = 4096 + 10 * 144;
        assertThat(retained(rules -> rules.withMaxBytes(0), log -> log)).isEqualTo(50);
        assertThat(retained(rules -> rules.withMaxBytes(3 * segment), log -> log))
                .isBetween(10L, 20L);
        assertThat(retained(rules -> rules.withMaxBytes(1 << 30), log -> log)).isZero();
    }

    @Test
    void retentionInTheMiddleOfARotation_countsTheBytesOfASegmentOnce() throws IOException {
        long segment = 4096 + 10 * 144;
        try (PartitionFixture log =
                small(settings -> settings.retention(Retention.FOREVER.withMaxBytes(3 * segment)))) {
            List<Long> starts = new CopyOnWriteArrayList<>();
            log.whenSealed = endOffset -> starts.add(log.partition.applyRetention());
            fill(log, 5);
            assertThat(starts).containsExactly(0L, 0L, 0L, 10L, 20L);
        }
    }

    @Test
    void segmentThatIsRead_isKeptByRetention() throws IOException {
        try (PartitionFixture log = small()) {
            fill(log, 4);
            try (Cursor cursor = log.partition.read(From.offset(10))) {
                assertThat(cursor.next()).isTrue();
                RetentionRule rule = new RetentionRule(Retention.FOREVER.withMaxBytes(0), next -> 0);
                Kept kept = new Kept(rule, log);
                assertThat(kept.base()).isEqualTo(10);
            }
        }
    }

    /** What a rule keeps of a log, without trimming. */
    private record Kept(RetentionRule rule, PartitionFixture log) {
        long base() throws IOException {
            return rule.firstToStay(log.partition.segments(), 4096, onDisk(log), 0)
                    .baseOffset();
        }
    }

    @Test
    void slowestCheckpoint_keepsItsSegment_andWithoutAnyNothingGoes() throws IOException {
        assertThat(retained(rules -> rules.withMaxBytes(0).keepingCheckpoints(), log -> log))
                .isZero();
        assertThat(retained(Retention::keepingCheckpoints, log -> {
                    log.partition.checkpoint("fast", 45);
                    log.partition.checkpoint("slow", 25);
                    return log;
                }))
                .isEqualTo(20);
        assertThat(retained(rules -> rules.withMaxBytes(1 << 30).keepingCheckpoints(), log -> {
                    log.partition.checkpoint("only", 50);
                    return log;
                }))
                .as("kept by its bytes")
                .isZero();
    }

    @Test
    void oldSegments_goWhenTheirNewestRecordIsTooOld() throws IOException {
        ManualClock time = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.segmentBytes(16 << 10)
                        .prefill(false)
                        .proofDelay(Duration.ofHours(1))
                        .maxUnforcedAge(Duration.ofHours(1))
                        .segmentAge(Duration.ofDays(300))
                        .retention(Retention.FOREVER.withMaxAge(Duration.ofDays(2))),
                time)) {
            for (int day = 0; day < 5; day++) {
                fill(log, 1);
                log.awaitQuiet();
                time.advance(Duration.ofDays(1));
            }
            log.awaitQuiet();
            assertThat(log.partition.applyRetention()).isEqualTo(30);
            assertThat(segmentFiles(log)).hasSize(3);
        }
    }

    @Test
    void retention_isAppliedAfterEachRotation() throws IOException {
        try (PartitionFixture log = small(settings -> settings.retention(Retention.FOREVER.withMaxBytes(0)))) {
            fill(log, 6);
            Awaitility.await().atMost(LONG).until(() -> log.partition.ends().start() == 60);
            Awaitility.await().atMost(LONG).until(() -> segmentFiles(log).size() == 1);
        }
    }
}
