package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SegmentSlicesTest {

    private static final Path DIRECTORY = Path.of("/data/orders-0");

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

    @Test
    void slice_isWholeFramesAsTheyLieInTheFile() throws IOException {
        log.raw("a")
                .records(WalRecord.of(new byte[3]), WalRecord.of(new byte[4]))
                .raw("ccc")
                .raw("d")
                .sync();

        try (Slices slices = slices(1, 150)) {
            assertThat(slices.firstOffset()).isEqualTo(1);
            assertThat(slices.endOffset()).isEqualTo(4);
            assertThat(offsetsIn(slices)).containsExactly(1L, 3L);
            assertThat(slices.file()).isEqualTo(log.segments().first().path());
        }
    }

    @Test
    void slice_beginsWithTheFrameThatHoldsTheOffset() throws IOException {
        log.raw("a").opaque(10, new byte[20]).raw("c").sync();

        try (Slices slices = slices(7, 1 << 20)) {
            assertThat(slices.firstOffset()).isEqualTo(1);
            assertThat(offsetsIn(slices)).containsExactly(1L, 11L);
        }
    }

    @Test
    void slice_hasOneFrameAtLeast() throws IOException {
        log.raw(new byte[10_000]).raw("b").sync();

        try (Slices slices = slices(0, 1)) {
            assertThat(slices.bytes()).isEqualTo(10_040);
            assertThat(slices.endOffset()).isEqualTo(1);
        }
    }

    @Test
    void slice_endsWithItsSegment() throws IOException {
        log.raw("a").raw("b").rotate().raw("c").sync();

        try (Slices first = slices(0, 1 << 20);
                Slices second = slices(first.endOffset(), 1 << 20)) {
            assertThat(offsetsIn(first)).containsExactly(0L, 1L);
            assertThat(offsetsIn(second)).containsExactly(2L);
            assertThat(second.salt()).isNotEqualTo(first.salt());
        }
    }

    @Test
    void slice_endsWhereReadingEnds() throws IOException {
        log.raw("a").sync().raw("b").write();

        try (Slices slices = slices(0, 1 << 20)) {
            assertThat(slices.endOffset()).isEqualTo(1);
        }
    }

    @Test
    void whatIsOnlyWritten_isInSlicesOfThoseWhoAskForIt() throws IOException {
        log.raw("a").sync().raw("b").write();

        try (Slices slices = SegmentSlices.open(log, 0, 1 << 20, Durability.WRITTEN)) {
            assertThat(offsetsIn(slices)).containsExactly(0L, 1L);
        }
        try (Slices slices = SegmentSlices.open(log, 2, 1 << 20, Durability.WRITTEN)) {
            assertThat(slices.bytes()).isZero();
        }
    }

    @Test
    void framesWithoutRecords_areNotTheLast() throws IOException {
        log.raw("a").frame(FrameKind.CONTROL, 0, new byte[8]).raw("b");
        log.frame(FrameKind.CONTROL, 0, new byte[8]).sync();

        try (Slices slices = slices(0, 1 << 20)) {
            assertThat(slices.bytes()).isEqualTo(48 + 48 + 48);
            assertThat(offsetsIn(slices)).containsExactly(0L, 1L, 1L);
        }
    }

    @Test
    void atTheEnd_thereIsAnEmptySlice() throws IOException {
        log.raw("a").sync();

        try (Slices slices = slices(1, 100)) {
            assertThat(slices.bytes()).isZero();
            assertThat(slices.firstOffset()).isEqualTo(1);
            assertThat(slices.endOffset()).isEqualTo(1);
            assertThat(slices.read(ByteBuffer.allocate(8), 0)).isZero();
        }
        assertCode(() -> slices(2, 100), ErrorCode.OFFSET_BEYOND_END);
        assertCode(() -> slices(0, 0), ErrorCode.ARGUMENT_INVALID);
    }

    @Test
    void belowTheStart_thereIsNone() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        log.trimTo(1);

        assertCode(() -> slices(0, 100), ErrorCode.OFFSET_TRIMMED);
    }

    @Test
    void slice_isReadInPieces() throws IOException {
        log.raw("abcdefgh").raw("ijkl").sync();

        try (Slices slices = slices(0, 1 << 20)) {
            ByteBuffer piece = ByteBuffer.allocate(8).position(4);
            assertThat(slices.read(piece, 40)).isEqualTo(4);
            assertThat(new String(piece.array(), 4, 4)).isEqualTo("abcd");
            ByteBuffer rest = ByteBuffer.allocate(1000);
            assertThat(slices.read(rest, 48)).isEqualTo(48);
            assertThat(rest.limit()).isEqualTo(1000);
            assertThat(slices.read(rest, 96)).isZero();
            assertThatThrownBy(() -> slices.read(rest, 97)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void slice_keepsItsFileUntilItIsClosed() throws IOException {
        log.raw("a").rotate().raw("b").sync();
        Segment first = log.segments().first();
        Slices slices = slices(0, 100);
        log.trimTo(1);

        assertThat(first.tryRetain()).isTrue();
        first.release();
        slices.close();
        slices.close();
        assertThat(first.tryRetain()).isFalse();
        assertCode(() -> slices.read(ByteBuffer.allocate(8), 0), ErrorCode.CLOSED_HANDLE);
    }

    @Test
    void damageBehindAGoodFrame_endsTheSlice() throws IOException {
        log.raw("a").raw("b");
        long place = log.position();
        log.raw("c").sync();
        disk.flipBit(log.segments().last().path(), 8 * place + 70);

        try (Slices slices = slices(0, 1 << 20)) {
            assertThat(offsetsIn(slices)).containsExactly(0L, 1L);
        }
        assertCode(() -> slices(2, 1 << 20), ErrorCode.SEGMENT_CORRUPT);
    }

    @Test
    void fileThatWasCutUnderASlice_isReported() throws IOException {
        log.raw("a").raw("b").sync();
        try (Slices slices = slices(0, 1 << 20)) {
            disk.resize(log.segments().last().path(), 4096 + 60);

            assertCode(() -> slices.read(ByteBuffer.allocate(1000), 0), ErrorCode.SEGMENT_TRUNCATED);
        }
    }

    private Slices slices(long from, int maxBytes) {
        return SegmentSlices.open(log, from, maxBytes, Durability.SYNCED);
    }

    /** What a receiver does: verifies every frame, with nothing but the bytes, the salt and the position. */
    private static List<Long> offsetsIn(Slices slices) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(slices.bytes());
        assertThat(slices.read(bytes, 0)).isEqualTo(slices.bytes());
        CRC32C crc = new CRC32C();
        List<Long> offsets = new ArrayList<>();
        long end = slices.filePosition() + slices.bytes();
        for (int at = 0; at < slices.bytes(); at += FrameCodec.frameBytes(bytes, at)) {
            assertThat(FrameCodec.checkHeader(
                            bytes,
                            at,
                            slices.bytes() - at,
                            slices.salt(),
                            slices.filePosition() + at,
                            end,
                            FrameCodec.ANY_OFFSET,
                            crc))
                    .isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.checkPayload(bytes, at, crc)).isEqualTo(FrameVerdict.VALID);
            offsets.add(FrameCodec.offset(bytes, at));
        }
        return offsets;
    }

    private static void assertCode(ThrowingCallable call, ErrorCode code) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
