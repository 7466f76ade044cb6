package dev.tidemark.wal.format;

import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.bytes.MalformedBytesException;
import dev.tidemark.wal.bytes.Utf8;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Walks through the payload of a {@code RECORDS} frame, record by record, in place. A payload whose checksum holds can still be malformed: the
 * checksum may come from a client, whose encoder is not ours. So everything is tested before it is used: no read leaves the payload,
 * nothing is allocated before {@link #next} has found the record whole and well-formed, and no byte is left over at the end.
 *
 * <p><b>Threads.</b> One at a time. It looks into the buffer it was opened on, so it is of no use once that is given back.
 */
public final class RecordsReader {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final int KNOWN_FLAGS =
            RecordsEncoder.HAS_KEY | RecordsEncoder.HAS_TIMESTAMP | RecordsEncoder.HAS_HEADERS;
    /** A record takes no less: its flags, and the length of an empty value. */
    private static final int MIN_RECORD_BYTES = 2;
    /** A header takes no less: two lengths of nothing. */
    private static final int MIN_HEADER_BYTES = 2;

    private ByteBuffer buffer = NOTHING;
    private int next;
    private int end;
    private int left;
    private String problem = "";

    private int flags;
    private long timestampMillis;
    private int keyAt;
    private int keyLength;
    private int valueAt;
    private int valueLength;
    private int headersAt;
    private int headerCount;

    /** Whether a payload is {@code count} well-formed records, and if not, why. */
    public static Optional<String> problemOf(ByteBuffer payload, int at, int length, int count) {
        RecordsReader reader = new RecordsReader();
        reader.open(payload, at, length, count);
        while (reader.next()) {
            // Each step tests one record.
        }
        return reader.isMalformed() ? Optional.of(reader.problem()) : Optional.empty();
    }

    /**
     * Begins at the first of {@code count} records, which take {@code length} bytes from index {@code at} of the buffer on. Position and limit of the
     * buffer are not moved.
     */
    public void open(ByteBuffer payload, int at, int length, int count) {
        buffer = payload;
        next = at;
        end = at + length;
        left = count;
        timestampMillis = 0;
        problem = "";
        if (count < 1 || count > length / MIN_RECORD_BYTES) {
            fail("number of records does not fit the payload");
        }
    }

    /** Moves to the next record. False when there is none, either because all were read or because the payload is malformed. */
    public boolean next() {
        if (left == 0) {
            return false;
        }
        if (!parseRecord()) {
            left = 0;
            return false;
        }
        left--;
        if (left == 0 && next != end) {
            return fail("bytes are left behind the last record");
        }
        return true;
    }

    /** Whether the walk ended at something that is no record. What was read before is good, but a batch is whole or nothing. */
    public boolean isMalformed() {
        return !problem.isEmpty();
    }

    /** What is wrong, for people; empty when nothing is. */
    public String problem() {
        return problem;
    }

    public boolean hasKey() {
        return (flags & RecordsEncoder.HAS_KEY) != 0;
    }

    /** Index of the value in the buffer. */
    public int valueAt() {
        return valueAt;
    }

    public int valueLength() {
        return valueLength;
    }

    /** Whether the record has a time of its own; else that of the frame applies. */
    public boolean hasTimestamp() {
        return (flags & RecordsEncoder.HAS_TIMESTAMP) != 0;
    }

    /** The record's own time; means something only if it has one. */
    public long timestampMillis() {
        return timestampMillis;
    }

    /** The key, copied. */
    public Optional<byte[]> key() {
        return hasKey() ? Optional.of(copy(keyAt, keyLength)) : Optional.empty();
    }

    /** The value, copied. */
    public byte[] value() {
        return copy(valueAt, valueLength);
    }

    /** The headers, copied. */
    public List<Header> headers() {
        List<Header> headers = new ArrayList<>(headerCount);
        int at = headersAt;
        for (int i = 0; i < headerCount; i++) {
            int nameLength = (int) trusted(at);
            int nameAt = at + spelledBytes(at);
            int valueLengthAt = nameAt + nameLength;
            int length = (int) trusted(valueLengthAt);
            int valueFrom = valueLengthAt + spelledBytes(valueLengthAt);
            headers.add(Header.of(text(nameAt, nameLength), copy(valueFrom, length)));
            at = valueFrom + length;
        }
        return headers;
    }

    /** The whole record, copied. */
    public WalRecord record() {
        WalRecord record = hasKey() ? WalRecord.of(copy(keyAt, keyLength), value()) : WalRecord.of(value());
        if (headerCount > 0) {
            record = record.withHeaders(headers());
        }
        return hasTimestamp() ? record.withTimestamp(timestampMillis) : record;
    }

    // ---------------------------------------------------------------- testing

    private boolean parseRecord() {
        if (next >= end) {
            return fail("payload ends before the last record");
        }
        flags = buffer.get(next++) & 0xff;
        if ((flags & ~KNOWN_FLAGS) != 0) {
            return fail("record has unknown flags");
        }
        if (hasTimestamp() && !parseTimestamp()) {
            return false;
        }
        keyLength = 0;
        if (hasKey()) {
            keyLength = parseLength();
            keyAt = next;
            if (!skip(keyLength)) {
                return false;
            }
        }
        valueLength = parseLength();
        valueAt = next;
        if (!skip(valueLength)) {
            return false;
        }
        headerCount = 0;
        return (flags & RecordsEncoder.HAS_HEADERS) == 0 || parseHeaders();
    }

    private boolean parseTimestamp() {
        int bytes = spelledBytes(next);
        if (bytes < 0) {
            return fail("time is no number");
        }
        long spelled = trusted(next);
        next += bytes;
        timestampMillis += spelled >>> 1 ^ -(spelled & 1);
        return true;
    }

    private boolean parseHeaders() {
        headerCount = parseLength();
        if (headerCount < 1 || headerCount > (end - next) / MIN_HEADER_BYTES) {
            return fail("number of headers does not fit the payload");
        }
        headersAt = next;
        for (int i = 0; i < headerCount; i++) {
            int nameLength = parseLength();
            int nameAt = next;
            if (!skip(nameLength)) {
                return false;
            }
            if (!isText(nameAt, nameLength)) {
                return fail("name of a header is not UTF-8");
            }
            if (!skip(parseLength())) {
                return false;
            }
        }
        return true;
    }

    /** A number that is at most the bytes left in the payload, or -1. */
    private int parseLength() {
        int bytes = spelledBytes(next);
        if (bytes < 0) {
            return -1;
        }
        long length = trusted(next);
        if (length < 0 || length > end - next - bytes) {
            return -1;
        }
        next += bytes;
        return (int) length;
    }

    private boolean skip(int length) {
        if (length < 0) {
            return fail("length is no number, or goes beyond the payload");
        }
        next += length;
        return true;
    }

    /** Bytes of the number at {@code at}; -1 when it does not end in the payload, is over 64 bits, or is spelled longer than it has to be. */
    private int spelledBytes(int at) {
        for (int i = 0; i < 10 && at + i < end; i++) {
            int spelled = buffer.get(at + i) & 0xff;
            if (spelled < 0x80) {
                boolean isShortest = i == 0 || spelled != 0;
                boolean fits = i < 9 || spelled == 1;
                return isShortest && fits ? i + 1 : -1;
            }
        }
        return -1;
    }

    /** The number at {@code at}, whose spelling was tested. */
    private long trusted(int at) {
        long number = 0;
        int shift = 0;
        int from = at;
        int spelled;
        do {
            spelled = buffer.get(from++) & 0xff;
            number |= (long) (spelled & 0x7f) << shift;
            shift += 7;
        } while (spelled >= 0x80);
        return number;
    }

    private boolean isText(int at, int length) {
        for (int i = at; i < at + length; i++) {
            if (buffer.get(i) < 0) {
                return isUtf8(at, length);
            }
        }
        return true;
    }

    private boolean isUtf8(int at, int length) {
        try {
            Utf8.decode(buffer.slice(at, length));
            return true;
        } catch (MalformedBytesException e) {
            return false;
        }
    }

    private String text(int at, int length) {
        try {
            return Utf8.decode(buffer.slice(at, length));
        } catch (MalformedBytesException e) {
            throw new IllegalStateException("bytes changed under the reader", e);
        }
    }

    private byte[] copy(int at, int length) {
        byte[] bytes = new byte[length];
        buffer.get(at, bytes);
        return bytes;
    }

    private boolean fail(String reason) {
        problem = reason;
        left = 0;
        return false;
    }
}
