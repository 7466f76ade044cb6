package dev.tidemark.wal.format;

import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The values that are in the golden files of version 1: a small store with one partition of two segments, closed in order, and a
 * {@code PARTITION} with one of everything. The files were written once and are never written again; the values are what every later version
 * has to read out of them.
 */
final class GoldenV1 {

    static final String FOLDER = "/golden/v1/";

    static final UUID STORE_ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    static final PartitionId PARTITION = new PartitionId("orders", 7);
    static final long PARTITION_ID = 0x0102_0304_0506_0708L;
    static final long CREATED_AT = 1_700_000_000_000L;

    static final SegmentRef FIRST = new SegmentRef(new SegmentName(100, 3), 0x1111_2222_3333_4444L);
    static final SegmentRef SECOND = new SegmentRef(new SegmentName(109, 4), 0x5555_6666_7777_8888L);

    static final SegmentEnd BEFORE_FIRST =
            new SegmentEnd(0x7B00_0000_0000_0001L, new SegmentName(0, 2), 100, 8192, 0x0BAD_CAFE_0BAD_CAFEL);

    static final List<WalRecord> RECORDS = List.of(
            WalRecord.of(ascii("k1"), ascii("one"))
                    .withTimestamp(CREATED_AT + 5)
                    .withHeaders(List.of(Header.of("trace", ascii("t9")))),
            WalRecord.of(ascii("two")),
            WalRecord.of(ascii("")).withTimestamp(CREATED_AT + 4));

    static final ProducerState PRODUCER =
            new ProducerState(9, 1, CREATED_AT + 1020, List.of(new ProducerBatch(40, 3, 101)));

    static final SegmentHeader FIRST_HEADER = new SegmentHeader(
            STORE_ID,
            PARTITION_ID,
            FIRST.segmentId(),
            FIRST.name(),
            Optional.of(BEFORE_FIRST),
            CREATED_AT,
            CREATED_AT + 990);

    /** Every kind of frame, and each extension. */
    static final List<FrameSample> FIRST_FRAMES = List.of(
            frame(FrameKind.RAW, FrameCodec.NO_EXTENSION, 1000, 100, 1, 100, ascii("hello")),
            frame(FrameKind.RECORDS, FrameCodec.PRODUCER_EXTENSION, 1020, 101, 3, 101, records())
                    .withProducer(9, 1, 40),
            frame(FrameKind.OPAQUE, FrameCodec.BOTH_EXTENSIONS, 1040, 104, 4, 101, ascii("batch of another protocol"))
                    .withProducer(10, 2, 0)
                    .withReplication(6, 7777),
            frame(FrameKind.PAD, FrameCodec.NO_EXTENSION, 1040, 108, 0, 104, new byte[16]),
            frame(FrameKind.RAW, FrameCodec.REPLICATION_EXTENSION, 1060, 108, 1, 108, new byte[0])
                    .withReplication(6, 7778),
            frame(
                    FrameKind.CONTROL,
                    FrameCodec.NO_EXTENSION,
                    1060,
                    109,
                    0,
                    109,
                    ControlPayload.Proof.INSTANCE.encode()));

    static final SealPayload SEAL = new SealPayload(
            new SegmentSummary(109, 6, 9, 62, CREATED_AT + 1000, CREATED_AT + 1060, checksumOf(FIRST, FIRST_FRAMES)),
            List.of(PRODUCER, new ProducerState(10, 2, CREATED_AT + 1040, List.of(new ProducerBatch(0, 4, 104)))));

    static final FrameSample SEAL_FRAME =
            frame(FrameKind.SEAL, FrameCodec.NO_EXTENSION, 1060, 109, 0, 109, SEAL.encode());

    static final SegmentEnd FIRST_END = new SegmentEnd(
            FIRST.segmentId(), FIRST.name(), 109, endPosition(FIRST_FRAMES), checksumOf(FIRST, FIRST_FRAMES));

    static final SegmentHeader SECOND_HEADER = new SegmentHeader(
            STORE_ID,
            PARTITION_ID,
            SECOND.segmentId(),
            SECOND.name(),
            Optional.of(FIRST_END),
            CREATED_AT + 2000,
            CREATED_AT + 1060);

    static final FrameSample LAST_VALUE =
            frame(FrameKind.RAW, FrameCodec.NO_EXTENSION, 2100, 109, 1, 109, ascii("after the rotation"));

    static final ControlPayload.CloseSnapshot CLOSE = new ControlPayload.CloseSnapshot(
            new SegmentSummary(
                    110, 1, 1, 18, CREATED_AT + 2100, CREATED_AT + 2100, checksumOf(SECOND, List.of(LAST_VALUE))),
            CREATED_AT + 2100,
            List.of(PRODUCER));

    static final FrameSample CLOSE_FRAME =
            frame(FrameKind.CONTROL, FrameCodec.NO_EXTENSION, 2100, 110, 0, 110, CLOSE.encode());

    static final StoreFile STORE = new StoreFile(STORE_ID, CREATED_AT);
    static final OwnerFile OWNER = new OwnerFile(4711, "host.example", CREATED_AT);

    static final PartitionFile CLOSED_PARTITION = PartitionFile.first(
                    STORE_ID, PARTITION, PARTITION_ID, CREATED_AT, FIRST)
            .change()
            .active(SECOND)
            .provenEnd(110)
            .cleanStamp(new CleanStamp(
                    SECOND.segmentId(),
                    endPosition(List.of(LAST_VALUE)),
                    headerCrcs(SECOND, List.of(LAST_VALUE, CLOSE_FRAME))[1],
                    110,
                    2))
            .done();

    static final PartitionFile EVERYTHING = PartitionSamples.full();

    static final IndexHeader INDEX = new IndexHeader(FIRST.segmentId(), 4096, 1, 109, endPosition(FIRST_FRAMES));

    private GoldenV1() {}

    /** Every golden file by name, as this version writes it. */
    static Map<String, byte[]> files() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("STORE", STORE.encode());
        files.put("OWNER", OWNER.encode());
        files.put("everything/PARTITION", EVERYTHING.encode());
        files.put("orders-7/PARTITION", CLOSED_PARTITION.encode());
        files.put("orders-7/" + FIRST.name().segmentFile(), segment(FIRST_HEADER, with(FIRST_FRAMES, SEAL_FRAME), 0));
        files.put("orders-7/" + FIRST.name().indexFile(), index());
        files.put(
                "orders-7/" + SECOND.name().segmentFile(),
                segment(SECOND_HEADER, List.of(LAST_VALUE, CLOSE_FRAME), 64));
        return files;
    }

    /** A golden file as it was written once. */
    static byte[] read(String name) {
        try (InputStream in = GoldenV1.class.getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                throw new IllegalStateException("no such golden file: " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<FrameSample> with(List<FrameSample> frames, FrameSample last) {
        return java.util.stream.Stream.concat(frames.stream(), java.util.stream.Stream.of(last))
                .toList();
    }

    private static byte[] segment(SegmentHeader header, List<FrameSample> frames, int zerosBehind) {
        ByteBuffer file = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
        header.encodeTo(file, 0);
        int at = SegmentHeader.BYTES;
        for (FrameSample frame : frames) {
            frame.writeTo(file, at, header.salt(), at);
            at += FrameCodec.frameBytes(file, at);
        }
        return Arrays.copyOf(file.array(), at + zerosBehind);
    }

    private static byte[] index() {
        ByteBuffer file = ByteBuffer.allocate((int) INDEX.fileBytes()).order(ByteOrder.LITTLE_ENDIAN);
        INDEX.encodeTo(file, 0);
        IndexHeader.putEntry(file, IndexHeader.BYTES, 100, SegmentHeader.BYTES, CREATED_AT + 1000);
        FormatBytes.fixFileChecksum(file.array());
        return file.array();
    }

    private static FrameSample frame(
            FrameKind kind, int flags, long afterMillis, long offset, int count, long synced, byte[] payload) {
        return new FrameSample(kind, flags, CREATED_AT + afterMillis, offset, count, synced, 0, 0, 0, 0, 0, payload);
    }

    private static byte[] records() {
        ByteBuffer payload = ByteBuffer.allocate((int) RecordsEncoder.encodedBytes(RECORDS));
        RecordsEncoder.encode(RECORDS, payload, 0);
        return payload.array();
    }

    private static long endPosition(List<FrameSample> frames) {
        long position = SegmentHeader.BYTES;
        for (FrameSample frame : frames) {
            position += FrameCodec.frameBytes(frame.payload().length, FrameCodec.extensionBytes(frame.flags()));
        }
        return position;
    }

    private static int[] headerCrcs(SegmentRef segment, List<FrameSample> frames) {
        int[] crcs = new int[frames.size()];
        long position = SegmentHeader.BYTES;
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        for (int i = 0; i < crcs.length; i++) {
            crcs[i] = frames.get(i).writeTo(buffer, 0, SegmentHeader.saltOf(segment.segmentId()), position);
            position += FrameCodec.frameBytes(buffer, 0);
        }
        return crcs;
    }

    private static long checksumOf(SegmentRef segment, List<FrameSample> frames) {
        long checksum = RunningChecksum.start(segment.segmentId());
        for (int headerCrc : headerCrcs(segment, frames)) {
            checksum = RunningChecksum.next(checksum, headerCrc);
        }
        return checksum;
    }

    static int crcOf(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
