package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SegmentScanTest {

    private static final UUID STORE = new UUID(1, 2);

    @TempDir
    private Path directory;

    private final Disk disk = Environment.real().disk();

    @Test
    void goodFrames_areVisitedInOrderWithTheirPayload() throws IOException {
        SegmentImage image = image(7);
        for (int i = 0; i < 500; i++) {
            image.raw(bytes(i * 7 % 900, i), 7 + i / 2);
        }
        image.zeros(4096);
        List<String> seen = new ArrayList<>();
        TotalsCounter totals =
                new TotalsCounter(SegmentTotals.none(image.header().segmentId()));

        SegmentScan.GoodEnd end = scan(image, 4096).walk(7, totals, frame -> {
            byte[] payload = new byte[frame.payloadLength()];
            frame.payload().get(payload);
            int i = seen.size();
            assertThat(payload).isEqualTo(bytes(i * 7 % 900, i));
            seen.add(frame.position() + " " + frame.offset() + " " + frame.endOffset() + " " + frame.synced());
        });

        assertThat(seen)
                .containsExactlyElementsOf(image.frames().stream()
                        .map(f -> f.position() + " " + f.offset() + " " + f.endOffset() + " " + f.synced())
                        .toList());
        assertThat(end).isEqualTo(new SegmentScan.GoodEnd(image.end().endPosition(), 507, FrameVerdict.ZEROS));
        assertThat(totals.totals()).isEqualTo(image.totals());
    }

    @Test
    void payloadLongerThanTheBuffer_isCheckedInPieces() throws IOException {
        SegmentImage image =
                image(0).raw(bytes(100, 1), 0).raw(bytes(50_000, 2), 0).raw(bytes(3, 3), 0);
        List<Boolean> whole = new ArrayList<>();

        SegmentScan.GoodEnd end = scan(image, 4096).walk(0, totals(image), frame -> whole.add(frame.hasPayload()));

        assertThat(whole).containsExactly(true, false, true);
        assertThat(end).isEqualTo(new SegmentScan.GoodEnd(image.length(), 3, FrameVerdict.END_OF_FILE));
        image.flip(image.frame(1).endPosition() - 9, 1);
        assertThat(scan(image, 4096).walk(0, totals(image), SegmentScan.Visitor.NONE))
                .isEqualTo(new SegmentScan.GoodEnd(image.frame(1).position(), 1, FrameVerdict.BAD_PAYLOAD_CRC));
    }

    @Test
    void everyByteIsReadOnce_whenFramesFitTheBuffer() throws IOException {
        SegmentImage image = image(0);
        for (int i = 0; i < 300; i++) {
            image.raw(bytes(1 + i * 13 % 1500, i), 0);
        }
        SegmentScan scan = scan(image, 4096);

        scan.walk(0, totals(image), SegmentScan.Visitor.NONE);

        assertThat(scan.bytesRead()).isEqualTo(image.length() - SegmentHeader.BYTES);
    }

    @Test
    void seal_endsTheFrames() throws IOException {
        SegmentImage image = image(0).raw(bytes(8, 1), 0).frame(FrameKind.SEAL, 0, bytes(60, 2), 1);
        SegmentScan scan = scan(image, 4096);

        SegmentScan.GoodEnd end = scan.walk(0, totals(image), SegmentScan.Visitor.NONE);

        assertThat(end.isSeal()).isTrue();
        assertThat(end.position()).isEqualTo(image.end().endPosition());
        assertThat(scan.frame().kind()).isEqualTo(FrameKind.SEAL);
    }

    @Test
    void nothingBehindTheLimitIsLookedAt() throws IOException {
        SegmentImage image = image(0).raw(bytes(8, 1), 0).raw(bytes(8, 2), 0).raw(bytes(8, 3), 0);
        try (DiskFile file = write(image)) {
            SegmentScan scan = new SegmentScan(
                    file,
                    image.header().salt(),
                    ByteBuffer.allocateDirect(4096),
                    image.frame(1).endPosition());

            assertThat(scan.walk(0, totals(image), SegmentScan.Visitor.NONE))
                    .isEqualTo(new SegmentScan.GoodEnd(image.frame(1).endPosition(), 2, FrameVerdict.END_OF_FILE));
            assertThat(scan.lookBehind(image.frame(1).endPosition(), 2).isZeros())
                    .isTrue();
        }
    }

    @Test
    void zerosBehindTheFrames_areToldFromASingleBit() throws IOException {
        SegmentImage image = image(0).raw(bytes(8, 1), 0).zeros(20_000);
        int end = image.frame(0).endPosition();

        assertThat(behind(image, 0).isZeros()).isTrue();
        for (int at : new int[] {end, end + 1, end + 4095, end + 4096, end + 9_999, end + 19_999}) {
            SegmentScan.Behind behind = behind(image.flip(at, 0x40), 0);
            image.flip(at, 0x40);

            assertThat(behind.usedEnd()).isEqualTo(at + 1);
            assertThat(behind.hasProof()).isFalse();
            assertThat(behind.firstVerifiedOffset()).isEqualTo(-1);
            assertThat(behind.isFreeOfOffsets()).isFalse();
        }
    }

    @Test
    void laterFrameThatSaysMoreWasDurable_isAProof() throws IOException {
        SegmentImage image = image(0).raw(bytes(100, 1), 0)
                .raw(bytes(100, 2), 0)
                .raw(bytes(100, 3), 1)
                .raw(bytes(100, 4), 2);
        image.flip(image.frame(1).position() + 3, 1);

        SegmentScan.Behind behind = behind(image, 1);

        // The third frame says that offsets below 1 were durable, which the bad one is not.
        assertThat(behind.provenOffset()).isEqualTo(2);
        assertThat(behind.provenAt()).isEqualTo(image.frame(3).position());
        assertThat(behind.firstVerifiedOffset()).isEqualTo(2);
        assertThat(behind.announcedEnd()).isEqualTo(4);
    }

    @Test
    void proofWithABadPayload_isNoProof() throws IOException {
        SegmentImage image =
                image(0).raw(bytes(100, 1), 0).raw(bytes(100, 2), 0).raw(bytes(100, 3), 2);
        image.flip(image.frame(1).position() + 3, 1).flip(image.frame(2).endPosition() - 20, 1);

        SegmentScan.Behind behind = behind(image, 1);

        assertThat(behind.hasProof()).isFalse();
        assertThat(behind.firstVerifiedOffset()).isEqualTo(-1);
        assertThat(behind.announcedEnd()).isEqualTo(3);
    }

    @Test
    void frameInsideADamagedPayload_isNotTakenForOneOfTheLog() throws IOException {
        // The value is a copy of frames of this very segment, as slices hand them out, for the place where they will
        // lie.
        SegmentImage inner = image(0).raw(bytes(8, 1), 0);
        int innerAt = inner.frame(0).endPosition() + FrameCodec.HEADER_BYTES;
        inner.zeros(FrameCodec.HEADER_BYTES).raw(bytes(8, 2), 1);
        byte[] copy = java.util.Arrays.copyOfRange(inner.bytes(), innerAt, inner.length());
        SegmentImage image = image(0).raw(bytes(8, 1), 0).raw(copy, 0);

        image.flip(image.frame(1).endPosition() - 1, 1);

        assertThat(behind(image, 1).firstVerifiedOffset()).isEqualTo(-1);
    }

    @Test
    void goodFrameAtAWrongOffset_isFoundWithItsProof() throws IOException {
        SegmentImage whole = image(0).raw(bytes(8, 1), 0).raw(bytes(8, 2), 0).raw(bytes(8, 3), 2);
        SegmentImage hole = image(0).raw(bytes(8, 1), 0);
        // The frame at its own place, but the scan expects offset 1 where offset 2 stands.
        int at = whole.frame(2).position();
        hole.zeros(whole.frame(1).endPosition() - whole.frame(1).position())
                .tail(java.util.Arrays.copyOfRange(whole.bytes(), at, whole.length()));

        SegmentScan.Behind behind = behind(hole, 1);

        assertThat(behind.provenOffset()).isEqualTo(2);
    }

    @Test
    void framesThatTakeNoOffsets_areKnownToHoldNone() throws IOException {
        SegmentImage image = image(0).raw(bytes(8, 1), 0)
                .frame(FrameKind.CONTROL, 0, bytes(24, 2), 1)
                .frame(FrameKind.PAD, 0, bytes(300, 3), 1);
        image.flip(image.frame(1).endPosition() - 8, 1);

        assertThat(behind(image, 1).isFreeOfOffsets()).isTrue();
        assertThat(behind(image.raw(bytes(8, 4), 1), 1).isFreeOfOffsets()).isFalse();
    }

    @Test
    void fileThatIsCutWhileItIsRead_isAnErrorNotAnEnd() throws IOException {
        SegmentImage image = image(0).raw(bytes(30_000, 1), 0);
        try (DiskFile file = write(image)) {
            SegmentScan scan =
                    new SegmentScan(file, image.header().salt(), ByteBuffer.allocateDirect(4096), Long.MAX_VALUE);
            file.truncate(10_000);

            assertThatThrownBy(() -> scan.walk(0, totals(image), SegmentScan.Visitor.NONE))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("at=10000");
        }
    }

    @Test
    void anyBytesAtAll_areReadInBoundedMemoryAndTime() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("SegmentScanTest.anyBytesAtAll seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            SegmentImage image = image(0);
            for (int i = random.nextInt(20); i > 0; i--) {
                image.raw(bytes(random.nextInt(6000), i), random.nextInt((int) image.offset() + 1));
            }
            image.zeros(random.nextInt(3000));
            for (int i = random.nextInt(40); i > 0; i--) {
                image.flip(SegmentHeader.BYTES + random.nextInt(image.length() - 4095) - 1, 1 << random.nextInt(8));
            }
            SegmentScan scan = scan(image, 4096);
            SegmentScan.GoodEnd end = scan.walk(0, totals(image), SegmentScan.Visitor.NONE);
            SegmentScan.Behind behind = scan.lookBehind(end.position(), end.offset());

            assertThat(behind.usedEnd()).isBetween(end.position(), (long) image.length());
            // Good frames, backwards over zeros, then once over the rest; a frame that is longer than the buffer twice
            // more.
            assertThat(scan.bytesRead()).isLessThan(6L * image.length());
        }
    }

    // ----------------------------------------------------------------

    private static SegmentImage image(long baseOffset) {
        return new SegmentImage(new SegmentHeader(
                STORE, 5, 0x1234_5678_9abc_def1L, new SegmentName(baseOffset, 1), Optional.empty(), 1000, 1000));
    }

    private static TotalsCounter totals(SegmentImage image) {
        return new TotalsCounter(SegmentTotals.none(image.header().segmentId()));
    }

    private static byte[] bytes(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private SegmentScan.Behind behind(SegmentImage image, long expectedOffset) throws IOException {
        SegmentScan scan = scan(image, 4096);
        SegmentScan.GoodEnd end = scan.walk(0, totals(image), SegmentScan.Visitor.NONE);
        assertThat(end.offset()).isEqualTo(Math.max(expectedOffset, end.offset()));
        return scan.lookBehind(end.position(), end.offset());
    }

    private SegmentScan scan(SegmentImage image, int windowBytes) throws IOException {
        return new SegmentScan(
                write(image), image.header().salt(), ByteBuffer.allocateDirect(windowBytes), Long.MAX_VALUE);
    }

    private DiskFile write(SegmentImage image) throws IOException {
        Path path = directory.resolve("segment");
        if (disk.exists(path)) {
            disk.delete(path);
        }
        DiskFile file = disk.create(path);
        file.writeFully(ByteBuffer.wrap(image.bytes()), 0);
        return file;
    }
}
