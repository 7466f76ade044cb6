package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.RunningChecksum;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentTotals;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log that another process writes: here, another object on the same disk, of which the reader knows nothing but the files. */
class ReadOnlyLogTest {

    private static final Path DIRECTORY = Path.of("/data/orders-0");
    private static final ReadOptions ALL = ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN);

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
    private final ManualClock clock = new ManualClock();
    private WrittenLog writer;
    private SegmentFiles files;
    private ReadOnlyLog log;

    @BeforeEach
    void open() throws IOException {
        writer = new WrittenLog(disk, DIRECTORY);
        files = new SegmentFiles(disk, 10, true);
        SegmentHeader header = writer.segments().first().header();
        Segment first = new Segment(writer.segments().first().path(), header);
        SegmentEnd nothing = new SegmentEnd(
                header.segmentId(), header.name(), 0, SegmentHeader.BYTES, RunningChecksum.start(header.segmentId()));
        RecoveredLog recovered = new RecoveredLog(
                WrittenLog.ID,
                DIRECTORY,
                writer.owner(),
                null,
                List.of(first),
                new ActiveState(first, nothing, SegmentHeader.BYTES, SegmentTotals.none(header.segmentId()), false),
                0,
                0,
                0,
                0,
                List.of(),
                Optional.empty(),
                new PartitionRecovery("orders-0", List.of(), 0, 0, 0, Optional.empty(), Optional.empty(), 0));
        Environment environment = Environment.real().withDisk(disk).withTime(clock, clock);
        log = new ReadOnlyLog(environment, files, writer.memory, 4096, recovered);
    }

    @AfterEach
    void nothingIsLeftBehind() {
        log.close(new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed"));
        files.close();
        assertThat(files.openFiles()).isZero();
        writer.close();
    }

    @Test
    void newFrames_areFoundByLooking() throws IOException {
        try (Cursor cursor = FrameCursor.open(log, From.start(), ALL)) {
            assertThat(cursor.next()).isFalse();
            writer.raw("a").raw("b").sync();

            assertThat(cursor.next()).as("it looked a moment ago").isFalse();
            clock.advance(Duration.ofMillis(20));
            assertThat(restOf(cursor)).containsExactly("0:a", "1:b");
        }
    }

    @Test
    void durableReader_seesWhatIsProven() throws IOException {
        writer.raw("a").sync();
        log.lookNow();
        assertThat(log.ends().durable()).isZero();
        assertThat(log.ends().written()).isEqualTo(1);

        // The second frame says that the first was durable, the proof says it of the second.
        writer.raw("b").sync();
        log.lookNow();
        assertThat(log.ends().durable()).isEqualTo(1);
        writer.frame(FrameKind.CONTROL, 0, new byte[8]);
        log.lookNow();
        assertThat(log.ends().durable()).isEqualTo(2);
        try (Cursor cursor = FrameCursor.open(log, From.start(), ReadOptions.DEFAULT)) {
            assertThat(restOf(cursor)).containsExactly("0:a", "1:b");
        }
    }

    @Test
    void frameThatIsBeingWritten_isNotThereYet() throws IOException {
        writer.raw("a").sync();
        Path path = writer.segments().last().path();
        long place = writer.position();
        writer.raw("bbbbbbbbbbbbbbbb").sync();
        byte[] whole = disk.contents(path);
        disk.resize(path, (int) place + 44);

        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(1);
        disk.damage(path, whole);
        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(2);
    }

    @Test
    void newSegments_areFoundByLooking() throws IOException {
        writer.raw("a").rotate().raw("b").raw("c").rotate().rotate().raw("d").sync();
        log.lookNow();

        assertThat(log.segments().size()).isEqualTo(4);
        assertThat(log.ends().durable()).as("a successor proves all before it").isEqualTo(3);
        try (Cursor cursor = FrameCursor.open(log, From.start(), ALL)) {
            assertThat(restOf(cursor)).containsExactly("0:a", "1:b", "2:c", "3:d");
        }
        try (Cursor cursor = FrameCursor.open(log, From.offset(2), ALL)) {
            assertThat(restOf(cursor)).containsExactly("2:c", "3:d");
        }
    }

    @Test
    void logThatWasChangedByARecovery_isAtItsEnd() throws IOException {
        writer.raw("a").sync();
        long place = writer.position();
        writer.raw("b").sync();
        log.lookNow();
        // Its writer dies, and recovery cuts the second frame, which nothing had proven, and goes on in a new segment.
        try (WrittenLog other = new WrittenLog(new SimulatedDisk().withDirectories(DIRECTORY), DIRECTORY)) {
            other.raw("a").rotate().raw("B").sync();
            for (Segment segment : other.segments().asList()) {
                disk.damage(segment.path(), ((SimulatedDisk) other.disk).contents(segment.path()));
            }
        }
        assertThat(disk.contents(writer.segments().first().path()).length).isGreaterThan((int) place);

        log.lookNow();
        assertThat(log.readFailure())
                .as("it looks at the names only now and then")
                .isEmpty();
        clock.advance(Duration.ofMillis(ReadOnlyLog.LIST_MILLIS));
        assertCode(log::lookNow, ErrorCode.PARTITION_CLOSED);
        assertCode(() -> FrameCursor.open(log, From.start(), ALL), ErrorCode.PARTITION_CLOSED);
    }

    @Test
    void unprovenFrameThatAnotherTookThePlaceOf_isNotTakenForTheEnd() throws IOException {
        writer.raw("a").sync().raw("refused, but seen").write();
        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(2);
        clock.advance(Duration.ofMillis(ReadOnlyLog.LIST_MILLIS));
        log.lookNow();
        assertThat(log.readFailure()).as("nothing has changed").isEmpty();
        try (WrittenLog other = new WrittenLog(new SimulatedDisk().withDirectories(DIRECTORY), DIRECTORY)) {
            other.raw("a").sync().raw("b").raw("c").raw("d").sync();
            Path path = other.segments().last().path();
            disk.damage(path, ((SimulatedDisk) other.disk).contents(path));
        }

        clock.advance(Duration.ofMillis(ReadOnlyLog.LIST_MILLIS));
        assertCode(log::lookNow, ErrorCode.PARTITION_CLOSED);
    }

    @Test
    void successorOfANewerVersion_isRefusedAndNotCalledDamaged() throws IOException {
        writer.raw("a").rotate().raw("b").sync();
        disk.damage(writer.segments().last().path(), bytes -> {
            ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            header.putInt(8, SegmentHeader.FORMAT_VERSION + 1);
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, SegmentHeader.BYTES - 4);
            header.putInt(SegmentHeader.BYTES - 4, (int) crc.getValue());
            return bytes;
        });

        assertCode(log::lookNow, ErrorCode.FORMAT_NEWER);
        assertThat(log.ends().written())
                .as("what was read before stays readable")
                .isEqualTo(1);
    }

    @Test
    void successorWithABadHeader_isDamageInThatFile() throws IOException {
        writer.raw("a").rotate().raw("b").sync();
        disk.flipBit(writer.segments().last().path(), 8 * 50);

        assertThatThrownBy(log::lookNow).isInstanceOfSatisfying(DamageException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
            assertThat(e.damage().file()).isEqualTo("orders-0/00000000000000000001-00000002.seg");
        });
    }

    /** The writer is ahead of what this process is shown of the older file: that comes, and then it goes on. */
    @Test
    void successorThatKnowsOfMoreThanCanBeRead_isGoneOverToWhenAllIsThere() throws IOException {
        writer.raw("a").sync();
        log.lookNow();
        Path older = writer.segments().last().path();
        byte[] seen = disk.contents(older);
        writer.raw("b").rotate().raw("c").sync();
        byte[] whole = disk.contents(older);
        disk.damage(older, seen);

        clock.advance(Duration.ofMillis(ReadOnlyLog.LIST_MILLIS));
        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(1);
        assertThat(log.readFailure()).isEmpty();

        disk.damage(older, whole);
        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(3);
    }

    @Test
    void fileThatCannotBeRead_isToldAndReadTheNextTime() throws IOException {
        writer.raw("a").sync();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ)));

        assertCode(log::lookNow, ErrorCode.SEGMENT_UNREADABLE);
        log.lookNow();
        assertThat(log.ends().written()).isEqualTo(1);
    }

    @Test
    void interruptedBeforeItWaits_isToldAtOnce() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> log.awaitVisible(0, Durability.WRITTEN, TimeUnit.SECONDS.toNanos(60)))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void logThatCannotGoOn_tellsWhoWouldWait() throws IOException {
        log.close(new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed"));
        assertCode(
                () -> log.awaitVisible(0, Durability.WRITTEN, TimeUnit.SECONDS.toNanos(60)),
                ErrorCode.PARTITION_CLOSED);
    }

    @Test
    void sizeOfAFileThatCannotBeListed_isNotKnown() throws IOException {
        assertThat(log.fileBytes(log.segments().first())).hasValue(SegmentHeader.BYTES);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.LIST)));
        assertThat(log.fileBytes(log.segments().first())).isEmpty();
    }

    @Test
    void waiting_endsWithTheNextAppend() throws Exception {
        CompletableFuture<List<String>> read = CompletableFuture.supplyAsync(() -> {
            try (Cursor cursor = FrameCursor.open(log, From.start(), ALL)) {
                assertThat(cursor.next(Duration.ofSeconds(60))).isTrue();
                return List.of(cursor.offset() + ":" + new String(cursor.value(), StandardCharsets.UTF_8));
            }
        });
        // It has looked at least once and found nothing.
        long before = reads();
        while (reads() == before && !read.isDone()) {
            Thread.onSpinWait();
        }
        writer.raw("a").sync();

        assertThat(read.get(60, TimeUnit.SECONDS)).containsExactly("0:a");
    }

    @Test
    void waiting_endsWithTheDeadlineOrTheClose() throws Exception {
        try (Cursor cursor = FrameCursor.open(log, From.start(), ALL)) {
            assertThat(cursor.next(Duration.ofMillis(1))).isFalse();
        }
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return log.awaitVisible(0, Durability.WRITTEN, TimeUnit.SECONDS.toNanos(60));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        long before = reads();
        while (reads() == before && !waiting.isDone()) {
            Thread.onSpinWait();
        }
        log.close(new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed"));

        assertThat(waiting.get(60, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void nothingIsEverWritten() throws IOException {
        for (int i = 0; i < 200; i++) {
            writer.raw(new byte[500]);
        }
        writer.withoutIndex().rotate().raw("x").sync();
        log.lookNow();
        long before = changes();
        try (Cursor cursor = FrameCursor.open(log, From.offset(150), ALL)) {
            assertThat(cursor.next()).isTrue();
        }
        assertThat(log.segments().first().index().size()).isGreaterThan(5);
        assertThat(changes()).isEqualTo(before);
    }

    private long reads() {
        return disk.count(Operation.Kind.READ);
    }

    private long changes() {
        return disk.count(Operation.Kind.WRITE)
                + disk.count(Operation.Kind.CREATE)
                + disk.count(Operation.Kind.RENAME)
                + disk.count(Operation.Kind.DELETE)
                + disk.count(Operation.Kind.FORCE);
    }

    private static List<String> restOf(Cursor cursor) {
        List<String> rest = new ArrayList<>();
        while (cursor.next()) {
            rest.add(cursor.offset() + ":" + new String(cursor.value(), StandardCharsets.UTF_8));
        }
        return rest;
    }

    private static void assertCode(ThrowingCallable call, ErrorCode code) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
