package dev.tidemark.wal.format;

import com.google.errorprone.annotations.FormatMethod;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.bytes.ByteSource;
import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.MalformedBytesException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * What every metadata file has around its body: magic, kind, version, length, and behind the body a checksum over all of it. The envelope is
 * the same in every version, so that a newer file can be told for certain from a damaged one.
 */
final class MetadataEnvelope {

    /** No metadata file is larger; whoever reads one compares the file's size with this before allocating. */
    static final int MAX_FILE_BYTES = 4 << 20;

    static final int STORE = 1;
    static final int PARTITION = 2;

    private static final byte[] MAGIC = "TIDE.MET".getBytes(StandardCharsets.US_ASCII);
    private static final int KIND_AT = 8;
    private static final int VERSION_AT = 12;
    private static final int LENGTH_AT = 16;
    private static final int BODY_AT = 20;
    private static final int AROUND_BYTES = BODY_AT + Integer.BYTES;

    private MetadataEnvelope() {}

    /** Reads the fields of a body. */
    interface BodyReader<T> {
        /**
         * Reads them in order, up to the last.
         *
         * @throws IllegalArgumentException when the values cannot be together
         */
        T read(ByteSource body) throws MalformedBytesException;
    }

    static byte[] wrap(int kind, int version, byte[] body) {
        if (body.length > MAX_FILE_BYTES - AROUND_BYTES) {
            throw new IllegalStateException("metadata would not be read again: bytes=" + body.length);
        }
        byte[] file = new byte[body.length + AROUND_BYTES];
        ByteBuffer target = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        target.put(MAGIC).putInt(kind).putInt(version).putInt(body.length).put(body);
        target.putInt(crcOf(file, BODY_AT + body.length));
        return file;
    }

    static <T> Decoded<T> open(int kind, int newestVersion, byte[] file, BodyReader<T> reader) {
        if (file.length < AROUND_BYTES || file.length > MAX_FILE_BYTES) {
            return damaged("file has an impossible size: bytes=%d", file.length);
        }
        ByteBuffer source = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int crcAt = file.length - Integer.BYTES;
        int crcFound = source.getInt(crcAt);
        int crcComputed = crcOf(file, crcAt);
        // Before the version: a flipped bit there must read as damage, not as a file that a newer release could open.
        if (crcFound != crcComputed) {
            return damaged("file fails its checksum: crcFound=0x%08x crcComputed=0x%08x", crcFound, crcComputed);
        }
        if (!Arrays.equals(file, 0, MAGIC.length, MAGIC, 0, MAGIC.length) || source.getInt(KIND_AT) != kind) {
            return damaged("file is of another kind: found=%d expected=%d", source.getInt(KIND_AT), kind);
        }
        if (source.getInt(VERSION_AT) > newestVersion) {
            return new Decoded.Newer<>(source.getInt(VERSION_AT));
        }
        if (source.getInt(VERSION_AT) < 1 || source.getInt(LENGTH_AT) != file.length - AROUND_BYTES) {
            return damaged(
                    "file has no such form: version=%d length=%d", source.getInt(VERSION_AT), source.getInt(LENGTH_AT));
        }
        return read(Arrays.copyOfRange(file, BODY_AT, crcAt), reader);
    }

    /** Reads a body to its end; what no writer of ours would have put there is damage. */
    static <T> Decoded<T> read(byte[] body, BodyReader<T> reader) {
        ByteSource source = BytesChoice.current().sourceOf(body);
        try {
            T value = reader.read(source);
            return source.remaining() == 0
                    ? new Decoded.Good<>(value)
                    : damaged("bytes are left behind the last field: bytes=%d", source.remaining());
        } catch (MalformedBytesException malformed) {
            return new Decoded.Damaged<>(malformed.reason());
        } catch (IllegalArgumentException | InvalidCallException impossible) {
            return new Decoded.Damaged<>("values cannot be: " + impossible.getMessage());
        }
    }

    /** A count that must fit an int. */
    static int readInt(ByteSource source, int max) throws MalformedBytesException {
        return (int) source.readCount(max);
    }

    /** A count of bytes, records or milliseconds: any number that is not negative. */
    static long readAny(ByteSource source) throws MalformedBytesException {
        return source.readCount(Long.MAX_VALUE);
    }

    @FormatMethod
    private static <T> Decoded<T> damaged(String format, Object... values) {
        return new Decoded.Damaged<>(String.format(Locale.ROOT, format, values));
    }

    private static int crcOf(byte[] file, int length) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, length);
        return (int) crc.getValue();
    }
}
