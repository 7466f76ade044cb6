package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Files of version 1 are read to the values they were written from, and these values still write the same bytes. */
class GoldenV1Test {

    @Test
    void everyGoldenFile_isWrittenAgainByteForByte() {
        GoldenV1.files()
                .forEach((name, bytes) ->
                        assertThat(GoldenV1.read(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void metadata_isReadToItsValues() {
        assertThat(StoreFile.decode(GoldenV1.read("STORE"))).isEqualTo(new Decoded.Good<>(GoldenV1.STORE));
        assertThat(OwnerFile.decode(GoldenV1.read("OWNER"))).contains(GoldenV1.OWNER);
        assertThat(PartitionFile.decode(GoldenV1.read("orders-7/PARTITION")))
                .isEqualTo(new Decoded.Good<>(GoldenV1.CLOSED_PARTITION));
        assertThat(PartitionFile.decode(GoldenV1.read("everything/PARTITION")))
                .isEqualTo(new Decoded.Good<>(GoldenV1.EVERYTHING));
    }

    @Test
    void sealedSegment_isReadToItsFrames() {
        ByteBuffer file = open("orders-7/00000000000000000100-00000003.seg");
        assertThat(SegmentHeader.decode(file, 0, file.capacity())).isEqualTo(new Decoded.Good<>(GoldenV1.FIRST_HEADER));

        List<FrameSample> frames = framesOf(file, GoldenV1.FIRST_HEADER, file.capacity());

        assertThat(frames).isEqualTo(GoldenV1.with(GoldenV1.FIRST_FRAMES, GoldenV1.SEAL_FRAME));
        byte[] seal = frames.get(6).payload();
        assertThat(SealPayload.decode(ByteBuffer.wrap(seal), 0, seal.length))
                .isEqualTo(new Decoded.Good<>(GoldenV1.SEAL));
        assertThat(GoldenV1.SEAL.summary().checksum()).isEqualTo(checksumBefore(file, GoldenV1.FIRST_HEADER, 6));
        assertThat(recordsOf(frames.get(1))).isEqualTo(GoldenV1.RECORDS);
    }

    @Test
    void closedSegment_isReadToItsSnapshotAndZerosBehindIt() {
        ByteBuffer file = open("orders-7/00000000000000000109-00000004.seg");
        assertThat(SegmentHeader.decode(file, 0, file.capacity()))
                .isEqualTo(new Decoded.Good<>(GoldenV1.SECOND_HEADER));

        List<FrameSample> frames = framesOf(file, GoldenV1.SECOND_HEADER, file.capacity() - 64);

        assertThat(frames).containsExactly(GoldenV1.LAST_VALUE, GoldenV1.CLOSE_FRAME);
        byte[] close = frames.get(1).payload();
        assertThat(ControlPayload.decode(ByteBuffer.wrap(close), 0, close.length))
                .isEqualTo(new Decoded.Good<>(GoldenV1.CLOSE));
        CleanStamp stamp = GoldenV1.CLOSED_PARTITION.cleanStamp().orElseThrow();
        int at = (int) stamp.filePosition();
        assertThat(FrameCodec.headerCrc(file, at)).isEqualTo(stamp.headerCrc());
        assertThat(FrameCodec.kind(file, at)).isEqualTo(FrameKind.CONTROL);
        int zeros = file.capacity() - 64;
        assertThat(FrameCodec.checkHeader(
                        file, zeros, 64, GoldenV1.SECOND_HEADER.salt(), zeros, file.capacity(), 110, new CRC32C()))
                .isEqualTo(FrameVerdict.ZEROS);
    }

    @Test
    void index_isReadToItsEntry() {
        ByteBuffer file = open("orders-7/00000000000000000100-00000003.idx");
        assertThat(IndexHeader.decode(file, 0, file.capacity(), file.capacity()))
                .isEqualTo(new Decoded.Good<>(GoldenV1.INDEX));
        assertThat(GoldenV1.INDEX.canFollow(file, IndexHeader.BYTES, 100, 0, 0)).isTrue();
        assertThat(IndexHeader.entryOffset(file, IndexHeader.BYTES)).isEqualTo(100);
        assertThat(IndexHeader.entryPosition(file, IndexHeader.BYTES)).isEqualTo(4096);
        assertThat(IndexHeader.entryTimestampMillis(file, IndexHeader.BYTES)).isEqualTo(GoldenV1.CREATED_AT + 1000);
        int crcAt = file.capacity() - IndexHeader.CRC_BYTES;
        assertThat(file.getInt(crcAt)).isEqualTo(FrameCodec.crcOf(file, 0, crcAt, new CRC32C()));
    }

    private static List<FrameSample> framesOf(ByteBuffer file, SegmentHeader header, int end) {
        CRC32C scratch = new CRC32C();
        List<FrameSample> frames = new ArrayList<>();
        long offset = header.name().baseOffset();
        int at = SegmentHeader.BYTES;
        while (at < end) {
            assertThat(FrameCodec.checkHeader(
                            file, at, file.capacity() - at, header.salt(), at, file.capacity(), offset, scratch))
                    .as("frame at %d", at)
                    .isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.checkPayload(file, at, scratch)).isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.isPaddingZero(file, at)).isTrue();
            frames.add(FrameSample.readFrom(file, at));
            offset = FrameCodec.endOffset(file, at);
            at += FrameCodec.frameBytes(file, at);
        }
        assertThat(at).isEqualTo(end);
        return frames;
    }

    private static long checksumBefore(ByteBuffer file, SegmentHeader header, int frames) {
        long checksum = RunningChecksum.start(header.segmentId());
        int at = SegmentHeader.BYTES;
        for (int i = 0; i < frames; i++) {
            checksum = RunningChecksum.next(checksum, FrameCodec.headerCrc(file, at));
            at += FrameCodec.frameBytes(file, at);
        }
        return checksum;
    }

    private static List<WalRecord> recordsOf(FrameSample frame) {
        RecordsReader reader = new RecordsReader();
        reader.open(ByteBuffer.wrap(frame.payload()), 0, frame.payload().length, frame.count());
        List<WalRecord> records = new ArrayList<>();
        while (reader.next()) {
            records.add(reader.record());
        }
        assertThat(reader.isMalformed()).isFalse();
        return records;
    }

    private static ByteBuffer open(String name) {
        return ByteBuffer.wrap(GoldenV1.read(name)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
