package dev.tidemark.server.security;

import dev.tidemark.client.tls.TlsContext.Reload;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.UnavailableException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is let in: by a token of a file that may change, by a certificate, or everybody.
 *
 * <p><b>Threads.</b> Any. Refreshing reads a file, so it is no work for an event loop.
 *
 * <p><b>Ordering.</b> The tokens are one immutable object in one reference. Whoever refreshes looks at the open connections afterwards, and a connection looks at the tokens in its hello, after it
 * was added to the set of connections: so a token that is revoked lets nobody stay.
 */
public final class Access {
    private static final Logger LOG = LoggerFactory.getLogger(Access.class);

    /** What may let somebody in. */
    public record Settings(Optional<Path> tokens, boolean takesCertificates, boolean takesTokensInTheClear) {
        /** Whether anybody is asked who he is. */
        public boolean asks() {
            return tokens.isPresent() || takesCertificates;
        }
    }

    private final Settings settings;
    private final InstantSource clock;
    private final @Nullable TokenFile file;
    private volatile Tokens tokens = Tokens.none();
    private String text = "";
    private String lastWarning = "";

    private Access(Settings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        file = settings.tokens.map(TokenFile::new).orElse(null);
    }

    /**
     * Reads the file for the first time.
     *
     * @throws InvalidCallException {@code CONFIG_INVALID} when it cannot be used
     */
    public static Access load(Settings settings, InstantSource clock) {
        Access access = new Access(settings, clock);
        try {
            access.read();
            return access;
        } catch (IOException | AccessFileException e) {
            throw new InvalidCallException(ErrorCode.CONFIG_INVALID, access.cannotBeUsed(e), e);
        }
    }

    private String cannotBeUsed(Exception why) {
        return "tokens cannot be used: file="
                + settings.tokens.map(Path::toString).orElse("") + " ("
                + (why instanceof NoSuchFileException ? "no such file; 'wal token create' makes it" : why.getMessage())
                + ')';
    }

    /** Returns whether there was something new. */
    private boolean read() throws IOException, AccessFileException {
        TokenFile from = file;
        if (from == null) {
            return false;
        }
        String now = from.text();
        if (now.equals(text)) {
            return false;
        }
        tokens = Tokens.parse(now);
        text = now;
        return true;
    }

    /** Looks at the file again. What cannot be used changes nothing, and is told once. May block. */
    public synchronized Reload refresh() {
        try {
            boolean isNew = read();
            lastWarning = "";
            if (isNew) {
                LOG.info("tokens were read anew: tokens={}", tokens.all().size());
            }
            return isNew ? Reload.LOADED : Reload.UNCHANGED;
        } catch (IOException | AccessFileException e) {
            String said = cannotBeUsed(e);
            if (said.equals(lastWarning)) {
                return Reload.UNCHANGED;
            }
            lastWarning = said;
            LOG.warn("{}; those before go on", said);
            return Reload.REFUSED;
        }
    }

    /** Whether anybody is asked who he is. */
    public boolean asks() {
        return settings.asks();
    }

    /**
     * Who this is.
     *
     * @param token what was said in the hello, or empty
     * @throws UnavailableException {@code UNAUTHENTICATED} or {@code TLS_REQUIRED}: who may not come in
     */
    public Identity identify(String token, Peer peer) {
        if (!settings.asks()) {
            return Identity.ANONYMOUS;
        }
        if (!token.isEmpty() && settings.tokens.isPresent()) {
            if (!peer.isPrivate() && !settings.takesTokensInTheClear) {
                throw new UnavailableException(
                        ErrorCode.TLS_REQUIRED, "a token that came in the clear is not taken: it needs TLS");
            }
            return tokens.verify(token, clock.instant())
                    .map(entry -> new Identity("token:" + entry.name(), Optional.of(entry.id()), entry.expires()))
                    .orElseThrow(() -> new UnavailableException(
                            ErrorCode.UNAUTHENTICATED, "the token is not known, was revoked, or has expired"));
        }
        if (settings.takesCertificates && peer.certificate().isPresent()) {
            X509Certificate shown = peer.certificate().get();
            return new Identity(
                    "cert:" + shown.getSubjectX500Principal().getName(),
                    Optional.empty(),
                    Optional.of(shown.getNotAfter().toInstant()));
        }
        throw new UnavailableException(
                ErrorCode.UNAUTHENTICATED,
                settings.tokens.isEmpty()
                        ? "a certificate is needed"
                        : settings.takesCertificates ? "a token or a certificate is needed" : "a token is needed");
    }

    /** Whether who came in as this may stay. */
    public boolean isStillIn(Identity identity) {
        return identity.tokenId().map(id -> tokens.isValid(id, clock.instant())).orElse(true)
                && identity.expires().map(end -> clock.instant().isBefore(end)).orElse(true);
    }
}
