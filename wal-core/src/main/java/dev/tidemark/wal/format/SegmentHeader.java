package dev.tidemark.wal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The first 4,096 bytes of a segment file ({@code docs/format.md}, section "Segment file"). They fill the block, so that no write of a frame ever
 * touches the header again.
 *
 * @param storeId the store this file was written for
 * @param partitionId the partition it was written for; ids are never reused, names are
 * @param segmentId random, unique, never 0; the salt comes from it
 * @param name base offset and epoch, as in the file name
 * @param predecessor the segment before this one and where it ended, or nothing in the first segment of a partition
 * @param createdAtMillis when the header was written, for people
 * @param firstTimestampMillis last timestamp before this segment: no frame in here is older
 */
public record SegmentHeader(
        UUID storeId,
        long partitionId,
        long segmentId,
        SegmentName name,
        Optional<SegmentEnd> predecessor,
        long createdAtMillis,
        long firstTimestampMillis) {

    /** The same, with these equal values in place of those that were decoded: a store has many segments, and these once. */
    public SegmentHeader sharing(UUID sameStoreId, SegmentName sameName) {
        return new SegmentHeader(
                sameStoreId, partitionId, segmentId, sameName, predecessor, createdAtMillis, firstTimestampMillis);
    }

    /** Size of the header, and so the file position of the first frame. */
    public static final int BYTES = 4096;

    public static final int FORMAT_VERSION = 1;

    private static final byte[] MAGIC = "TIDE.SEG".getBytes(StandardCharsets.US_ASCII);

    private static final int VERSION_AT = 8;
    private static final int HEADER_BYTES_AT = 12;
    private static final int STORE_ID_AT = 16;
    private static final int PARTITION_ID_AT = 32;
    private static final int SEGMENT_ID_AT = 40;
    private static final int BASE_OFFSET_AT = 48;
    private static final int EPOCH_AT = 56;
    private static final int CREATED_AT = 64;
    private static final int FIRST_TIMESTAMP_AT = 72;
    private static final int PREDECESSOR_ID_AT = 80;
    private static final int PREDECESSOR_BASE_AT = 88;
    private static final int PREDECESSOR_EPOCH_AT = 96;
    private static final int PREDECESSOR_END_AT = 104;
    private static final int PREDECESSOR_POSITION_AT = 112;
    private static final int PREDECESSOR_CHECKSUM_AT = 120;
    private static final int CRC_AT = BYTES - Integer.BYTES;

    public SegmentHeader {
        if (segmentId == 0) {
            throw new IllegalArgumentException("a segment id is never 0");
        }
        if (createdAtMillis < 0 || firstTimestampMillis < 0 || firstTimestampMillis > FrameCodec.MAX_TIMESTAMP_MILLIS) {
            throw new IllegalArgumentException("no such time: createdAtMillis=" + createdAtMillis
                    + " firstTimestampMillis=" + firstTimestampMillis);
        }
        if (predecessor.isPresent() && predecessor.get().endOffset() > name.baseOffset()) {
            throw new IllegalArgumentException("segment begins before its predecessor ends: baseOffset="
                    + name.baseOffset() + " predecessorEnd=" + predecessor.get().endOffset());
        }
        if (predecessor.isPresent() && predecessor.get().name().epoch() >= name.epoch()) {
            throw new IllegalArgumentException("epoch must rise: epoch=" + name.epoch() + " predecessorEpoch="
                    + predecessor.get().name().epoch());
        }
    }

    /** What seeds the header checksums of this segment's frames. */
    public int salt() {
        return saltOf(segmentId);
    }

    /** The salt of a segment. Every bit of the id counts, so that ids which a test numbers 1, 2, 3 have salts far apart as well. */
    public static int saltOf(long segmentId) {
        long mixed = segmentId * 0x9E37_79B9_7F4A_7C15L;
        mixed = (mixed ^ (mixed >>> 32)) * 0xD1B5_4A32_D192_ED03L;
        return (int) (mixed >>> 32);
    }

    /** Writes all 4,096 bytes at index {@code at}. */
    public void encodeTo(ByteBuffer target, int at) {
        ByteBuffer block = target.slice(at, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < BYTES; i += Long.BYTES) {
            block.putLong(i, 0);
        }
        block.put(0, MAGIC);
        block.putInt(VERSION_AT, FORMAT_VERSION);
        block.putInt(HEADER_BYTES_AT, BYTES);
        block.putLong(STORE_ID_AT, storeId.getMostSignificantBits());
        block.putLong(STORE_ID_AT + 8, storeId.getLeastSignificantBits());
        block.putLong(PARTITION_ID_AT, partitionId);
        block.putLong(SEGMENT_ID_AT, segmentId);
        block.putLong(BASE_OFFSET_AT, name.baseOffset());
        block.putInt(EPOCH_AT, name.epoch());
        block.putLong(CREATED_AT, createdAtMillis);
        block.putLong(FIRST_TIMESTAMP_AT, firstTimestampMillis);
        predecessor.ifPresent(end -> {
            block.putLong(PREDECESSOR_ID_AT, end.segmentId());
            block.putLong(PREDECESSOR_BASE_AT, end.name().baseOffset());
            block.putInt(PREDECESSOR_EPOCH_AT, end.name().epoch());
            block.putLong(PREDECESSOR_END_AT, end.endOffset());
            block.putLong(PREDECESSOR_POSITION_AT, end.endPosition());
            block.putLong(PREDECESSOR_CHECKSUM_AT, end.checksum());
        });
        block.putInt(CRC_AT, FrameCodec.crcOf(block, 0, CRC_AT, new CRC32C()));
    }

    /** Reads a header; {@code available} is what the file has from index {@code at} on. */
    public static Decoded<SegmentHeader> decode(ByteBuffer source, int at, int available) {
        if (available < BYTES) {
            return new Decoded.Damaged<>("segment header is cut off: bytes=" + available);
        }
        ByteBuffer block = source.slice(at, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int crcFound = block.getInt(CRC_AT);
        int crcComputed = FrameCodec.crcOf(block, 0, CRC_AT, new CRC32C());
        // The checksum stands at the same place in every version, so it is tested first: a flipped bit in the version
        // field must
        // read as damage, not as a file that a newer release could open.
        if (crcFound != crcComputed) {
            return new Decoded.Damaged<>(String.format(
                    Locale.ROOT,
                    "segment header fails its checksum: crcFound=0x%08x crcComputed=0x%08x",
                    crcFound,
                    crcComputed));
        }
        if (!block.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return new Decoded.Damaged<>("not a segment: the first 8 bytes are other than TIDE.SEG");
        }
        int version = block.getInt(VERSION_AT);
        if (version > FORMAT_VERSION) {
            return new Decoded.Newer<>(version);
        }
        if (version != FORMAT_VERSION || block.getInt(HEADER_BYTES_AT) != BYTES) {
            return new Decoded.Damaged<>(
                    "no such format: version=" + version + " headerBytes=" + block.getInt(HEADER_BYTES_AT));
        }
        return decodeFields(block);
    }

    private static Decoded<SegmentHeader> decodeFields(ByteBuffer block) {
        try {
            SegmentHeader header = new SegmentHeader(
                    new UUID(block.getLong(STORE_ID_AT), block.getLong(STORE_ID_AT + 8)),
                    block.getLong(PARTITION_ID_AT),
                    block.getLong(SEGMENT_ID_AT),
                    new SegmentName(block.getLong(BASE_OFFSET_AT), block.getInt(EPOCH_AT)),
                    decodePredecessor(block),
                    block.getLong(CREATED_AT),
                    block.getLong(FIRST_TIMESTAMP_AT));
            // One value has one spelling: fields of an absent predecessor, reserved bytes and the rest of the block are
            // zeros.
            ByteBuffer again = ByteBuffer.allocate(BYTES);
            header.encodeTo(again, 0);
            return again.equals(block)
                    ? new Decoded.Good<>(header)
                    : new Decoded.Damaged<>("segment header has bytes set that version 1 leaves zero");
        } catch (IllegalArgumentException impossible) {
            // The checksum held, so these are the bytes that were written: a writer that was not ours, or a defect in
            // ours.
            return new Decoded.Damaged<>("segment header cannot be: " + impossible.getMessage());
        }
    }

    private static Optional<SegmentEnd> decodePredecessor(ByteBuffer block) {
        long segmentId = block.getLong(PREDECESSOR_ID_AT);
        if (segmentId == 0) {
            return Optional.empty();
        }
        return Optional.of(new SegmentEnd(
                segmentId,
                new SegmentName(block.getLong(PREDECESSOR_BASE_AT), block.getInt(PREDECESSOR_EPOCH_AT)),
                block.getLong(PREDECESSOR_END_AT),
                block.getLong(PREDECESSOR_POSITION_AT),
                block.getLong(PREDECESSOR_CHECKSUM_AT)));
    }
}
