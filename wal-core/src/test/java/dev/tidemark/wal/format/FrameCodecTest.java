package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecTest {

    private static final int SALT = 0x5A17_0001;
    private static final long POSITION = 131_072;
    private static final long FAR_END = 1L << 30;

    private final CRC32C scratch = new CRC32C();

    @Test
    void everyField_comesBackAsItWasWritten() {
        for (long seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            FrameSample sample = FrameSample.random(random);
            ByteBuffer buffer = random.nextBoolean() ? ByteBuffer.allocateDirect(8192) : ByteBuffer.allocate(8192);
            buffer.order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            fillWithGarbage(buffer, random);
            int at = 8 * random.nextInt(50);

            int headerCrc = sample.writeTo(buffer, at, SALT, POSITION);

            assertThat(check(buffer, at, sample.offset()))
                    .as("seed %d: %s", seed, sample)
                    .isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.checkPayload(buffer, at, scratch)).isEqualTo(FrameVerdict.VALID);
            assertThat(FrameSample.readFrom(buffer, at)).as("seed %d", seed).isEqualTo(sample);
            assertThat(FrameCodec.headerCrc(buffer, at)).isEqualTo(headerCrc);
            assertThat(FrameCodec.isPaddingZero(buffer, at)).isTrue();
            assertThat(FrameCodec.frameBytes(buffer, at))
                    .isEqualTo(
                            FrameCodec.frameBytes(sample.payload().length, FrameCodec.extensionBytes(sample.flags())));
        }
    }

    @Test
    void layout_isTheOneInTheFormatPage() {
        ByteBuffer buffer = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        long stamp = FrameCodec.stamp(0x0102_0304_0506L, FrameKind.RAW, FrameCodec.NO_EXTENSION);

        FrameCodec.putHeader(buffer, 0, 0x0000_0007, 0x1112_1314_1516_1718L, stamp, 1, 0x2122_2324);
        FrameCodec.finish(buffer, 0, SALT, 0, 0x3132_3334_3536_3738L, scratch);

        assertThat(buffer.getInt(4)).isEqualTo(7);
        assertThat(buffer.getLong(8)).isEqualTo(0x1112_1314_1516_1718L);
        assertThat(buffer.getLong(16)).isEqualTo(0x0102_0304_0506_01_00L);
        assertThat(buffer.getInt(24)).isEqualTo(1);
        assertThat(buffer.getInt(28)).isEqualTo(0x2122_2324);
        assertThat(buffer.getLong(32)).isEqualTo(0x3132_3334_3536_3738L);
    }

    @Test
    void headerChecksum_isCrc32cOfSeedAndTheRestOfTheHeader() {
        ByteBuffer buffer = ByteBuffer.allocate(256);
        FrameSample sample = FrameSample.random(new Random(7))
                .withFlags(FrameCodec.BOTH_EXTENSIONS)
                .withPayload(new byte[20]);
        int headerCrc = sample.writeTo(buffer, 0, SALT, POSITION);

        ByteBuffer byHand = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
        byHand.putInt(0, SALT ^ (int) (POSITION / 8));
        byHand.put(4, buffer, 4, 76);
        CRC32C crc = new CRC32C();
        crc.update(byHand);

        assertThat(headerCrc).isEqualTo((int) crc.getValue());
    }

    @Test
    void anyFlippedBitInHeaderOrExtension_failsTheHeaderChecksum() {
        for (int flags :
                new int[] {FrameCodec.NO_EXTENSION, FrameCodec.PRODUCER_EXTENSION, FrameCodec.BOTH_EXTENSIONS}) {
            FrameSample sample = FrameSample.random(new Random(flags)).withFlags(flags);
            ByteBuffer buffer = ByteBuffer.allocateDirect(8192);
            sample.writeTo(buffer, 0, SALT, POSITION);
            int headerBits = 8 * (FrameCodec.HEADER_BYTES + FrameCodec.extensionBytes(flags));

            for (int bit = 0; bit < headerBits; bit++) {
                flip(buffer, bit);
                assertThat(check(buffer, 0, sample.offset()))
                        .as("flags %#x bit %d", flags, bit)
                        .isEqualTo(FrameVerdict.BAD_HEADER_CRC);
                flip(buffer, bit);
            }
        }
    }

    @Test
    void anyFlippedBitInThePayload_failsThePayloadChecksum() {
        FrameSample sample = FrameSample.random(new Random(3)).withPayload(new byte[77]);
        ByteBuffer buffer = ByteBuffer.allocateDirect(1024);
        sample.writeTo(buffer, 0, SALT, POSITION);
        int payloadAt = FrameCodec.payloadAt(buffer, 0);

        for (int bit = 8 * payloadAt; bit < 8 * (payloadAt + 77); bit++) {
            flip(buffer, bit);
            assertThat(check(buffer, 0, sample.offset())).isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.checkPayload(buffer, 0, scratch))
                    .as("bit %d", bit)
                    .isEqualTo(FrameVerdict.BAD_PAYLOAD_CRC);
            flip(buffer, bit);
        }
    }

    @Test
    void nonZeroPadding_doesNotInvalidateButIsSeen() {
        FrameSample sample = FrameSample.random(new Random(3)).withPayload(new byte[5]);
        ByteBuffer buffer = ByteBuffer.allocate(1024);
        sample.writeTo(buffer, 0, SALT, POSITION);

        buffer.put(FrameCodec.frameBytes(buffer, 0) - 1, (byte) 1);

        assertThat(check(buffer, 0, sample.offset())).isEqualTo(FrameVerdict.VALID);
        assertThat(FrameCodec.checkPayload(buffer, 0, scratch)).isEqualTo(FrameVerdict.VALID);
        assertThat(FrameCodec.isPaddingZero(buffer, 0)).isFalse();
    }

    @Test
    void frameMovedWithinItsFile_doesNotVerify() {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        FrameSample sample = FrameSample.random(new Random(11));
        sample.writeTo(buffer, 0, SALT, POSITION);

        for (long elsewhere = 4096; elsewhere < 4 << 20; elsewhere += 8) {
            FrameVerdict expected = elsewhere == POSITION ? FrameVerdict.VALID : FrameVerdict.BAD_HEADER_CRC;
            assertThat(FrameCodec.checkHeader(
                            buffer, 0, 8192, SALT, elsewhere, FAR_END, FrameCodec.ANY_OFFSET, scratch))
                    .as("position %d", elsewhere)
                    .isEqualTo(expected);
        }
    }

    @Test
    void frameOfAnotherSegment_doesNotVerifyAtTheSamePosition() {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        FrameSample sample = FrameSample.random(new Random(12));
        sample.writeTo(buffer, 0, SegmentHeader.saltOf(1), POSITION);

        for (long segmentId = 2; segmentId < 100_000; segmentId++) {
            assertThat(FrameCodec.checkHeader(
                            buffer,
                            0,
                            8192,
                            SegmentHeader.saltOf(segmentId),
                            POSITION,
                            FAR_END,
                            FrameCodec.ANY_OFFSET,
                            scratch))
                    .as("segment id %d", segmentId)
                    .isEqualTo(FrameVerdict.BAD_HEADER_CRC);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 39, 40, 96, 4096})
    void zeros_areToldFromAnythingElse(int left) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
        long fileSize = POSITION + left;

        assertThat(FrameCodec.checkHeader(buffer, 0, left, SALT, POSITION, fileSize, 0, scratch))
                .isEqualTo(FrameVerdict.ZEROS);

        buffer.put(Math.min(left, 40) - 1, (byte) 0x80);
        assertThat(FrameCodec.checkHeader(buffer, 0, left, SALT, POSITION, fileSize, 0, scratch))
                .isEqualTo(left < 40 ? FrameVerdict.CUT_OFF : FrameVerdict.BAD_HEADER_CRC);
    }

    @Test
    void endOfFile_isSaidOnlyWhenNothingIsLeft() {
        ByteBuffer buffer = ByteBuffer.allocate(96);
        assertThat(FrameCodec.checkHeader(buffer, 0, 0, SALT, POSITION, POSITION, 0, scratch))
                .isEqualTo(FrameVerdict.END_OF_FILE);
    }

    @Test
    void extensionBehindTheEndOfTheFile_isNotRead() {
        ByteBuffer buffer = ByteBuffer.allocate(40);
        FrameCodec.putHeader(buffer, 0, 0, 0, FrameCodec.stamp(1, FrameKind.RAW, FrameCodec.PRODUCER_EXTENSION), 1, 0);

        assertThat(FrameCodec.checkHeader(buffer, 0, 40, SALT, POSITION, POSITION + 40, 0, scratch))
                .isEqualTo(FrameVerdict.BAD_HEADER_CRC);
    }

    @Test
    void frameThatWouldEndOutsideTheFile_isBadLength() {
        ByteBuffer buffer = ByteBuffer.allocate(1024);
        FrameSample sample = FrameSample.random(new Random(5))
                .withFlags(FrameCodec.NO_EXTENSION)
                .withPayload(new byte[100]);
        sample.writeTo(buffer, 0, SALT, POSITION);
        long end = POSITION + FrameCodec.frameBytes(100, 0);

        assertThat(FrameCodec.checkHeader(buffer, 0, 1024, SALT, POSITION, end, sample.offset(), scratch))
                .isEqualTo(FrameVerdict.VALID);
        assertThat(FrameCodec.checkHeader(buffer, 0, 1024, SALT, POSITION, end - 8, sample.offset(), scratch))
                .isEqualTo(FrameVerdict.BAD_LENGTH);
    }

    @ParameterizedTest
    @ValueSource(ints = {FrameCodec.MAX_PAYLOAD_BYTES + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
    void lengthOverTheLimit_isBadLength_alsoWithGoodChecksum(int length) {
        assertThat(checkForged(length, 0, FrameKind.RAW.code(), 0, 1, 0)).isEqualTo(FrameVerdict.BAD_LENGTH);
    }

    @Test
    void lengthAtTheLimit_isAccepted() {
        assertThat(checkForged(FrameCodec.MAX_PAYLOAD_BYTES, 0, FrameKind.RAW.code(), 0, 1, 0))
                .isEqualTo(FrameVerdict.VALID);
    }

    @Test
    void unknownKind_isBadKind() {
        for (int code = 0; code < 256; code++) {
            boolean known = code >= 1 && code <= 6;
            FrameVerdict verdict = checkForged(0, 0, code, 0, code <= 3 ? 1 : 0, 0);
            assertThat(verdict).as("code %d", code).isEqualTo(known ? FrameVerdict.VALID : FrameVerdict.BAD_KIND);
        }
    }

    @Test
    void reservedFlagOrExtensionLengthThatDoesNotFit_isBadFlags() {
        for (int flags = 0; flags < 256; flags++) {
            boolean possible = flags == 0 || flags == 0x13 || flags == 0x22 || flags == 0x35;
            assertThat(checkForged(0, 0, FrameKind.RAW.code(), flags, 1, 0))
                    .as("flags %#x", flags)
                    .isEqualTo(possible ? FrameVerdict.VALID : FrameVerdict.BAD_FLAGS);
        }
    }

    @ParameterizedTest
    @EnumSource(FrameKind.class)
    void count_mustFitTheKind(FrameKind kind) {
        int[] counts = {Integer.MIN_VALUE, -1, 0, 1, 2, Integer.MAX_VALUE};
        for (int count : counts) {
            boolean possible = switch (kind) {
                case RAW -> count == 1;
                case RECORDS, OPAQUE -> count >= 1;
                case SEAL, CONTROL, PAD -> count == 0;
            };
            assertThat(checkForged(0, 0, kind.code(), 0, count, 0))
                    .as("%s count %d", kind, count)
                    .isEqualTo(possible ? FrameVerdict.VALID : FrameVerdict.BAD_COUNT);
        }
    }

    @Test
    void offsetThatDoesNotFollow_isWrongOffset() {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        FrameSample sample = FrameSample.random(new Random(6));
        sample.writeTo(buffer, 0, SALT, POSITION);

        assertThat(check(buffer, 0, sample.offset() + 1)).isEqualTo(FrameVerdict.WRONG_OFFSET);
        assertThat(check(buffer, 0, sample.offset() - 1)).isEqualTo(FrameVerdict.WRONG_OFFSET);
        assertThat(check(buffer, 0, FrameCodec.ANY_OFFSET)).isEqualTo(FrameVerdict.VALID);
    }

    @Test
    void offsetThatCannotBe_isWrongOffsetEvenWhenAnyIsExpected() {
        assertThat(checkForged(0, -1, FrameKind.RAW.code(), 0, 1, 0)).isEqualTo(FrameVerdict.WRONG_OFFSET);
        assertThat(checkForged(0, Long.MAX_VALUE, FrameKind.RAW.code(), 0, 1, 0))
                .isEqualTo(FrameVerdict.WRONG_OFFSET);
        assertThat(checkForged(0, Long.MAX_VALUE - 1, FrameKind.RAW.code(), 0, 1, 0))
                .isEqualTo(FrameVerdict.VALID);
    }

    @Test
    void proofOfWhatLiesAhead_isWrongSynced() {
        assertThat(checkForged(0, 10, FrameKind.CONTROL.code(), 0, 0, 10)).isEqualTo(FrameVerdict.VALID);
        assertThat(checkForged(0, 10, FrameKind.CONTROL.code(), 0, 0, 11)).isEqualTo(FrameVerdict.WRONG_SYNCED);
        assertThat(checkForged(0, 10, FrameKind.CONTROL.code(), 0, 0, -1)).isEqualTo(FrameVerdict.WRONG_SYNCED);
    }

    @Test
    void payloadInPieces_hasTheVerdictOfTheWhole() {
        Random random = new Random(99);
        byte[] payload = new byte[100_000];
        random.nextBytes(payload);
        ByteBuffer whole = ByteBuffer.allocateDirect(110_000);
        FrameSample.random(random).withPayload(payload).writeTo(whole, 0, SALT, POSITION);
        CRC32C running = new CRC32C();

        int at = FrameCodec.payloadAt(whole, 0);
        int end = at + payload.length;
        while (at < end) {
            int piece = Math.min(end - at, 1 + random.nextInt(4096));
            FrameCodec.addPayload(running, whole, at, piece);
            at += piece;
        }

        assertThat(FrameCodec.checkPayloadCrc(running, FrameCodec.payloadCrc(whole, 0)))
                .isEqualTo(FrameVerdict.VALID);
        assertThat(FrameCodec.checkPayloadCrc(running, ~FrameCodec.payloadCrc(whole, 0)))
                .isEqualTo(FrameVerdict.BAD_PAYLOAD_CRC);
    }

    @Test
    void bufferPositionAndLimit_areLeftAsTheyWere() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(8192);
        FrameSample sample = FrameSample.random(new Random(8));
        buffer.position(3).limit(8000);

        sample.writeTo(buffer, 4096, SALT, POSITION);
        check(buffer, 4096, sample.offset());
        FrameCodec.checkPayload(buffer, 4096, scratch);

        assertThat(buffer.position()).isEqualTo(3);
        assertThat(buffer.limit()).isEqualTo(8000);
    }

    @Test
    void garbage_neverVerifiesAndNeverThrows() {
        for (long seed = 1; seed <= 20_000; seed++) {
            Random random = new Random(seed);
            ByteBuffer buffer = ByteBuffer.allocate(96);
            fillWithGarbage(buffer, random);
            int left = random.nextInt(200);
            FrameVerdict verdict = FrameCodec.checkHeader(
                    buffer, 0, 96, random.nextInt(), POSITION, POSITION + left, FrameCodec.ANY_OFFSET, scratch);
            assertThat(verdict)
                    .as("seed %d", seed)
                    .isIn(FrameVerdict.BAD_HEADER_CRC, FrameVerdict.CUT_OFF, FrameVerdict.END_OF_FILE);
        }
    }

    @Test
    void tooFewBytesInTheBuffer_isAFaultOfTheCaller() {
        ByteBuffer buffer = ByteBuffer.allocate(96);
        assertThatThrownBy(() -> FrameCodec.checkHeader(buffer, 0, 95, SALT, POSITION, FAR_END, 0, scratch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("available=95");
    }

    @Test
    void timeThatDoesNotFitAStamp_isRefused() {
        assertThatThrownBy(() -> FrameCodec.stamp(-1, FrameKind.RAW, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FrameCodec.stamp(1L << 48, FrameKind.RAW, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void verdictsBehindTheLength_leaveTheLengthTrusted() {
        assertThat(FrameVerdict.BAD_PAYLOAD_CRC.isLengthTrusted()).isTrue();
        assertThat(FrameVerdict.WRONG_OFFSET.isLengthTrusted()).isTrue();
        assertThat(FrameVerdict.BAD_LENGTH.isLengthTrusted()).isFalse();
        assertThat(FrameVerdict.BAD_HEADER_CRC.isLengthTrusted()).isFalse();
    }

    /** A header whose checksum is right although its fields were made up: what a defect of ours could write. */
    private FrameVerdict checkForged(int length, long offset, int kindCode, int flags, int count, long synced) {
        ByteBuffer buffer = ByteBuffer.allocate(96);
        long stamp = 1L << 16 | (long) kindCode << 8 | flags;
        FrameCodec.putHeader(buffer, 0, length, offset, stamp, count, 0);
        FrameCodec.finish(buffer, 0, SALT, POSITION, synced, scratch);
        return check(buffer, 0, FrameCodec.ANY_OFFSET);
    }

    private FrameVerdict check(ByteBuffer buffer, int at, long expectedOffset) {
        return FrameCodec.checkHeader(
                buffer, at, buffer.capacity() - at, SALT, POSITION, FAR_END, expectedOffset, scratch);
    }

    private static void flip(ByteBuffer buffer, int bit) {
        buffer.put(bit / 8, (byte) (buffer.get(bit / 8) ^ 1 << bit % 8));
    }

    private static void fillWithGarbage(ByteBuffer buffer, Random random) {
        byte[] garbage = new byte[buffer.capacity()];
        random.nextBytes(garbage);
        garbage[0] |= 1;
        buffer.put(0, garbage);
    }
}
