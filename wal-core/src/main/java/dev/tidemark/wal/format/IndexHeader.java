package dev.tidemark.wal.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The index file of a sealed segment ({@code docs/format.md}, section "Index file"): this header, then entries of three longs, then the
 * CRC-32C of all that. It only saves a scan: a file that does not fit its segment, or fails any test, is built anew and never reported.
 *
 * @param segmentId the segment it belongs to
 * @param intervalBytes an entry was made about once per so many bytes
 * @param entries how many
 * @param endOffset end of the segment, to tell an index of the same segment from before a truncation
 * @param endPosition file position of the segment's end
 */
public record IndexHeader(long segmentId, int intervalBytes, int entries, long endOffset, long endPosition) {

    public static final int BYTES = 48;
    public static final int ENTRY_BYTES = 24;
    public static final int CRC_BYTES = 4;
    /** Entries of a segment of 1 GiB with the shortest interval that makes sense. */
    public static final int MAX_ENTRIES = 1 << 22;

    public static final int FORMAT_VERSION = 1;

    private static final byte[] MAGIC = "TIDE.IDX".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION_AT = 8;
    private static final int INTERVAL_AT = 12;
    private static final int SEGMENT_ID_AT = 16;
    private static final int ENTRIES_AT = 24;
    private static final int RESERVED_AT = 28;
    private static final int END_OFFSET_AT = 32;
    private static final int END_POSITION_AT = 40;

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    public IndexHeader {
        if (segmentId == 0 || intervalBytes < 1 || entries < 0 || entries > MAX_ENTRIES) {
            throw new IllegalArgumentException("no such index: segmentId=" + segmentId + " intervalBytes="
                    + intervalBytes + " entries=" + entries);
        }
        if (endOffset < 0 || endPosition < SegmentHeader.BYTES) {
            throw new IllegalArgumentException(
                    "no such end of a segment: endOffset=" + endOffset + " endPosition=" + endPosition);
        }
    }

    /** Bytes of the whole file. */
    public long fileBytes() {
        return BYTES + (long) entries * ENTRY_BYTES + CRC_BYTES;
    }

    /** Writes the header at index {@code at}. */
    public void encodeTo(ByteBuffer target, int at) {
        ByteBuffer header = target.slice(at, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0, MAGIC);
        header.putInt(VERSION_AT, FORMAT_VERSION);
        header.putInt(INTERVAL_AT, intervalBytes);
        header.putLong(SEGMENT_ID_AT, segmentId);
        header.putInt(ENTRIES_AT, entries);
        header.putInt(RESERVED_AT, 0);
        header.putLong(END_OFFSET_AT, endOffset);
        header.putLong(END_POSITION_AT, endPosition);
    }

    /**
     * Reads a header. Its checksum is that of the whole file and still to be tested; but the number of entries fits the size of the file, so
     * it may be used to allocate.
     */
    public static Decoded<IndexHeader> decode(ByteBuffer source, int at, int available, long fileSize) {
        if (available < BYTES) {
            return new Decoded.Damaged<>("index header is cut off: bytes=" + available);
        }
        ByteBuffer header = source.slice(at, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (!header.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))
                || header.getInt(VERSION_AT) != FORMAT_VERSION
                || header.getInt(RESERVED_AT) != 0) {
            return new Decoded.Damaged<>("not an index of version 1");
        }
        try {
            IndexHeader index = new IndexHeader(
                    header.getLong(SEGMENT_ID_AT),
                    header.getInt(INTERVAL_AT),
                    header.getInt(ENTRIES_AT),
                    header.getLong(END_OFFSET_AT),
                    header.getLong(END_POSITION_AT));
            return index.fileBytes() == fileSize
                    ? new Decoded.Good<>(index)
                    : new Decoded.Damaged<>(
                            "index has another size: bytes=" + fileSize + " expected=" + index.fileBytes());
        } catch (IllegalArgumentException impossible) {
            return new Decoded.Damaged<>("values cannot be: " + impossible.getMessage());
        }
    }

    /** Writes one entry: the frame that begins at this file position, the offset of its first record, and its time. */
    public static void putEntry(ByteBuffer target, int at, long offset, long filePosition, long timestampMillis) {
        LONG.set(target, at, offset);
        LONG.set(target, at + 8, filePosition);
        LONG.set(target, at + 16, timestampMillis);
    }

    public static long entryOffset(ByteBuffer source, int at) {
        return (long) LONG.get(source, at);
    }

    public static long entryPosition(ByteBuffer source, int at) {
        return (long) LONG.get(source, at + 8);
    }

    public static long entryTimestampMillis(ByteBuffer source, int at) {
        return (long) LONG.get(source, at + 16);
    }

    /** Whether the entry at {@code at} can stand behind one with these values: positions rise, offsets and times do not fall, all lie in the segment. */
    public boolean canFollow(
            ByteBuffer source, int at, long offsetBefore, long positionBefore, long timestampMillisBefore) {
        long offset = entryOffset(source, at);
        long position = entryPosition(source, at);
        return offset >= offsetBefore
                && offset <= endOffset
                && position > positionBefore
                && position >= SegmentHeader.BYTES
                && position < endPosition
                && position % FrameCodec.ALIGNMENT == 0
                && entryTimestampMillis(source, at) >= timestampMillisBefore;
    }
}
