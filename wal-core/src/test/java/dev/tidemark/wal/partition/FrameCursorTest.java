package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.IndexHeader;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCursorTest {

    private static final Path DIRECTORY = Path.of("/data/orders-0");
    private static final ReadOptions SMALL_READS = ReadOptions.DEFAULT.withReadAheadBytes(4096);

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
    private WrittenLog log;

    @BeforeEach
    void open() throws IOException {
        log = new WrittenLog(disk, DIRECTORY);
    }

    @AfterEach
    void nothingIsLeftBehind() {
        log.close();
    }

    // ---------------------------------------------------------------- what is handed out

    @Test
    void values_areHandedOutInOrder() throws IOException {
        log.at(5_000).raw("a").at(5_001).raw("").raw("ccc").sync();

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isZero();
            assertThat(cursor.kind()).isEqualTo(EntryKind.RAW);
            assertThat(cursor.count()).isEqualTo(1);
            assertThat(cursor.timestampMillis()).isEqualTo(5_000);
            assertThat(cursor.value()).asString().isEqualTo("a");
            assertThat(cursor.key()).isEmpty();
            assertThat(cursor.headers()).isEmpty();
            assertThat(cursor.nextOffset()).isEqualTo(1);
            assertThat(restOf(cursor)).containsExactly("1:", "2:ccc");
            assertThat(cursor.nextOffset()).isEqualTo(3);
            assertThat(cursor.next()).isFalse();
        }
    }

    @Test
    void recordsOfABatch_areHandedOutOneByOne() throws IOException {
        log.at(7_000)
                .raw("before")
                .records(
                        WalRecord.of(bytes("k"), bytes("v1")),
                        WalRecord.of(bytes("v2")).withTimestamp(123),
                        WalRecord.of(bytes("v3")).withHeaders(List.of(Header.of("name", bytes("h")))))
                .raw("after")
                .sync();

        try (Cursor cursor = log.read(From.offset(1))) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.kind()).isEqualTo(EntryKind.RECORD);
            assertThat(cursor.key().orElseThrow()).asString().isEqualTo("k");
            assertThat(cursor.timestampMillis()).isEqualTo(7_000);
            assertThat(cursor.nextOffset()).isEqualTo(2);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).isEmpty();
            assertThat(cursor.timestampMillis()).isEqualTo(123);
            assertThat(cursor.count()).isEqualTo(1);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.headers()).containsExactly(Header.of("name", bytes("h")));
            assertThat(StandardCharsets.UTF_8.decode(cursor.buffer()).toString())
                    .isEqualTo("v3");
            assertThat(restOf(cursor)).containsExactly("4:after");
        }
    }

    @Test
    void opaqueBatch_isHandedOutWhole() throws IOException {
        log.opaque(5, bytes("batch")).raw("after").sync();

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.kind()).isEqualTo(EntryKind.OPAQUE);
            assertThat(cursor.count()).isEqualTo(5);
            assertThat(cursor.nextOffset()).isEqualTo(5);
            assertThat(restOf(cursor)).containsExactly("5:after");
        }
    }

    @Test
    void buffer_isReadOnlyAndHoldsTheValueAlone() throws IOException {
        log.raw("abc").sync();

        try (Cursor cursor = log.read(From.start())) {
            cursor.next();
            ByteBuffer buffer = cursor.buffer();
            assertThat(buffer.isReadOnly()).isTrue();
            assertThat(buffer.remaining()).isEqualTo(3);
            assertThat(buffer.capacity()).isEqualTo(3);
            assertThat(buffer.get(0)).isEqualTo((byte) 'a');
        }
    }

    @Test
    void framesWithoutRecords_areSkipped() throws IOException {
        log.frame(FrameKind.CONTROL, 0, bytes("proof"))
                .raw("a")
                .frame(FrameKind.PAD, 0, new byte[3000])
                .frame(FrameKind.CONTROL, 0, bytes("proof"))
                .raw("b")
                .frame(FrameKind.CONTROL, 0, bytes("proof"))
                .sync();

        try (Cursor cursor = log.read(From.start())) {
            assertThat(restOf(cursor)).containsExactly("0:a", "1:b");
        }
    }

    @Test
    void beforeTheFirstEntry_thereIsNothingToAskFor() throws IOException {
        log.raw("a").sync();

        try (Cursor cursor = log.read(From.start())) {
            assertCode(cursor::value, ErrorCode.ARGUMENT_INVALID);
            assertThat(cursor.nextOffset()).isZero();
        }
    }

    @Test
    void presentEntry_staysAtTheEndOfTheLog() throws IOException {
        log.raw("a").sync();

        try (Cursor cursor = log.read(From.start())) {
            cursor.next();
            assertThat(cursor.next()).isFalse();
            assertThat(cursor.value()).asString().isEqualTo("a");
        }
    }

    // ---------------------------------------------------------------- where it begins

    @Test
    void offset_mayBeTheEndButNotBeyond() throws IOException {
        log.raw("a").raw("b").sync();

        try (Cursor cursor = log.read(From.offset(2))) {
            assertThat(cursor.next()).isFalse();
            log.raw("c").sync();
            assertThat(restOf(cursor)).containsExactly("2:c");
        }
        assertCode(() -> log.read(From.offset(4)), ErrorCode.OFFSET_BEYOND_END);
    }

    @Test
    void offsetThatIsWrittenButNotDurable_isBeyondTheEndOfADefaultReader() throws IOException {
        log.raw("a").sync().raw("b").raw("c").write();

        assertCode(() -> log.read(From.offset(2)), ErrorCode.OFFSET_BEYOND_END);
        try (Cursor cursor = log.read(From.offset(2), ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN))) {
            assertThat(restOf(cursor)).containsExactly("2:c");
        }
    }

    @Test
    void offsetBelowTheStart_isTrimmed() throws IOException {
        log.raw("a").rotate().raw("b").raw("c").sync();
        log.trimTo(2);

        assertCode(() -> log.read(From.offset(1)), ErrorCode.OFFSET_TRIMMED);
        try (Cursor cursor = log.read(From.start())) {
            assertThat(restOf(cursor)).containsExactly("2:c");
        }
    }

    @Test
    void offsetInsideABatch_beginsAtThatRecord() throws IOException {
        log.records(WalRecord.of(bytes("a")), WalRecord.of(bytes("b")), WalRecord.of(bytes("c")))
                .raw("d")
                .sync();

        try (Cursor cursor = log.read(From.offset(1))) {
            assertThat(cursor.nextOffset()).isEqualTo(1);
            assertThat(restOf(cursor)).containsExactly("1:b", "2:c", "3:d");
        }
    }

    @Test
    void offsetInsideAnOpaqueBatch_beginsAtTheBatch() throws IOException {
        log.raw("a").opaque(10, bytes("batch")).raw("b").sync();

        try (Cursor cursor = log.read(From.offset(7))) {
            assertThat(restOf(cursor)).containsExactly("1:batch", "11:b");
        }
    }

    @Test
    void end_isWhatIsAppendedFromNowOn() throws IOException {
        log.raw("a").sync();

        try (Cursor cursor = log.read(From.end())) {
            assertThat(cursor.next()).isFalse();
            log.raw("b");
            assertThat(cursor.next()).isFalse();
            log.sync();
            assertThat(restOf(cursor)).containsExactly("1:b");
        }
    }

    @Test
    void emptyLog_canBeReadFromAnywhere() throws IOException {
        for (From from : List.of(From.start(), From.end(), From.offset(0), From.timestamp(5))) {
            try (Cursor cursor = log.read(from)) {
                assertThat(cursor.next()).as("%s", from).isFalse();
                assertThat(cursor.nextOffset()).as("%s", from).isZero();
            }
        }
    }

    @Test
    void timestamp_beginsAtTheFirstAppendThatIsNotOlder() throws IOException {
        log.at(100).raw("a").raw("b").at(200).raw("c").rotate();
        log.raw("d").at(300).raw("e").rotate().at(400).raw("f").sync();

        assertThat(allFrom(From.timestamp(0))).startsWith("0:a");
        assertThat(allFrom(From.timestamp(100))).startsWith("0:a");
        assertThat(allFrom(From.timestamp(101))).startsWith("2:c");
        assertThat(allFrom(From.timestamp(200))).startsWith("2:c");
        assertThat(allFrom(From.timestamp(201))).startsWith("4:e");
        assertThat(allFrom(From.timestamp(300))).startsWith("4:e");
        assertThat(allFrom(From.timestamp(301))).containsExactly("5:f");
        assertThat(allFrom(From.timestamp(401))).isEmpty();
    }

    @Test
    void timestampInTheFuture_waitsForIt() throws IOException {
        log.at(100).raw("a").sync();

        try (Cursor cursor = log.read(From.timestamp(300))) {
            assertThat(cursor.nextOffset()).isEqualTo(1);
            log.at(200).raw("b").sync();
            assertThat(cursor.next()).isFalse();
            assertThat(cursor.nextOffset()).isEqualTo(2);
            log.rotate().at(300).raw("c").at(301).raw("d").sync();
            assertThat(restOf(cursor)).containsExactly("2:c", "3:d");
        }
    }

    @Test
    void timestampBelowTheStart_beginsAtTheStart() throws IOException {
        log.at(100).raw("a").raw("b").raw("c").sync();
        log.trimTo(1);

        assertThat(allFrom(From.timestamp(50))).containsExactly("1:b", "2:c");
    }

    /** Every way to begin, against a list, in a log of all kinds of frames with and without what was in memory. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyBeginning_isTheOneThatAListSays(long seed) throws IOException {
        Random random = new Random(seed);
        List<String> entries = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        List<Long> times = new ArrayList<>();
        long millis = 1_000;
        for (int i = 0; i < 400; i++) {
            millis += random.nextInt(3);
            log.at(millis);
            long offset = log.logEnd();
            byte[] value = new byte[random.nextInt(random.nextInt(20) == 0 ? 9_000 : 300)];
            Arrays.fill(value, (byte) ('a' + i % 26));
            int records = 1 + random.nextInt(4);
            switch (random.nextInt(6)) {
                case 0 -> {
                    log.opaque(records, value);
                    entries.add(offset + ":" + new String(value, StandardCharsets.UTF_8));
                    offsets.add(offset);
                    ends.add(offset + records);
                    times.add(millis);
                }
                case 1 -> {
                    WalRecord[] batch = new WalRecord[records];
                    Arrays.fill(batch, WalRecord.of(value));
                    log.records(batch);
                    for (int r = 0; r < records; r++) {
                        entries.add(offset + r + ":" + new String(value, StandardCharsets.UTF_8));
                        offsets.add(offset + r);
                        ends.add(offset + r + 1);
                        times.add(millis);
                    }
                }
                case 2 -> log.frame(FrameKind.CONTROL, 0, value);
                default -> {
                    log.raw(value);
                    entries.add(offset + ":" + new String(value, StandardCharsets.UTF_8));
                    offsets.add(offset);
                    ends.add(offset + 1);
                    times.add(millis);
                }
            }
            if (random.nextInt(60) == 0) {
                log.rotate();
            }
        }
        log.sync();
        for (int round = 0; round < 2; round++) {
            for (long offset = 0; offset < log.logEnd(); offset += 1 + random.nextInt(5)) {
                int first = 0;
                while (ends.get(first) <= offset) {
                    first++;
                }
                assertFirst(From.offset(offset), entries.subList(first, entries.size()));
            }
            for (long time = 990; time <= millis; time += 1 + random.nextInt(9)) {
                int first = 0;
                while (first < times.size() && times.get(first) < time) {
                    first++;
                }
                assertFirst(From.timestamp(time), entries.subList(first, entries.size()));
            }
            assertThat(allFrom(From.start())).as("seed=%s", seed).isEqualTo(entries);
            log.reopen();
        }
    }

    private void assertFirst(From from, List<String> expected) {
        List<String> found = new ArrayList<>();
        try (Cursor cursor = log.read(from, SMALL_READS)) {
            for (int i = 0; i < 3 && cursor.next(); i++) {
                found.add(shown(cursor));
            }
        }
        assertThat(found).as("%s", from).isEqualTo(expected.subList(0, Math.min(3, expected.size())));
    }

    // ---------------------------------------------------------------- the end of what is visible

    @Test
    void bytesBehindTheVisibleEnd_areNotBelieved() throws IOException {
        log.raw("a").sync();
        try (Cursor cursor = log.read(From.start())) {
            assertThat(restOf(cursor)).containsExactly("0:a");
            // All this is read together with the first frame, but can change until it becomes visible.
            long place = log.position();
            log.raw("garbage").raw("more");
            flip(log.segments().last(), place);
            assertThat(cursor.next()).isFalse();
            flip(log.segments().last(), place);
            log.sync();
            assertThat(restOf(cursor)).containsExactly("1:garbage", "2:more");
        }
    }

    @Test
    void durableReader_doesNotSeeWhatIsOnlyWritten() throws IOException {
        log.raw("a").sync().raw("b").write();

        try (Cursor durable = log.read(From.start());
                Cursor written = log.read(From.start(), ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN))) {
            assertThat(restOf(durable)).containsExactly("0:a");
            assertThat(restOf(written)).containsExactly("0:a", "1:b");
        }
    }

    /** Whoever moves the readable end may think in offsets: a batch is handed out when all of it is readable, and not before. */
    @Test
    void batchThatIsReadableInPart_isWaitedForAsAWhole() throws IOException {
        log.raw("a").opaque(10, bytes("batch")).sync();
        log.readableTo(7);
        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.next()).as("four of ten are not readable").isFalse();
            log.readableTo(10);
            assertThat(cursor.next()).as("one of ten is not readable").isFalse();
            log.readableTo(11);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.count()).isEqualTo(10);
        }
    }

    @Test
    void segmentWhoseHeaderCannotBeRead_isToldToWhoLooksForATime() throws IOException {
        log.at(1_000)
                .raw("a")
                .rotate()
                .at(2_000)
                .raw("b")
                .rotate()
                .at(3_000)
                .raw("c")
                .sync();
        log.reopen();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ).named("-00000002.seg")));

        assertThatThrownBy(() -> log.read(From.timestamp(1_500))).isInstanceOfSatisfying(DamageException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.SEGMENT_UNREADABLE);
            assertThat(e.damage().file()).isEqualTo("orders-0/00000000000000000001-00000002.seg");
        });
        assertFirst(From.timestamp(1_500), List.of("1:b"), 1);
    }

    /** After a clean close nobody has looked into it: whoever reads it is told, and what is before it is read. */
    @Test
    void sealedSegmentOfANewerVersion_isRefusedToItsReader() throws IOException {
        log.raw("a").rotate().raw("b").rotate().raw("c").sync();
        log.reopen();
        disk.damage(log.segments().get(1).path(), file -> {
            ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            header.putInt(8, SegmentHeader.FORMAT_VERSION + 1);
            CRC32C crc = new CRC32C();
            crc.update(file, 0, SegmentHeader.BYTES - Integer.BYTES);
            header.putInt(SegmentHeader.BYTES - Integer.BYTES, (int) crc.getValue());
            return file;
        });

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertThatThrownBy(cursor::next)
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_NEWER))
                    .hasMessageContaining("file=orders-0/00000000000000000001-00000002.seg version=2");
        }
        assertFirst(From.offset(2), List.of("2:c"), 1);
    }

    @Test
    void tail_isReadInSmallPieces() throws IOException {
        for (int i = 0; i < 200; i++) {
            log.raw(new byte[1000]);
        }
        log.sync();
        try (Cursor cursor = log.read(From.end())) {
            long before = bytesRead();
            for (int i = 0; i < 10; i++) {
                log.raw("x").sync();
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.next()).isFalse();
            }
            assertThat(bytesRead() - before).isLessThan(200_000);
        }
    }

    @Test
    void cursor_goesOnFromSegmentToSegment() throws IOException {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            log.raw("v" + i);
            expected.add(i + ":v" + i);
            if (i % 7 == 0) {
                log.rotate();
            }
        }
        log.sync();

        assertThat(allFrom(From.start())).isEqualTo(expected);
    }

    @Test
    void cursorAtTheTail_goesOnWhenTheSegmentIsSealedUnderIt() throws IOException {
        log.raw("a").sync();
        try (Cursor cursor = log.read(From.start())) {
            assertThat(restOf(cursor)).containsExactly("0:a");
            log.raw("b").rotate().rotate().raw("c").sync();
            assertThat(restOf(cursor)).containsExactly("1:b", "2:c");
        }
    }

    @Test
    void trimming_leavesTheSegmentThatACursorIsIn() throws IOException {
        log.raw("a").raw("b").rotate().raw("c").rotate().raw("d").sync();
        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            Segment first = log.segments().first();
            assertThat(first.tryRetain()).isTrue();
            first.release();

            log.trimTo(3);

            // The cursor holds the last reference: in the engine the file is deleted only after it.
            assertThat(first.tryRetain()).isTrue();
            first.release();
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isEqualTo(1);
            assertCode(cursor::next, ErrorCode.OFFSET_TRIMMED);
        }
    }

    // ---------------------------------------------------------------- memory and files

    @Test
    void frameLargerThanTheReadAhead_isReadWholeAndItsMemoryGivenBack() throws IOException {
        byte[] large = new byte[300_000];
        new Random(1).nextBytes(large);
        log.raw("a").raw(large).raw("b");
        for (int i = 0; i < 10; i++) {
            log.raw(new byte[2000]);
        }
        log.sync();

        try (Cursor cursor = log.read(From.start(), SMALL_READS)) {
            cursor.next();
            assertThat(memory()).isLessThanOrEqualTo(4096);
            cursor.next();
            assertThat(cursor.value()).isEqualTo(large);
            assertThat(memory()).isBetween(300_000L, 301_000L);
            cursor.next();
            assertThat(cursor.value()).asString().isEqualTo("b");
            cursor.next();
            assertThat(cursor.value()).hasSize(2000);
            cursor.next();
            cursor.next();
            assertThat(memory()).isLessThanOrEqualTo(4096);
        }
        assertThat(memory()).isZero();
    }

    @Test
    void readAhead_growsToWhatWasAskedForAndNoFurther() throws IOException {
        for (int i = 0; i < 500; i++) {
            log.raw(new byte[1000]);
        }
        log.sync();
        try (Cursor cursor = log.read(From.start(), ReadOptions.DEFAULT.withReadAheadBytes(65_536))) {
            cursor.next();
            assertThat(memory()).isEqualTo(8 << 10);
            while (cursor.next()) {
                assertThat(memory()).isLessThanOrEqualTo(65_536);
            }
            assertThat(memory()).isEqualTo(65_536);
        }
    }

    @Test
    void cursorThatIsNotReading_holdsNoFile() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        try (Cursor cursor = log.read(From.start())) {
            cursor.next();
            log.segments().asList().forEach(log.files::forget);
            assertThat(log.files.openFiles()).isZero();
            assertThat(restOf(cursor)).containsExactly("1:b");
        }
    }

    @Test
    void closedCursor_refusesEverythingButClosing() throws IOException {
        log.raw("a").sync();
        Cursor cursor = log.read(From.start());
        cursor.next();
        cursor.close();
        cursor.close();

        assertCode(cursor::next, ErrorCode.CLOSED_HANDLE);
        assertCode(cursor::value, ErrorCode.CLOSED_HANDLE);
        assertCode(cursor::offset, ErrorCode.CLOSED_HANDLE);
        assertCode(cursor::buffer, ErrorCode.CLOSED_HANDLE);
    }

    @Test
    void logThatCannotBeReadAnyMore_saysWhy() throws IOException {
        log.raw("a").raw("b").sync();
        try (Cursor cursor = log.read(From.start())) {
            cursor.next();
            log.fail(
                    new UnavailableException(ErrorCode.PARTITION_DELETED, "partition was deleted: partition=orders-0"));

            assertCode(cursor::next, ErrorCode.PARTITION_DELETED);
            assertCode(() -> log.read(From.start()), ErrorCode.PARTITION_DELETED);
        }
    }

    // ---------------------------------------------------------------- the index

    @Test
    void farOffset_isFoundThroughTheIndex() throws IOException {
        for (int i = 0; i < 1000; i++) {
            log.raw(new byte[1000]);
        }
        log.sync();
        long before = bytesRead();
        try (Cursor cursor = log.read(From.offset(900), SMALL_READS)) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isEqualTo(900);
        }
        assertThat(bytesRead() - before).isLessThan(20_000);
    }

    @Test
    void indexOfAnEarlierProcess_isMadeFromTheFramesWhenNeeded() throws IOException {
        log.withoutIndex();
        for (int i = 0; i < 300; i++) {
            log.raw("old " + i + "#".repeat(200));
        }
        log.sync().withIndex();
        for (int i = 300; i < 600; i++) {
            log.raw("new " + i + "#".repeat(200));
        }
        log.sync();
        Segment segment = log.segments().last();
        int writtenEntries = segment.index().size();

        // What this process wrote needs nothing loaded.
        assertFirst(From.offset(500), List.of("500:new 500" + "#".repeat(200)), 1);
        assertThat(segment.index().size()).isEqualTo(writtenEntries);

        assertFirst(From.offset(100), List.of("100:old 100" + "#".repeat(200)), 1);
        assertThat(segment.index().size()).isGreaterThan(writtenEntries + 10);
        long before = bytesRead();
        assertFirst(From.offset(250), List.of("250:old 250" + "#".repeat(200)), 1);
        assertFirst(From.offset(310), List.of("310:new 310" + "#".repeat(200)), 1);
        assertThat(bytesRead() - before).isLessThan(25_000);
    }

    @Test
    void indexFileThatLies_isMadeAgain() throws IOException {
        for (int i = 0; i < 200; i++) {
            log.raw("v" + i + "#".repeat(200));
        }
        log.rotate().sync();
        log.reopen();
        Segment segment = log.segments().first();
        // The index says that the frame of offset 100 begins 8 bytes later than it does.
        disk.damage(indexOf(segment), FrameCursorTest::withPositionsShifted);

        assertFirst(From.offset(100), List.of("100:v100" + "#".repeat(200)), 1);
        log.reopen();
        long before = bytesRead();
        assertFirst(From.offset(150), List.of("150:v150" + "#".repeat(200)), 1);
        assertThat(bytesRead() - before).as("the index was written anew").isLessThan(20_000);
    }

    /** Its checksums are good. Nothing but the index says that another frame belongs there. */
    @Test
    void frameWithTheOffsetOfTheNextOne_isNotHandedOutForIt() throws IOException {
        log.raw("first" + "#".repeat(5000));
        long place = log.position();
        log.raw("b").raw("c").sync();
        Segment segment = log.segments().last();
        disk.damage(segment.path(), file -> withOffset(file, place, 2, segment.salt()));

        try (Cursor cursor = log.read(From.offset(2))) {
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "verdict=WRONG_OFFSET");
        }
    }

    @Test
    void indexFileWithABadByte_isMadeAgain() throws IOException {
        for (int i = 0; i < 200; i++) {
            log.raw("v" + i + "#".repeat(200));
        }
        log.rotate().sync();
        log.reopen();
        Segment segment = log.segments().first();
        disk.flipBit(indexOf(segment), 8 * 100);

        assertFirst(From.offset(100), List.of("100:v100" + "#".repeat(200)), 1);
    }

    // ---------------------------------------------------------------- damage

    @Test
    void badHeader_isReportedWithItsPlace() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("b").raw("c").sync();
        flip(log.segments().last(), place + 9);

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "crcFound=0x");
            // The cursor stays before it, and says the same again.
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "verdict=BAD_HEADER_CRC");
            assertThat(cursor.nextOffset()).isEqualTo(1);
        }
    }

    @Test
    void badPayload_isReportedAndNotHandedOut() throws IOException {
        log.raw("a");
        long place = log.position();
        log.opaque(3, bytes("bbbbbbbbbb")).raw("c").sync();
        flip(log.segments().last(), place + 45);

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "verdict=BAD_PAYLOAD_CRC");
            assertThatThrownBy(cursor::next)
                    .isInstanceOfSatisfying(
                            DamageException.class,
                            e -> assertThat(e.damage().endOffset()).isEqualTo(4));
        }
        // What lies behind it can be read by whoever asks for it.
        assertThat(allFrom(From.offset(4))).containsExactly("4:c");
    }

    /** Its header verifies, and yet the reader must neither take this for the end of the log nor leap over what follows. */
    @Test
    void frameThatCountsMoreThanItsSegmentHolds_isDamageAndNotTheEnd() throws IOException {
        log.raw("a");
        long inSealed = log.position();
        log.opaque(3, bytes("bbb")).rotate().raw("c").raw("d");
        long inActive = log.position();
        log.opaque(2, bytes("ee")).raw("f").sync();
        Segment sealed = log.segments().first();
        Segment active = log.segments().last();
        for (int count : new int[] {4, 5, 1_000_000, Integer.MAX_VALUE}) {
            byte[] whole = disk.contents(sealed.path());
            disk.damage(sealed.path(), counting(whole, sealed, inSealed, count));
            try (Cursor cursor = log.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, inSealed, 1, "verdict=BAD_COUNT");
            }
            disk.damage(sealed.path(), whole);
        }
        disk.damage(active.path(), counting(disk.contents(active.path()), active, inActive, 4));
        try (Cursor cursor = log.read(From.offset(5))) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, inActive, 6, "verdict=BAD_COUNT");
        }
    }

    /** The file with another count in one frame, and with the header's checksum computed anew. */
    private static byte[] counting(byte[] segmentFile, Segment segment, long position, int count) {
        byte[] bytes = segmentFile.clone();
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = (int) position;
        file.putInt(at + 24, count);
        file.putInt(at, FrameCodec.computeHeaderCrc(file, at, segment.salt(), position, new CRC32C()));
        return bytes;
    }

    @Test
    void badFrameWithoutRecords_isSteppedOver_becauseTheNextRecordHasTheOffsetThatMustFollow() throws IOException {
        log.raw("a");
        long place = log.position();
        log.frame(FrameKind.CONTROL, 0, new byte[100]).raw("b").sync();
        flip(log.segments().last(), place + 80);

        try (Cursor cursor = log.read(From.start())) {
            assertThat(restOf(cursor)).containsExactly("0:a", "1:b");
        }
    }

    @Test
    void badFrameWithARecord_isNotSteppedOver() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("b").raw("c").sync();
        flip(log.segments().last(), place + 8);

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "verdict=BAD_HEADER_CRC");
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "verdict=BAD_HEADER_CRC");
        }
    }

    @Test
    void zerosInsideTheLog_areReported() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("b").sync();
        disk.overwrite(log.segments().last().path(), (int) place, new byte[48]);

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "zeros where a frame must be");
        }
    }

    @Test
    void fileThatEndsTooEarly_isReported() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("bbbbbbbbbbbbbbbbbbbb").sync();
        Path path = log.segments().last().path();
        byte[] whole = disk.contents(path);
        for (long size : new long[] {place, place + 8, place + 48}) {
            disk.resize(path, (int) size);
            try (Cursor cursor = log.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                assertDamage(cursor, ErrorCode.SEGMENT_TRUNCATED, place, 1, "segment ends inside readable data");
            }
            disk.damage(path, whole);
        }
    }

    @Test
    void frameThatMovedToAnotherPlace_isReported() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("b");
        long after = log.position();
        log.raw("c").sync();
        Path path = log.segments().last().path();
        disk.overwrite(
                path, (int) place, Arrays.copyOfRange(disk.contents(path), (int) after, (int) (after + after - place)));

        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 1, "BAD_HEADER_CRC");
        }
    }

    @Test
    void malformedBatchWithAGoodChecksum_isReported() throws IOException {
        long place = log.position();
        log.frame(FrameKind.RECORDS, 3, bytes("\377\377\377\377\377\377\377"))
                .raw("b")
                .sync();

        try (Cursor cursor = log.read(From.start())) {
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 0, "malformed");
            assertDamage(cursor, ErrorCode.SEGMENT_CORRUPT, place, 0, "malformed");
        }
        assertThat(allFrom(From.offset(3))).containsExactly("3:b");
    }

    /** As when a segment was cut and written anew between two looks at it. */
    @Test
    void frameThatLooksBadOnlyOnce_isHandedOut() throws IOException {
        log.raw("a");
        long place = log.position();
        log.raw("b").sync();
        Path path = log.segments().last().path();
        byte[] good = disk.contents(path);
        disk.flipBit(path, 8 * place + 77);
        disk.addListener(operation -> {
            if (operation.kind() == Operation.Kind.READ) {
                disk.damage(path, good);
            }
        });

        assertThat(allFrom(From.start())).containsExactly("0:a", "1:b");
    }

    /** As a truncation leaves it: the list has another segment for the same offsets. */
    @Test
    void segmentThatWasReplaced_isLeftForTheNewOne() throws IOException {
        log.raw("a").rotate().raw("old").sync();
        try (Cursor cursor = log.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            log.raw("more").sync();
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.value()).asString().isEqualTo("old");
            Path replaced = log.segments().last().path();
            log.replaceLast().raw("new").raw("NEW").sync();
            disk.overwrite(replaced, 4096, new byte[200]);

            assertThat(restOf(cursor)).containsExactly("2:NEW");
        }
    }

    @Test
    void missingFile_isReported() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        log.reopen();
        disk.delete(log.segments().first().path());

        try (Cursor cursor = log.read(From.start())) {
            assertCode(cursor::next, ErrorCode.SEGMENT_MISSING);
        }
    }

    @Test
    void unreadableSector_isReportedAfterASecondTry() throws IOException {
        log.raw("a").sync();
        try (Cursor cursor = log.read(From.start())) {
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ).named(".seg")));
            assertThat(cursor.next()).as("the second read succeeds").isTrue();
        }
        try (Cursor cursor = log.read(From.start())) {
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.READ).named(".seg").andAllLater()));
            assertDamage(cursor, ErrorCode.SEGMENT_UNREADABLE, 4096, 0, "Input/output error");
            disk.removeFaults();
        }
    }

    @Test
    void fileMayNotBeRead_saysSoAndAdvisesNoRestore() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        log.reopen();
        disk.inject(Fault.thrown(
                CallMatch.on(Operation.Kind.OPEN).andAllLater(), path -> new AccessDeniedException(path.toString())));
        try (Cursor cursor = log.read(From.start())) {
            assertThatThrownBy(cursor::next)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("permission denied")
                    .hasMessageNotContaining("restore");
        }
        disk.removeFaults();
    }

    @Test
    void noFileDescriptorLeft_saysSo() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        log.reopen();
        disk.inject(Fault.tooManyOpenFiles(CallMatch.on(Operation.Kind.OPEN).andAllLater()));

        try (Cursor cursor = log.read(From.start())) {
            assertCode(cursor::next, ErrorCode.TOO_MANY_OPEN_FILES);
            disk.removeFaults();
        }
    }

    @Test
    void damagedHeaderOfASealedSegment_isReported() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        log.reopen();
        flip(log.segments().first(), 20);

        try (Cursor cursor = log.read(From.start())) {
            assertCode(cursor::next, ErrorCode.SEGMENT_CORRUPT);
        }
    }

    // ---------------------------------------------------------------- what the tests say it with

    private List<String> allFrom(From from) {
        try (Cursor cursor = log.read(from)) {
            return restOf(cursor);
        }
    }

    private static List<String> restOf(Cursor cursor) {
        List<String> rest = new ArrayList<>();
        while (cursor.next()) {
            rest.add(shown(cursor));
        }
        return rest;
    }

    private static String shown(Cursor cursor) {
        return cursor.offset() + ":" + new String(cursor.value(), StandardCharsets.UTF_8);
    }

    private void assertFirst(From from, List<String> expected, int count) {
        try (Cursor cursor = log.read(from, SMALL_READS)) {
            for (int i = 0; i < count; i++) {
                assertThat(cursor.next()).isTrue();
                assertThat(shown(cursor)).isEqualTo(expected.get(i));
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Path indexOf(Segment segment) {
        return segment.path().resolveSibling(segment.name().indexFile());
    }

    /** An index file with a good checksum in which every entry but the first points 8 bytes too far. */
    private static byte[] withPositionsShifted(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = bytes.length - IndexHeader.CRC_BYTES;
        for (int at = IndexHeader.BYTES + IndexHeader.ENTRY_BYTES; at < end; at += IndexHeader.ENTRY_BYTES) {
            IndexHeader.putEntry(
                    file,
                    at,
                    IndexHeader.entryOffset(file, at),
                    IndexHeader.entryPosition(file, at) + 8,
                    IndexHeader.entryTimestampMillis(file, at));
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, end);
        file.putInt(end, (int) crc.getValue());
        return bytes;
    }

    /** With another offset in the frame at this place, under a good checksum. */
    private static byte[] withOffset(byte[] bytes, long place, long offset, int salt) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = (int) place;
        file.putLong(at + 8, offset);
        file.putInt(at, FrameCodec.computeHeaderCrc(file, at, salt, place, new CRC32C()));
        return bytes;
    }

    private void flip(Segment segment, long at) {
        disk.flipBit(segment.path(), 8 * at + 3);
    }

    private long memory() {
        return log.memory.metric().usedDirectMemory();
    }

    private long bytesRead() {
        return disk.operations().stream()
                .filter(operation -> operation.kind() == Operation.Kind.READ)
                .mapToLong(Operation::bytes)
                .sum();
    }

    private static void assertDamage(Cursor cursor, ErrorCode code, long position, long offset, String text) {
        assertThatThrownBy(cursor::next).isInstanceOfSatisfying(DamageException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.damage().filePosition()).isEqualTo(position);
            assertThat(e.damage().firstOffset()).isEqualTo(offset);
            assertThat(e.damage().partition()).isEqualTo("orders-0");
            assertThat(e.damage().file()).startsWith("orders-0/0000");
            assertThat(e).hasMessageContaining(text).hasMessageContaining("at=" + position + " offset=" + offset);
        });
    }

    private static void assertCode(ThrowingCallable call, ErrorCode code) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
