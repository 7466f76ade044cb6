package dev.tidemark.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Takes records out of a stream, by lines or by lengths.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class RecordSource {
    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final String name;
    private final boolean isLengthPrefixed;
    private final int maxRecordBytes;
    private long bytesRead;
    private long recordsRead;

    /**
     * @param name what to call the stream in errors
     * @param isLengthPrefixed whether each record stands behind its length in four bytes, the most significant first
     * @param maxRecordBytes no longer record is taken; nothing larger is ever allocated
     */
    RecordSource(InputStream in, String name, boolean isLengthPrefixed, int maxRecordBytes) {
        this.in = new BufferedInputStream(in, BUFFER_BYTES);
        this.name = name;
        this.isLengthPrefixed = isLengthPrefixed;
        this.maxRecordBytes = maxRecordBytes;
    }

    /** The next record, or nothing at the end of the stream. */
    Optional<byte[]> next() throws IOException {
        Optional<byte[]> record = isLengthPrefixed ? nextByLength() : nextLine();
        if (record.isPresent()) {
            recordsRead++;
        }
        return record;
    }

    /** Bytes taken so far, with what separates the records. */
    long bytesRead() {
        return bytesRead;
    }

    private Optional<byte[]> nextLine() throws IOException {
        int b = in.read();
        if (b < 0) {
            return Optional.empty();
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        while (b >= 0 && b != '\n') {
            if (line.size() == maxRecordBytes) {
                throw tooLong("more than " + maxRecordBytes);
            }
            line.write(b);
            b = in.read();
        }
        bytesRead += line.size() + (b < 0 ? 0 : 1);
        return Optional.of(line.toByteArray());
    }

    private Optional<byte[]> nextByLength() throws IOException {
        byte[] prefix = in.readNBytes(Integer.BYTES);
        if (prefix.length == 0) {
            return Optional.empty();
        }
        if (prefix.length < Integer.BYTES) {
            throw endsEarly();
        }
        long length =
                (prefix[0] & 0xffL) << 24 | (prefix[1] & 0xff) << 16 | (prefix[2] & 0xff) << 8 | (prefix[3] & 0xff);
        if (length > maxRecordBytes) {
            throw tooLong(Long.toString(length));
        }
        byte[] record = in.readNBytes((int) length);
        if (record.length < length) {
            throw endsEarly();
        }
        bytesRead += Integer.BYTES + length;
        return Optional.of(record);
    }

    private CommandFailure endsEarly() {
        return new CommandFailure(
                ExitCode.FAILED,
                "INPUT_TRUNCATED",
                "input ends in the middle of a record: input=" + name + " record=" + recordsRead,
                "the whole records before it were appended; were all bytes written into the input?");
    }

    private CommandFailure tooLong(String bytes) {
        return new CommandFailure(
                ExitCode.USAGE,
                "RECORD_TOO_LARGE",
                "record is larger than one append may be: input=" + name + " record=" + recordsRead + " bytes=" + bytes
                        + " maxBytes=" + maxRecordBytes,
                "is it a file of lines, or should --length-prefixed be given (or not)?");
    }
}
