package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.AppendTest.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Changes of segment, proofs, lingering, and writing beside a force. */
class RotationTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static PartitionFixture small() throws IOException {
        return PartitionFixture.open(settings -> settings.segmentBytes(16 << 10)
                .prefill(false)
                .proofDelay(Duration.ofHours(1))
                .maxUnforcedAge(Duration.ofHours(1)));
    }

    @Test
    void fullSegment_isSealedAndTheNextOneGoesOnWhereItEnds() throws IOException {
        try (PartitionFixture log = small()) {
            for (int i = 0; i < 60; i++) {
                assertThat(log.partition.append(value(i))).isEqualTo(i);
            }
            List<PartitionInfo.SegmentInfo> segments = log.partition.describe().segments();
            assertThat(segments).hasSizeGreaterThan(3);
            long end = 0;
            for (PartitionInfo.SegmentInfo segment : segments) {
                assertThat(segment.baseOffset()).isEqualTo(end);
                end = segment.endOffset();
                assertThat(segment.isSealed()).isEqualTo(end < 60);
                assertThat(segment.usedBytes()).isLessThan(17 << 10);
            }
            assertThat(end).isEqualTo(60);
            assertReads(log, 60);
            assertThat(log.events).contains("sealed 0.." + segments.get(0).endOffset());
        }
    }

    @Test
    void largestAppend_fitsAnEmptySegment() throws IOException {
        try (PartitionFixture log = small()) {
            int largest = log.services.config().largestAppendBytes();
            for (int i = 0; i < 5; i++) {
                assertThat(log.partition.append(new byte[largest])).isEqualTo(i);
            }
            assertThat(log.partition.describe().segments()).hasSize(5);
        }
    }

    @Test
    void manyProducersAcrossManyRotations_keepOrderAndLoseNothing() throws Exception {
        try (PartitionFixture log = small()) {
            List<Appended> appended = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                appended.add(log.partition.enqueue(value(i)));
            }
            for (Appended append : appended) {
                assertThat(join(append.durable().toCompletableFuture())).isEqualTo(append.offset());
            }
            assertReads(log, 2_000);
            assertThat(log.services.files().openFiles()).isLessThanOrEqualTo(200);
        }
    }

    @Test
    void rotationOnRequest_sealsWhatIsThereAndLeavesAnEmptySegmentAlone() throws IOException {
        try (PartitionFixture log = small()) {
            assertThat(log.partition.rotate()).as("nothing to seal").isZero();
            log.partition.append(value(0));
            log.partition.append(value(1), Durability.WRITTEN);
            assertThat(log.partition.rotate()).isEqualTo(2);
            assertThat(log.partition.ends().durable())
                    .as("a sealed segment is durable")
                    .isEqualTo(2);
            assertThat(log.partition.rotate()).isEqualTo(2);
            assertThat(log.partition.describe().segments()).hasSize(2);
            assertThat(log.partition.append(value(2))).isEqualTo(2);
            assertReads(log, 3);
        }
    }

    @Test
    void oldSegmentOfAQuietPartition_isSealedWhenItsTimeHasCome() throws IOException {
        ManualClock time = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.segmentAge(Duration.ofHours(1)), time)) {
            time.advance(Duration.ofHours(5));
            assertThat(log.partition.describe().segments())
                    .as("an empty one is never sealed")
                    .hasSize(1);
            log.partition.append(value(0));
            log.awaitQuiet();
            time.advance(Duration.ofMinutes(59));
            log.awaitQuiet();
            assertThat(log.partition.describe().segments()).hasSize(1);
            time.advance(Duration.ofMinutes(2));
            Awaitility.await().until(() -> log.partition.describe().segments().size() == 2);
            time.advance(Duration.ofHours(5));
            log.awaitQuiet();
            assertThat(log.partition.describe().segments()).hasSize(2);
        }
    }

    @Test
    void nameOfANewSegmentIsDurable_beforeTheFirstAcknowledgementOutOfIt() throws IOException {
        try (PartitionFixture log = small()) {
            log.partition.append(value(0));
            int before = log.disk.operations().size();
            log.partition.rotate();
            List<Operation> done = log.disk.operations();
            List<String> steps = done.subList(before, done.size()).stream()
                    .filter(o -> o.kind() != Operation.Kind.OPEN && o.kind() != Operation.Kind.CLOSE)
                    .map(o -> o.kind() + " " + o.path().getFileName().toString().replaceAll("^next-.*", "next"))
                    .toList();
            assertThat(steps)
                    .containsSubsequence(
                            "FORCE 00000000000000000000-00000001.seg",
                            "WRITE next",
                            "FORCE next",
                            "RENAME next",
                            "FORCE_DIRECTORY orders-0",
                            "FORCE PARTITION.tmp",
                            "RENAME PARTITION.tmp",
                            "FORCE_DIRECTORY orders-0",
                            "WRITE 00000000000000000000-00000001.seg",
                            "TRUNCATE 00000000000000000000-00000001.seg",
                            "FORCE 00000000000000000000-00000001.seg");
        }
    }

    @Test
    void noRoomForTheMarkOfACleanEnd_theCloseIsNoFailure() throws IOException {
        for (Operation.Kind kind : List.of(Operation.Kind.WRITE, Operation.Kind.CREATE, Operation.Kind.RENAME)) {
            try (PartitionFixture log = small()) {
                log.partition.append(value(0));
                log.disk.inject(Fault.full(CallMatch.on(kind).andAllLater()));
                boolean isOutcomeKnown = kind != Operation.Kind.RENAME;

                assertThat(log.partition.close(log.deadline(20))).as("%s", kind).isEqualTo(isOutcomeKnown);
                log.disk.removeFaults();
            }
        }
    }

    @Test
    void forceOfTheMarkOfACleanEndFails_theCloseFailsWhateverTheDiskCallsIt() throws IOException {
        long forces;
        try (PartitionFixture log = small()) {
            log.partition.append(value(0));
            long before = log.disk.count(Operation.Kind.FORCE, RotationTest::isSegment);
            assertThat(log.partition.close(log.deadline(20))).isTrue();
            forces = log.disk.count(Operation.Kind.FORCE, RotationTest::isSegment) - before;
        }
        try (PartitionFixture log = small()) {
            log.partition.append(value(0));
            log.disk.inject(
                    Fault.full(CallMatch.on(Operation.Kind.FORCE).named(".seg").number(forces)));

            assertThat(log.partition.close(log.deadline(20))).isFalse();
            assertThat(log.partition.describe().failure()).isPresent();
        }
    }

    private static boolean isSegment(Path path) {
        return path.toString().endsWith(".seg");
    }

    /** As XFS does when it wants blocks for the directory and has none: before it has begun. */
    @Test
    void noRoomForTheNameOfANewSegment_theOldOneGoesOnAndTheNextAttemptSucceeds() throws IOException {
        try (PartitionFixture log = small()) {
            log.partition.append(value(0));
            log.disk.inject(
                    Fault.full(CallMatch.on(Operation.Kind.RENAME).named(".seg").andAllLater()));
            log.disk.inject(
                    Fault.full(CallMatch.on(Operation.Kind.RENAME).named(".tmp").andAllLater()));

            assertThatThrownBy(log.partition::rotate)
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));

            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            log.disk.removeFaults();
            log.partition.rotate();
            assertThat(log.partition.append(value(1))).isEqualTo(1);
            assertThat(log.partition.describe().segments()).hasSize(2);
            assertReads(log, 2);
        }
    }

    @Test
    void fileOfANewSegmentCannotBeMade_thatIsWhatIsTold() throws IOException {
        try (PartitionFixture log = small()) {
            log.partition.append(value(0));
            log.disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.CREATE).named(".tmp").andAllLater(),
                    path -> new AccessDeniedException(path.toString())));
            log.disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.OPEN).named(".tmp").andAllLater(),
                    path -> new AccessDeniedException(path.toString())));

            assertThatThrownBy(log.partition::rotate)
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_REFUSED))
                    .hasMessageContaining("a new segment could not be made")
                    .hasMessageContaining("permission denied");

            log.disk.removeFaults();
            log.partition.rotate();
            assertThat(log.partition.append(value(1))).isEqualTo(1);
        }
    }

    /** SQLite's loop: the n-th operation fails, for every n, until it runs through. */
    @TestFactory
    List<DynamicTest> everyOperationOfARotationFails_nothingAcknowledgedIsLost() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Operation.Kind kind : List.of(
                Operation.Kind.CREATE,
                Operation.Kind.OPEN,
                Operation.Kind.WRITE,
                Operation.Kind.FORCE,
                Operation.Kind.RENAME,
                Operation.Kind.FORCE_DIRECTORY,
                Operation.Kind.TRUNCATE)) {
            tests.add(DynamicTest.dynamicTest(kind + " EIO", () -> eachFails(kind, Fault::ioError, false)));
            tests.add(DynamicTest.dynamicTest(kind + " ENOSPC", () -> eachFails(kind, Fault::full, false)));
            tests.add(DynamicTest.dynamicTest(kind + " ENOSPC from then on", () -> eachFails(kind, Fault::full, true)));
        }
        return tests;
    }

    private void eachFails(Operation.Kind kind, Function<CallMatch, Fault> fault, boolean andAllLater)
            throws IOException {
        for (int n = 1; n < 100; n++) {
            try (PartitionFixture log = small()) {
                log.partition.append(value(0));
                CallMatch calls = CallMatch.on(kind).number(n);
                var injected = log.disk.inject(fault.apply(andAllLater ? calls.andAllLater() : calls));
                int acknowledged = 1;
                boolean isRefused = false;
                for (int i = 1; i < 4; i++) {
                    try {
                        log.partition.rotate();
                        long offset = log.partition.append(
                                value((int) log.partition.ends().logEnd()));
                        assertThat(offset).isEqualTo(acknowledged);
                        acknowledged++;
                    } catch (WalException e) {
                        isRefused = true;
                        if (log.partition.state() == LifeState.FAILED) {
                            break;
                        }
                    }
                }
                boolean hasRunThrough = injected.hits() == 0;
                log.disk.removeFaults();
                assertReads(log, acknowledged);
                if (log.partition.state() == LifeState.OPEN) {
                    assertThat(log.partition.append(value(acknowledged)))
                            .as("goes on once the disk does, after failure of number %s", n)
                            .isEqualTo(acknowledged);
                    assertReads(log, acknowledged + 1);
                }
                if (hasRunThrough) {
                    assertThat(isRefused).isFalse();
                    return;
                }
            }
        }
        throw new AssertionError("there is always one more " + kind);
    }

    // ---------------------------------------------------------------- proofs, linger, overlap

    @Test
    void quietPartition_notesItsDurableEndOverZerosOnly() throws Exception {
        ManualClock time = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(settings -> settings, time)) {
            log.partition.append(value(0));
            Awaitility.await().until(() -> log.partition.describe().fileBytes() > 60_000);
            log.awaitQuiet();
            long used = log.partition.describe().segments().get(0).usedBytes();
            long forces = log.disk.count(Operation.Kind.FORCE);
            time.advance(Duration.ofMillis(150));
            Awaitility.await()
                    .until(() -> log.partition.describe().segments().get(0).usedBytes() > used);
            log.awaitQuiet();
            assertThat(log.disk.count(Operation.Kind.FORCE))
                    .as("forced by nobody on purpose")
                    .isEqualTo(forces);
            long withProof = log.partition.describe().segments().get(0).usedBytes();
            time.advance(Duration.ofSeconds(10));
            log.awaitQuiet();
            assertThat(log.partition.describe().segments().get(0).usedBytes())
                    .as("one proof is enough")
                    .isEqualTo(withProof);
            assertThat(log.partition.append(value(1))).isEqualTo(1);
            assertReads(log, 2);
        }
    }

    @Test
    void quietPartitionWithoutZeros_dropsTheProof() throws Exception {
        ManualClock time = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.prefill(false), time)) {
            log.partition.append(value(0));
            log.awaitQuiet();
            long used = log.partition.describe().segments().get(0).usedBytes();
            time.advance(Duration.ofSeconds(1));
            log.awaitQuiet();
            assertThat(log.partition.describe().segments().get(0).usedBytes()).isEqualTo(used);
            assertThat(time.waitingTasks())
                    .as("only the age of the segment is timed")
                    .isEqualTo(1);
        }
    }

    @Test
    void lingeringRound_isWrittenWhenItsTimeHasCome() throws Exception {
        ManualClock time = new ManualClock();
        try (PartitionFixture log =
                PartitionFixture.open(settings -> settings.prefill(false).maxLinger(Duration.ofMillis(10)), time)) {
            Appended first = log.partition.enqueue(value(0));
            Appended second = log.partition.enqueue(value(1));
            Awaitility.await().until(() -> time.waitingTasks() > 0);
            log.awaitQuiet();
            assertThat(first.written().toCompletableFuture()).isNotDone();
            long writes = log.disk.count(Operation.Kind.WRITE);
            time.advance(Duration.ofMillis(10));
            join(second.durable().toCompletableFuture());
            assertThat(log.disk.count(Operation.Kind.WRITE))
                    .as("both in one write")
                    .isEqualTo(writes + 1);
        }
    }

    @Test
    void largeRound_isWrittenWhileAForceIsUnderWayAndAcknowledgedByTheNext() throws Exception {
        try (PartitionFixture log =
                PartitionFixture.open(settings -> settings.prefill(false).proofDelay(Duration.ofHours(1)))) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            Appended first = log.partition.enqueue(value(0));
            force.awaitArrival(SOON);
            Appended small = log.partition.enqueue(value(1));
            log.partition.ends();
            assertThat(small.written().toCompletableFuture())
                    .as("goes on gathering")
                    .isNotDone();
            Appended large = log.partition.enqueue(new byte[200_000]);
            assertThat(join(large.written().toCompletableFuture())).isEqualTo(2);
            assertThat(first.durable().toCompletableFuture()).isNotDone();
            Gate second = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            force.open();
            assertThat(join(first.durable().toCompletableFuture())).isZero();
            second.awaitArrival(SOON);
            assertThat(large.durable().toCompletableFuture())
                    .as("the force that was under way does not cover it")
                    .isNotDone();
            second.open();
            assertThat(join(large.durable().toCompletableFuture())).isEqualTo(2);
        }
    }

    // ----------------------------------------------------------------

    private static byte[] value(int i) {
        byte[] value = new byte[1000];
        value[0] = (byte) i;
        value[1] = (byte) (i >>> 8);
        value[999] = (byte) (i * 31);
        return value;
    }

    private static void assertReads(PartitionFixture log, int count) {
        try (Cursor cursor = log.partition.read(From.start())) {
            for (int i = 0; i < count; i++) {
                assertThat(cursor.next()).as("record %s of %s", i, count).isTrue();
                assertThat(cursor.offset()).isEqualTo(i);
                assertThat(cursor.value()).isEqualTo(value(i));
            }
        }
    }
}
