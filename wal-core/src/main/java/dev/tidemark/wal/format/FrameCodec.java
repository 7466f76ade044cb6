package dev.tidemark.wal.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Frames, byte by byte: one append is one frame of header, extension, payload and padding ({@code docs/format.md}, section "Frame").
 *
 * <p>Everything works in place on a buffer, direct or on the heap, at an absolute index; the order set on the buffer does not matter,
 * the format is little-endian. Nothing is allocated. A frame is written in two steps, because its place in the file is known
 * late: {@link #putHeader} (and {@link #putProducer}) when the frame is staged, {@link #finish} when its round is closed. It is
 * read in two steps as well, because a payload may be larger than the buffer: {@link #checkHeader}, then the payload,
 * whole ({@link #checkPayload}) or in pieces ({@link #addPayload}, {@link #checkPayloadCrc}).
 *
 * <p><b>Threads.</b> No state of its own. The buffer and the {@code scratch} checksum belong to the calling thread during a call: a checksum
 * moves the buffer's position and limit and sets them back. Two threads that look at the same bytes use duplicates.
 */
public final class FrameCodec {

    /** Bytes of a header without extension. */
    public static final int HEADER_BYTES = 40;
    /** Bytes of a header with the longest extension that the flags can express; what a reader should have before it checks a header. */
    public static final int MAX_HEADER_BYTES = 96;
    /** Frames begin at multiples of this. */
    public static final int ALIGNMENT = 8;
    /** The longest payload, by the format; the engine may be configured to take less. */
    public static final int MAX_PAYLOAD_BYTES = 67_108_864;
    /** The latest time a stamp can hold. */
    public static final long MAX_TIMESTAMP_MILLIS = (1L << 48) - 1;

    public static final int PRODUCER_EXTENSION_BYTES = 24;
    public static final int REPLICATION_EXTENSION_BYTES = 16;

    /** Flags of a frame without extension. */
    public static final int NO_EXTENSION = 0;
    /** Flags of a frame with the producer extension: its bit, and three units of 8 bytes. */
    public static final int PRODUCER_EXTENSION = 0x10 | 3;
    /** Flags of a frame with the extension of a replicated log: its bit, and two units of 8 bytes. */
    public static final int REPLICATION_EXTENSION = 0x20 | 2;
    /** Flags of a frame with both: the producer's comes first. */
    public static final int BOTH_EXTENSIONS = 0x30 | 5;

    /** Pass this as the expected offset when the offset before is not known, as at the start of a scan in the middle of a file. */
    public static final long ANY_OFFSET = -1;

    private static final int HEADER_CRC_AT = 0;
    private static final int LENGTH_AT = 4;
    private static final int OFFSET_AT = 8;
    private static final int STAMP_AT = 16;
    private static final int COUNT_AT = 24;
    private static final int PAYLOAD_CRC_AT = 28;
    private static final int SYNCED_AT = 32;

    private static final int PRODUCER_BIT = 0x10;
    private static final int REPLICATION_BIT = 0x20;
    private static final int EXTENSION_UNITS_MASK = 0x07;

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private FrameCodec() {}

    // ---------------------------------------------------------------- sizes and stamps

    /** Bytes a frame takes in the file, padding included. */
    public static int frameBytes(int payloadBytes, int extensionBytes) {
        assert payloadBytes >= 0 && payloadBytes <= MAX_PAYLOAD_BYTES : payloadBytes;
        return align(HEADER_BYTES + extensionBytes + payloadBytes);
    }

    /** Bytes the frame at {@code at} takes in the file, padding included; its header has been checked. */
    public static int frameBytes(ByteBuffer buffer, int at) {
        return frameBytes(length(buffer, at), extensionBytes(buffer, at));
    }

    /** Bytes of extension that these flags announce. */
    public static int extensionBytes(int flags) {
        return (flags & EXTENSION_UNITS_MASK) * 8;
    }

    /** Time, kind and flags in one number. The time must lie between 0 and {@link #MAX_TIMESTAMP_MILLIS}. */
    public static long stamp(long timestampMillis, FrameKind kind, int flags) {
        if (timestampMillis < 0 || timestampMillis > MAX_TIMESTAMP_MILLIS) {
            throw new IllegalArgumentException("time does not fit a stamp: timestampMillis=" + timestampMillis);
        }
        assert areFlagsPossible(flags) : flags;
        return timestampMillis << 16 | (long) kind.code() << 8 | flags;
    }

    // ---------------------------------------------------------------- writing

    /** Writes the header except {@code synced} and {@code headerCrc}, which are known only when the round is closed. */
    public static void putHeader(
            ByteBuffer target, int at, int length, long offset, long stamp, int count, int payloadCrc) {
        INT.set(target, at + LENGTH_AT, length);
        LONG.set(target, at + OFFSET_AT, offset);
        LONG.set(target, at + STAMP_AT, stamp);
        INT.set(target, at + COUNT_AT, count);
        INT.set(target, at + PAYLOAD_CRC_AT, payloadCrc);
    }

    /** Writes the producer extension behind a header that was put with a flag for it. */
    public static void putProducer(ByteBuffer target, int at, long producerId, long producerEpoch, long firstSequence) {
        int extension = at + HEADER_BYTES;
        LONG.set(target, extension, producerId);
        LONG.set(target, extension + 8, producerEpoch);
        LONG.set(target, extension + 16, firstSequence);
    }

    /** Writes the extension of a replicated log behind a header that was put with a flag for it. */
    public static void putReplication(ByteBuffer target, int at, long term, long index) {
        int extension = replicationAt(target, at);
        LONG.set(target, extension, term);
        LONG.set(target, extension + 8, index);
    }

    /** Writes the zeros behind the payload of the frame whose header was put at {@code at}. */
    public static void putPadding(ByteBuffer target, int at) {
        int end = at + frameBytes(target, at);
        for (int i = payloadAt(target, at) + length(target, at); i < end; i++) {
            target.put(i, (byte) 0);
        }
    }

    /**
     * Completes a header that {@link #putHeader} began, now that the frame's place in the file is known, and returns the {@code headerCrc}.
     *
     * @param filePosition where the frame begins in the segment file
     * @param synced the partition's durable end at the moment the round was closed
     */
    public static int finish(ByteBuffer target, int at, int salt, long filePosition, long synced, CRC32C scratch) {
        assert filePosition % ALIGNMENT == 0 : filePosition;
        LONG.set(target, at + SYNCED_AT, synced);
        // The seed stands where the checksum will stand, so that one pass over adjoining bytes computes it.
        INT.set(target, at + HEADER_CRC_AT, seed(salt, filePosition));
        scratch.reset();
        update(scratch, target, at, HEADER_BYTES + extensionBytes(target, at));
        int headerCrc = (int) scratch.getValue();
        INT.set(target, at + HEADER_CRC_AT, headerCrc);
        return headerCrc;
    }

    /** CRC-32C of {@code length} bytes: the {@code payloadCrc} of a payload that lies in one piece. */
    public static int crcOf(ByteBuffer buffer, int at, int length, CRC32C scratch) {
        scratch.reset();
        update(scratch, buffer, at, length);
        return (int) scratch.getValue();
    }

    // ---------------------------------------------------------------- checking

    /**
     * Tests everything about a frame but its payload, in the order of {@code docs/format.md}.
     *
     * @param available bytes present from {@code at} on: at least {@link #MAX_HEADER_BYTES}, or all up to the end of the file when that
     *     is nearer
     * @param filePosition where {@code at} lies in the file
     * @param fileSize where the file ends; no frame reaches beyond
     * @param expectedOffset end of the frame before, or {@link #ANY_OFFSET}
     * @return {@link FrameVerdict#VALID} when the header and extension are good; the payload is still to be checked
     */
    public static FrameVerdict checkHeader(
            ByteBuffer buffer,
            int at,
            int available,
            int salt,
            long filePosition,
            long fileSize,
            long expectedOffset,
            CRC32C scratch) {
        long left = fileSize - filePosition;
        if (left <= 0) {
            return FrameVerdict.END_OF_FILE;
        }
        requireEnough(available, left);
        if (areZeros(buffer, at, (int) Math.min(HEADER_BYTES, left))) {
            return FrameVerdict.ZEROS;
        }
        if (left < HEADER_BYTES) {
            return FrameVerdict.CUT_OFF;
        }
        int headerBytes = HEADER_BYTES + extensionBytes(buffer, at);
        if (headerBytes > left || headerCrc(buffer, at) != computeHeaderCrc(buffer, at, salt, filePosition, scratch)) {
            return FrameVerdict.BAD_HEADER_CRC;
        }
        int length = length(buffer, at);
        if (length < 0 || length > MAX_PAYLOAD_BYTES || align(headerBytes + length) > left) {
            return FrameVerdict.BAD_LENGTH;
        }
        return checkFields(buffer, at, expectedOffset);
    }

    /** Tests the payload of a frame that lies in the buffer as a whole and whose header was found valid. */
    public static FrameVerdict checkPayload(ByteBuffer buffer, int at, CRC32C scratch) {
        scratch.reset();
        addPayload(scratch, buffer, payloadAt(buffer, at), length(buffer, at));
        return checkPayloadCrc(scratch, payloadCrc(buffer, at));
    }

    /** Takes in one piece of a payload, in order; {@code running} was reset before the first piece. */
    public static void addPayload(CRC32C running, ByteBuffer buffer, int at, int length) {
        update(running, buffer, at, length);
    }

    /** Tests a payload whose pieces were all given to {@link #addPayload}. */
    public static FrameVerdict checkPayloadCrc(CRC32C running, int payloadCrc) {
        return (int) running.getValue() == payloadCrc ? FrameVerdict.VALID : FrameVerdict.BAD_PAYLOAD_CRC;
    }

    /** The checksum the header should carry at this place; for messages that show found and computed side by side. */
    public static int computeHeaderCrc(ByteBuffer buffer, int at, int salt, long filePosition, CRC32C scratch) {
        int seed = seed(salt, filePosition);
        scratch.reset();
        scratch.update(seed);
        scratch.update(seed >>> 8);
        scratch.update(seed >>> 16);
        scratch.update(seed >>> 24);
        update(scratch, buffer, at + LENGTH_AT, HEADER_BYTES - LENGTH_AT + extensionBytes(buffer, at));
        return (int) scratch.getValue();
    }

    /** Whether the bytes behind the payload are zeros; no reader needs them, {@code verify} reports others. */
    public static boolean isPaddingZero(ByteBuffer buffer, int at) {
        int payloadEnd = payloadAt(buffer, at) + length(buffer, at);
        return areZeros(buffer, payloadEnd, at + frameBytes(buffer, at) - payloadEnd);
    }

    // ---------------------------------------------------------------- fields

    public static int headerCrc(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + HEADER_CRC_AT);
    }

    /** Bytes of payload. Means something only once the header was checked. */
    public static int length(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + LENGTH_AT);
    }

    /** Offset of the first record; of a frame without records, the offset the next record will have. */
    public static long offset(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + OFFSET_AT);
    }

    /** Offset behind the last record of the frame. */
    public static long endOffset(ByteBuffer buffer, int at) {
        return offset(buffer, at) + count(buffer, at);
    }

    public static long stamp(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + STAMP_AT);
    }

    public static long timestampMillis(ByteBuffer buffer, int at) {
        return stamp(buffer, at) >>> 16;
    }

    /** The kind of a frame whose header was found valid. */
    public static FrameKind kind(ByteBuffer buffer, int at) {
        FrameKind kind = FrameKind.ofCode(kindCode(buffer, at));
        if (kind == null) {
            throw new IllegalStateException("kind of an unchecked header was asked for: code=" + kindCode(buffer, at));
        }
        return kind;
    }

    public static int flags(ByteBuffer buffer, int at) {
        return (int) stamp(buffer, at) & 0xff;
    }

    public static int extensionBytes(ByteBuffer buffer, int at) {
        return extensionBytes(flags(buffer, at));
    }

    public static int count(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + COUNT_AT);
    }

    public static int payloadCrc(ByteBuffer buffer, int at) {
        return (int) INT.get(buffer, at + PAYLOAD_CRC_AT);
    }

    /** The partition's durable end when the round of this frame was closed. */
    public static long synced(ByteBuffer buffer, int at) {
        return (long) LONG.get(buffer, at + SYNCED_AT);
    }

    /** Index in the buffer at which the payload begins. */
    public static int payloadAt(ByteBuffer buffer, int at) {
        return at + HEADER_BYTES + extensionBytes(buffer, at);
    }

    public static boolean hasProducer(ByteBuffer buffer, int at) {
        return (flags(buffer, at) & PRODUCER_BIT) != 0;
    }

    public static long producerId(ByteBuffer buffer, int at) {
        assert hasProducer(buffer, at);
        return (long) LONG.get(buffer, at + HEADER_BYTES);
    }

    public static long producerEpoch(ByteBuffer buffer, int at) {
        assert hasProducer(buffer, at);
        return (long) LONG.get(buffer, at + HEADER_BYTES + 8);
    }

    /** Sequence of the first record; the others follow without gaps. */
    public static long firstSequence(ByteBuffer buffer, int at) {
        assert hasProducer(buffer, at);
        return (long) LONG.get(buffer, at + HEADER_BYTES + 16);
    }

    public static boolean hasReplication(ByteBuffer buffer, int at) {
        return (flags(buffer, at) & REPLICATION_BIT) != 0;
    }

    public static long replicationTerm(ByteBuffer buffer, int at) {
        assert hasReplication(buffer, at);
        return (long) LONG.get(buffer, replicationAt(buffer, at));
    }

    public static long replicationIndex(ByteBuffer buffer, int at) {
        assert hasReplication(buffer, at);
        return (long) LONG.get(buffer, replicationAt(buffer, at) + 8);
    }

    // ---------------------------------------------------------------- the tests one by one

    private static FrameVerdict checkFields(ByteBuffer buffer, int at, long expectedOffset) {
        FrameKind kind = FrameKind.ofCode(kindCode(buffer, at));
        if (kind == null) {
            return FrameVerdict.BAD_KIND;
        }
        if (!areFlagsPossible(flags(buffer, at))) {
            return FrameVerdict.BAD_FLAGS;
        }
        int count = count(buffer, at);
        if (!kind.allowsCount(count)) {
            return FrameVerdict.BAD_COUNT;
        }
        long offset = offset(buffer, at);
        boolean isOffsetPossible = offset >= 0 && offset <= Long.MAX_VALUE - count;
        if (!isOffsetPossible || (expectedOffset != ANY_OFFSET && offset != expectedOffset)) {
            return FrameVerdict.WRONG_OFFSET;
        }
        long synced = synced(buffer, at);
        // A proof is believed by recovery. One that claims what lies ahead of it was never written by us.
        return synced < 0 || synced > offset ? FrameVerdict.WRONG_SYNCED : FrameVerdict.VALID;
    }

    private static boolean areFlagsPossible(int flags) {
        return flags == NO_EXTENSION
                || flags == PRODUCER_EXTENSION
                || flags == REPLICATION_EXTENSION
                || flags == BOTH_EXTENSIONS;
    }

    private static int kindCode(ByteBuffer buffer, int at) {
        return (int) (stamp(buffer, at) >>> 8) & 0xff;
    }

    private static int replicationAt(ByteBuffer buffer, int at) {
        return at + HEADER_BYTES + (hasProducer(buffer, at) ? PRODUCER_EXTENSION_BYTES : 0);
    }

    private static int seed(int salt, long filePosition) {
        return salt ^ (int) (filePosition >>> 3);
    }

    private static int align(int bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    private static void requireEnough(int available, long left) {
        if (available < MAX_HEADER_BYTES && available < left) {
            throw new IllegalArgumentException(
                    "too few bytes to check a frame header: available=" + available + " leftInFile=" + left);
        }
    }

    private static boolean areZeros(ByteBuffer buffer, int at, int length) {
        int end = at + length;
        int i = at;
        for (; i + Long.BYTES <= end; i += Long.BYTES) {
            if ((long) LONG.get(buffer, i) != 0) {
                return false;
            }
        }
        for (; i < end; i++) {
            if (buffer.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void update(CRC32C crc, ByteBuffer buffer, int at, int length) {
        int position = buffer.position();
        int limit = buffer.limit();
        buffer.limit(at + length);
        buffer.position(at);
        crc.update(buffer);
        buffer.limit(limit);
        buffer.position(position);
    }
}
