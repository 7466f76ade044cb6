package dev.tidemark.client.tls;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What new connections of one end speak TLS with, made of files that may change while it is in use. Always TLS 1.3, by the JDK's engine. The client's end verifies the name of the server, or
 * its address, like a browser.
 *
 * <p><b>Threads.</b> Any. Loading reads files, so it is no work for an event loop; making a handler is.
 *
 * <p><b>Ordering.</b> What was loaded is one immutable object in one reference: a connection gets all of the old or all of the new.
 */
public final class TlsContext {
    private static final Logger LOG = LoggerFactory.getLogger(TlsContext.class);
    private static final int MAX_FILE_BYTES = 1 << 20;
    private static final String VERSION = "TLSv1.3";

    /** Which end. */
    public enum Side {
        CLIENT,
        SERVER
    }

    /** What another look at the files has brought. */
    public enum Reload {
        /** They are as they were. */
        UNCHANGED,
        /** New ones are in use. */
        LOADED,
        /** They have changed and cannot be used: the old ones go on. */
        REFUSED
    }

    private final TlsFiles files;
    private final Side side;
    private volatile Loaded loaded;
    private Contents lastRefused = new Contents(Optional.empty(), Optional.empty(), Optional.empty());
    private String lastWarning = "";

    /** The bytes of the files, as far as there are some. */
    private record Contents(Optional<ByteBuffer> certificates, Optional<ByteBuffer> key, Optional<ByteBuffer> trust) {}

    private record Loaded(Contents from, SslContext context, Optional<Instant> notAfter) {}

    private TlsContext(TlsFiles files, Side side) throws IOException, GeneralSecurityException {
        this.files = files;
        this.side = side;
        loaded = load(read());
        warnOfExpiry();
    }

    /**
     * Loads the files for the first time.
     *
     * @throws InvalidCallException {@code CONFIG_INVALID} where they cannot be used
     */
    public static TlsContext load(TlsFiles files, Side side) {
        List<String> problems = files.problems(side);
        if (!problems.isEmpty()) {
            throw new InvalidCallException(ErrorCode.CONFIG_INVALID, String.join("; ", problems));
        }
        try {
            return new TlsContext(files, side);
        } catch (IOException | GeneralSecurityException e) {
            throw new InvalidCallException(ErrorCode.CONFIG_INVALID, "TLS files cannot be used: " + said(e), e);
        }
    }

    private static String said(Exception why) {
        return why instanceof NoSuchFileException ? "no such file: file=" + why.getMessage() : why.getMessage() + "";
    }

    // ---------------------------------------------------------------- loading

    /** Looks at the files again. May block. */
    public synchronized Reload refresh() {
        Contents now;
        try {
            now = read();
            if (now.equals(loaded.from) || now.equals(lastRefused)) {
                return Reload.UNCHANGED;
            }
        } catch (IOException e) {
            return refused(e);
        }
        try {
            loaded = load(now);
        } catch (IOException | GeneralSecurityException e) {
            lastRefused = now;
            return refused(e);
        }
        lastWarning = "";
        LOG.info(
                "TLS files were loaded anew: notAfter={}",
                notAfter().map(Instant::toString).orElse("none"));
        warnOfExpiry();
        return Reload.LOADED;
    }

    /** Once for each reason, and not with each look. */
    private Reload refused(Exception why) {
        String said = said(why);
        if (said.equals(lastWarning)) {
            return Reload.UNCHANGED;
        }
        lastWarning = said;
        LOG.warn("TLS files have changed and cannot be used, those before go on ({})", said);
        return Reload.REFUSED;
    }

    private void warnOfExpiry() {
        notAfter()
                .filter(end -> end.isBefore(Instant.now()))
                .ifPresent(end ->
                        LOG.warn("the certificate has expired, and the other end will refuse it: notAfter={}", end));
    }

    private Contents read() throws IOException {
        return new Contents(read(files.certificates()), read(files.key()), read(files.trust()));
    }

    private static Optional<ByteBuffer> read(Optional<Path> file) throws IOException {
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file.get())) {
            byte[] content = in.readNBytes(MAX_FILE_BYTES + 1);
            if (content.length > MAX_FILE_BYTES) {
                throw new IOException("larger than any PEM file: file=" + file.get() + " limit=" + MAX_FILE_BYTES);
            }
            return Optional.of(ByteBuffer.wrap(content));
        }
    }

    private Loaded load(Contents contents) throws IOException, GeneralSecurityException {
        List<X509Certificate> own = List.of();
        PrivateKey key = null;
        if (contents.certificates.isPresent() && contents.key.isPresent()) {
            own = Pem.certificates(
                    files.certificates().orElseThrow(),
                    contents.certificates.get().array());
            key = Pem.key(files.key().orElseThrow(), contents.key.get().array(), own.get(0));
        }
        SslContextBuilder builder;
        if (side == Side.SERVER) {
            if (key == null) {
                throw new InvalidKeyException("a server has a key");
            }
            builder = SslContextBuilder.forServer(key, own)
                    .clientAuth(contents.trust.isPresent() ? ClientAuth.OPTIONAL : ClientAuth.NONE);
        } else {
            builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm("HTTPS");
            if (key != null) {
                builder.keyManager(key, own);
            }
        }
        if (contents.trust.isPresent()) {
            builder.trustManager(Pem.certificates(
                    files.trust().orElseThrow(), contents.trust.get().array()));
        }
        SslContext context =
                builder.sslProvider(SslProvider.JDK).protocols(VERSION).build();
        return new Loaded(
                contents,
                context,
                own.isEmpty()
                        ? Optional.empty()
                        : Optional.of(own.get(0).getNotAfter().toInstant()));
    }

    // ---------------------------------------------------------------- in use

    /** Until when the certificate of this end is valid, if it has one. */
    public Optional<Instant> notAfter() {
        return loaded.notAfter;
    }

    /** For a connection that a server has accepted. */
    public SslHandler serverHandler(ByteBufAllocator allocator, Duration handshakeTimeout) {
        return bounded(loaded.context.newHandler(allocator), handshakeTimeout);
    }

    /** For a connection to this server, whose certificate has to be for this name or address. */
    public SslHandler clientHandler(ByteBufAllocator allocator, String host, int port, Duration handshakeTimeout) {
        return bounded(loaded.context.newHandler(allocator, host, port), handshakeTimeout);
    }

    private static SslHandler bounded(SslHandler handler, Duration handshakeTimeout) {
        handler.setHandshakeTimeoutMillis(Math.max(1, handshakeTimeout.toMillis()));
        return handler;
    }
}
