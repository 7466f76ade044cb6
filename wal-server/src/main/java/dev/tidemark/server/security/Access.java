package dev.tidemark.server.security;

import dev.tidemark.client.tls.TlsContext.Reload;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.UnavailableException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Who is let in, by a token, by a certificate, or everybody; and what he may do then. Both stand in files that may change.
 *
 * <p><b>Threads.</b> Any. Refreshing reads files, so it is no work for an event loop.
 *
 * <p><b>Ordering.</b> What each file says is one immutable object in one reference. Whoever refreshes looks at the open connections afterwards, and a connection looks here in its hello, after it
 * was added to the set of connections: so a token that is revoked lets nobody stay.
 */
public final class Access {
    /** What may let somebody in, and what says what he may do. */
    public record Settings(
            Optional<Path> tokens,
            Optional<Path> permissions,
            boolean takesCertificates,
            boolean takesTokensInTheClear) {
        /** Whether anybody is asked who he is. */
        public boolean asks() {
            return tokens.isPresent() || takesCertificates;
        }
    }

    private final Settings settings;
    private final InstantSource clock;
    private final Optional<WatchedFile<Tokens>> tokens;
    private final Optional<WatchedFile<Permissions>> permissions;

    private Access(Settings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        tokens = settings.tokens.map(file -> WatchedFile.read("tokens", file, Tokens::parse));
        permissions = settings.permissions.map(file -> WatchedFile.read("permissions", file, Permissions::parse));
    }

    /**
     * Reads the files for the first time.
     *
     * @throws InvalidCallException {@code CONFIG_INVALID} when one cannot be used
     */
    public static Access load(Settings settings, InstantSource clock) {
        return new Access(settings, clock);
    }

    /** Looks at the files again. What cannot be used changes nothing, and is told once. May block. */
    public synchronized Reload refresh() {
        Reload ofTokens = tokens.map(WatchedFile::refresh).orElse(Reload.UNCHANGED);
        Reload ofPermissions = permissions.map(WatchedFile::refresh).orElse(Reload.UNCHANGED);
        if (ofTokens == Reload.REFUSED || ofPermissions == Reload.REFUSED) {
            return Reload.REFUSED;
        }
        return ofTokens == Reload.LOADED ? ofTokens : ofPermissions;
    }

    /** Whether anybody is asked who he is. */
    public boolean asks() {
        return settings.asks();
    }

    /** Whether who may come in, and what he may do, can change while the server runs. */
    public boolean isFromFiles() {
        return settings.asks() || permissions.isPresent();
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
        if (!token.isEmpty() && tokens.isPresent()) {
            if (!peer.isPrivate() && !settings.takesTokensInTheClear) {
                throw new UnavailableException(
                        ErrorCode.TLS_REQUIRED, "a token that came in the clear is not taken: it needs TLS");
            }
            return tokens.get()
                    .now()
                    .verify(token, clock.instant())
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

    /** What who came in as this may do now. */
    public Rights rightsOf(Identity identity) {
        return permissions.map(file -> file.now().of(identity)).orElse(Rights.ALL);
    }

    /** Whether who came in as this may stay. */
    public boolean isStillIn(Identity identity) {
        boolean isTokenValid = tokens.isEmpty()
                || identity.tokenId()
                        .map(id -> tokens.get().now().isValid(id, clock.instant()))
                        .orElse(true);
        return isTokenValid
                && identity.expires().map(end -> clock.instant().isBefore(end)).orElse(true);
    }
}
