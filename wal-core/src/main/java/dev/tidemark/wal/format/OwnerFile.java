package dev.tidemark.wal.format;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * The file {@code OWNER}: who has the directory open for writing, as text for people. Nothing is ever decided by it; {@code LOCK} does that. So it
 * has no checksum, and bytes that make no sense are simply nobody.
 *
 * @param pid process id
 * @param host name of the machine
 * @param startedAtMillis when the directory was opened
 */
public record OwnerFile(long pid, String host, long startedAtMillis) {

    /** More than that is never read. */
    public static final int MAX_BYTES = 1024;

    private static final int MAX_HOST_LENGTH = 255;

    /** A host name longer than 255 characters is shortened; characters that are not plain become question marks. */
    public OwnerFile {
        StringBuilder plain = new StringBuilder();
        host.chars().limit(MAX_HOST_LENGTH).forEach(c -> plain.append(c > ' ' && c < 0x7f ? (char) c : '?'));
        host = plain.toString();
    }

    /** The whole file: three lines. */
    public byte[] encode() {
        String text = String.format(
                Locale.ROOT, "pid=%d\nhost=%s\nstarted=%s\n", pid, host, Instant.ofEpochMilli(startedAtMillis));
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads the whole file; nothing when it is not of this form. */
    public static Optional<OwnerFile> decode(byte[] file) {
        if (file.length > MAX_BYTES) {
            return Optional.empty();
        }
        String[] lines = new String(file, StandardCharsets.US_ASCII).split("\n", -1);
        if (lines.length != 4
                || !lines[0].startsWith("pid=")
                || !lines[1].startsWith("host=")
                || !lines[2].startsWith("started=")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new OwnerFile(
                    Long.parseLong(lines[0].substring("pid=".length())),
                    lines[1].substring("host=".length()),
                    Instant.parse(lines[2].substring("started=".length())).toEpochMilli()));
        } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
            return Optional.empty();
        }
    }
}
