package dev.tidemark.server.security;

import dev.tidemark.client.tls.TlsContext.Reload;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A text file that is looked at again and again, and what it says; where it says nonsense, what it said before.
 *
 * <p><b>Threads.</b> One at a time looks at the file; any may ask what it says.
 *
 * <p><b>Ordering.</b> One immutable object in one reference.
 */
final class WatchedFile<T> {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);
    private static final int MAX_BYTES = 4 << 20;

    private final String what;
    private final Path file;
    private final Format<T> format;
    private String text;
    private String lastWarning = "";
    private volatile T now;

    /** Makes of a text what it says. */
    interface Format<T> {
        T parse(String text) throws AccessFileException;
    }

    private WatchedFile(String what, Path file, Format<T> format) throws IOException, AccessFileException {
        this.what = what;
        this.file = file;
        this.format = format;
        text = textOf(file);
        now = format.parse(text);
    }

    /**
     * For the first time.
     *
     * @throws InvalidCallException {@code CONFIG_INVALID} when it cannot be used
     */
    static <T> WatchedFile<T> read(String what, Path file, Format<T> format) {
        try {
            return new WatchedFile<>(what, file, format);
        } catch (IOException | AccessFileException e) {
            throw new InvalidCallException(ErrorCode.CONFIG_INVALID, what + " cannot be used: " + reason(file, e), e);
        }
    }

    private static String reason(Path file, Exception why) {
        return "file=" + file + " (" + words(why) + ')';
    }

    /** Of some, the message is the path and nothing more. */
    private static @Nullable String words(Exception why) {
        return why instanceof NoSuchFileException
                ? "no such file"
                : why instanceof AccessDeniedException ? "this process may not read it" : why.getMessage();
    }

    /** The whole text of a file that is no larger than such a file can be. */
    static String textOf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MAX_BYTES + 1);
            if (content.length > MAX_BYTES) {
                throw new IOException("file is too large: file=" + file + " limit=" + MAX_BYTES);
            }
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    /** What it says. */
    T now() {
        return now;
    }

    /** Looks again. What cannot be used changes nothing, and is told once. */
    Reload refresh() {
        try {
            String newText = textOf(file);
            if (newText.equals(text)) {
                lastWarning = "";
                return Reload.UNCHANGED;
            }
            now = format.parse(newText);
            text = newText;
            lastWarning = "";
            LOG.info("{} were read anew: file={}", what, file);
            return Reload.LOADED;
        } catch (IOException | AccessFileException e) {
            String said = reason(file, e);
            if (said.equals(lastWarning)) {
                return Reload.UNCHANGED;
            }
            lastWarning = said;
            LOG.warn("{} cannot be used, those before go on: {}", what, said);
            return Reload.REFUSED;
        }
    }
}
