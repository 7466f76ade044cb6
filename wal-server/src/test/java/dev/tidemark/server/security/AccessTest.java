package dev.tidemark.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.tls.TlsContext.Reload;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTest {
    private static final Peer PRIVATE = new Peer(true, Optional.empty());
    private static final Peer OPEN = new Peer(false, Optional.empty());

    @TempDir
    private Path directory;

    private Path file;
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");
    private Tokens.Created shop;

    @BeforeEach
    void makeTokens() throws IOException, AccessFileException {
        file = directory.resolve("tokens");
        shop = Tokens.create("shop", now, Optional.of(now.plusSeconds(60)), new SecureRandom());
        var unused = new TokenFile(file).change(tokens -> tokens.with(shop.entry()));
    }

    private Access access(boolean takesCertificates, boolean takesTokensInTheClear) {
        return Access.load(
                new Access.Settings(Optional.of(file), Optional.empty(), takesCertificates, takesTokensInTheClear),
                () -> now);
    }

    private static void isRefused(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, told -> assertThat(told.code()).isEqualTo(code));
    }

    @Test
    void whereNobodyIsAsked_everybodyIsAnonymous() {
        Access open = Access.load(new Access.Settings(Optional.empty(), Optional.empty(), false, false), () -> now);
        assertThat(open.asks()).isFalse();
        assertThat(open.identify("whatever", OPEN)).isEqualTo(Identity.ANONYMOUS);
        assertThat(open.isStillIn(Identity.ANONYMOUS)).isTrue();
    }

    @Test
    void token_isTakenWhereNobodyElseCanReadIt() {
        Access access = access(false, false);
        assertThat(access.identify(shop.token(), PRIVATE).name()).isEqualTo("token:shop");
        isRefused(ErrorCode.TLS_REQUIRED, () -> access.identify(shop.token(), OPEN));
        isRefused(ErrorCode.UNAUTHENTICATED, () -> access.identify("", PRIVATE));
        isRefused(ErrorCode.UNAUTHENTICATED, () -> access.identify("tdm_what", PRIVATE));
        assertThat(access(false, true).identify(shop.token(), OPEN).name()).isEqualTo("token:shop");
    }

    @Test
    void tokenOrCertificate_ends_andSoDoesTheStay() throws Exception {
        Access access = access(true, false);
        X509Certificate certificate = certificate(now.plusSeconds(60));
        Identity byToken = access.identify(shop.token(), PRIVATE);
        Identity byCertificate = access.identify("", new Peer(true, Optional.of(certificate)));
        assertThat(byCertificate.name()).isEqualTo("cert:CN=shop");
        now = now.plusSeconds(59);
        assertThat(access.isStillIn(byToken)).isTrue();
        assertThat(access.isStillIn(byCertificate)).isTrue();
        now = now.plusSeconds(2);
        assertThat(access.isStillIn(byToken)).isFalse();
        assertThat(access.isStillIn(byCertificate)).isFalse();
        // Who shows a token that is bad is not let in by a certificate.
        isRefused(
                ErrorCode.UNAUTHENTICATED,
                () -> access.identify(shop.token(), new Peer(true, Optional.of(certificate))));
    }

    @Test
    void certificate_isNothingWhereNoneIsAskedFor() throws Exception {
        X509Certificate certificate = certificate(now.plusSeconds(60));
        isRefused(
                ErrorCode.UNAUTHENTICATED,
                () -> access(false, false).identify("", new Peer(true, Optional.of(certificate))));
    }

    private X509Certificate certificate(Instant end) throws Exception {
        Path written = TestAuthority.in(directory, "authority")
                .issue("shop", end)
                .certificates()
                .orElseThrow();
        try (InputStream in = Files.newInputStream(written)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    @Test
    void fileThatChanges_isTaken_andOneThatIsNoneIsNot() throws Exception {
        Access access = access(false, false);
        Identity in = access.identify(shop.token(), PRIVATE);
        assertThat(access.refresh()).isEqualTo(Reload.UNCHANGED);
        Files.writeString(file, Files.readString(file) + "nonsense\n");
        assertThat(access.refresh()).isEqualTo(Reload.REFUSED);
        assertThat(access.refresh()).isEqualTo(Reload.UNCHANGED);
        assertThat(access.isStillIn(in)).isTrue();
        Files.delete(file);
        assertThat(access.refresh()).isEqualTo(Reload.REFUSED);
        assertThat(access.isStillIn(in)).isTrue();
        Tokens.Created other = Tokens.create("shop", now, Optional.empty(), new SecureRandom());
        var unused = new TokenFile(file).change(tokens -> tokens.with(other.entry()));
        assertThat(access.refresh()).isEqualTo(Reload.LOADED);
        // It is the token that lets in, not its name.
        assertThat(access.isStillIn(in)).isFalse();
        now = now.plus(Duration.ofDays(10_000));
        assertThat(access.identify(other.token(), PRIVATE).name()).isEqualTo("token:shop");
    }
}
