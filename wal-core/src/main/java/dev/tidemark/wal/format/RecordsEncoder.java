package dev.tidemark.wal.format;

import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.bytes.Utf8;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes the payload of a {@code RECORDS} frame ({@code docs/format.md}, section "RECORDS"): first the size is computed, then the bytes are written
 * where they belong. The payload says nothing that only the frame knows, so it can be made, and its checksum computed, before the
 * append has an offset or a time, and by a client far away.
 */
public final class RecordsEncoder {

    static final int HAS_KEY = 1;
    static final int HAS_TIMESTAMP = 2;
    static final int HAS_HEADERS = 4;

    private RecordsEncoder() {}

    /**
     * Bytes the records take. May be more than a frame can hold; whoever asks compares.
     *
     * @throws IllegalArgumentException when the name of a header cannot be written as UTF-8
     */
    public static long encodedBytes(List<WalRecord> records) {
        long bytes = 0;
        long timestampBefore = 0;
        for (WalRecord record : records) {
            bytes += 1 + sizeOfBytes(record.value().length);
            byte[] key = record.key().orElse(null);
            if (key != null) {
                bytes += sizeOfBytes(key.length);
            }
            if (record.timestampMillis().isPresent()) {
                long timestamp = record.timestampMillis().getAsLong();
                bytes += sizeOf(zigzag(timestamp - timestampBefore));
                timestampBefore = timestamp;
            }
            List<Header> headers = record.headers();
            if (!headers.isEmpty()) {
                bytes += sizeOf(headers.size());
                for (Header header : headers) {
                    bytes += sizeOfBytes(Utf8.encode(header.name()).length) + sizeOfBytes(header.value().length);
                }
            }
        }
        return bytes;
    }

    /**
     * Writes the records at index {@code at} and returns the index behind them. There is room for {@link #encodedBytes}; position and limit
     * of the buffer are not moved.
     */
    public static int encode(List<WalRecord> records, ByteBuffer target, int at) {
        int next = at;
        long timestampBefore = 0;
        for (WalRecord record : records) {
            byte[] key = record.key().orElse(null);
            List<Header> headers = record.headers();
            boolean hasTimestamp = record.timestampMillis().isPresent();
            int flags = (key == null ? 0 : HAS_KEY)
                    | (hasTimestamp ? HAS_TIMESTAMP : 0)
                    | (headers.isEmpty() ? 0 : HAS_HEADERS);
            target.put(next++, (byte) flags);
            if (hasTimestamp) {
                long timestamp = record.timestampMillis().getAsLong();
                next = putNumber(target, next, zigzag(timestamp - timestampBefore));
                timestampBefore = timestamp;
            }
            if (key != null) {
                next = putBytes(target, next, key);
            }
            next = putBytes(target, next, record.value());
            if (!headers.isEmpty()) {
                next = putNumber(target, next, headers.size());
                for (Header header : headers) {
                    next = putBytes(target, next, Utf8.encode(header.name()));
                    next = putBytes(target, next, header.value());
                }
            }
        }
        return next;
    }

    /** Small numbers of either sign become small numbers without one: 0, -1, 1, -2 become 0, 1, 2, 3. */
    private static long zigzag(long value) {
        return value << 1 ^ value >> 63;
    }

    private static long sizeOfBytes(int length) {
        return sizeOf(length) + (long) length;
    }

    private static int sizeOf(long number) {
        return Math.max(1, (70 - Long.numberOfLeadingZeros(number)) / 7);
    }

    private static int putBytes(ByteBuffer target, int at, byte[] bytes) {
        int next = putNumber(target, at, bytes.length);
        target.put(next, bytes);
        return next + bytes.length;
    }

    private static int putNumber(ByteBuffer target, int at, long number) {
        int next = at;
        long rest = number;
        while ((rest & ~0x7fL) != 0) {
            target.put(next++, (byte) (rest | 0x80));
            rest >>>= 7;
        }
        target.put(next++, (byte) rest);
        return next;
    }
}
