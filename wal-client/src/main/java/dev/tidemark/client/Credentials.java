package dev.tidemark.client;

import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a client shows and trusts: TLS, and a token; both from files that are looked at again before each connection.
 *
 * <p><b>Threads.</b> Any; loading and refreshing read files, so they are no work for the I/O thread.
 *
 * <p><b>Ordering.</b> The token is one immutable text in one reference.
 */
final class Credentials {
    private static final Logger LOG = LoggerFactory.getLogger(Credentials.class);
    private static final int MAX_TOKEN_BYTES = 4 << 10;

    private final Optional<TlsContext> tls;
    private final Optional<Path> tokenFile;
    private volatile String token = "";

    private Credentials(ClientConfig config) throws IOException {
        tokenFile = config.tokenFile();
        if (tokenFile.isPresent()) {
            token = read(tokenFile.get());
        }
        tls = config.tls().map(files -> TlsContext.load(files, TlsContext.Side.CLIENT));
    }

    /**
     * Reads the files for the first time.
     *
     * @throws InvalidCallException {@code CONFIG_INVALID} where they cannot be used
     */
    static Credentials load(ClientConfig config) {
        try {
            return new Credentials(config);
        } catch (IOException e) {
            throw new InvalidCallException(
                    ErrorCode.CONFIG_INVALID,
                    "token cannot be read: file=" + config.tokenFile().orElseThrow() + " (" + e + ')',
                    e);
        }
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MAX_TOKEN_BYTES + 1);
            String found = new String(content, StandardCharsets.ISO_8859_1).strip();
            if (content.length > MAX_TOKEN_BYTES
                    || found.isEmpty()
                    || found.chars().anyMatch(c -> c <= ' ' || c > '~')) {
                throw new IOException("not one line with a token");
            }
            return found;
        }
    }

    /** Whether there is anything to look at again. */
    boolean hasFiles() {
        return tls.isPresent() || tokenFile.isPresent();
    }

    /** Looks at the files again; what cannot be used changes nothing. */
    void refresh() {
        tls.ifPresent(TlsContext::refresh);
        if (tokenFile.isPresent()) {
            try {
                token = read(tokenFile.get());
            } catch (IOException e) {
                LOG.warn("token cannot be read, the one before goes on: file={} ({})", tokenFile.get(), e.toString());
            }
        }
    }

    Optional<TlsContext> tls() {
        return tls;
    }

    /** Empty where there is none. */
    String token() {
        return token;
    }
}
