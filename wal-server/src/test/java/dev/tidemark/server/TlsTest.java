package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.security.TestAuthority;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS between client and server, with certificates of an authority that the test is itself. */
class TlsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private static Path certificates;

    private static TestAuthority authority;
    private static TestAuthority stranger;
    private static TlsFiles good;

    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestAuthority.in(certificates, "authority");
        stranger = TestAuthority.in(certificates, "stranger");
        good = authority.issue("server", "localhost", "127.0.0.1");
    }

    private void start(TlsFiles files) {
        start(TestServer.config().tls(files));
    }

    private void start(ServerConfig.Builder builder) {
        config = builder.build();
        server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build());
    }

    @AfterEach
    void nothingIsLeft() {
        if (server != null) {
            await().atMost(PATIENCE).until(() -> server.connections() == 0);
            assertThat(config.meters().get("wal.server.inflight.bytes").gauge().value())
                    .isZero();
            server.close();
        }
    }

    private static TlsFiles trusting(TestAuthority whom) {
        return TlsFiles.trusting(whom.trust());
    }

    private ClientConfig.Builder client(String host) {
        return ClientConfig.builder(host + ':' + server.port()).requestTimeout(PATIENCE);
    }

    private ErrorCode refusal(ClientConfig.Builder client) {
        return refused(client).code();
    }

    private static WalException refused(ClientConfig.Builder client) {
        WalException told = catchThrowableOfType(
                WalException.class, () -> WalClient.connect(client.build()).close());
        assertThat(told).isNotNull();
        return told;
    }

    private double closed(String reason) {
        return config.meters()
                .get("wal.server.connections.closed")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private double reloads(String result) {
        return config.meters()
                .get("wal.server.tls.reloads")
                .tag("result", result)
                .counter()
                .count();
    }

    // ---------------------------------------------------------------- it works

    @Test
    void whatIsAppendedOverTls_isReadOverTls_alsoWhatIsLarge() {
        start(good);
        Random random = new Random(7);
        byte[] small = "small".getBytes(StandardCharsets.UTF_8);
        byte[] large = new byte[700_000];
        random.nextBytes(large);
        for (String host : new String[] {"localhost", "127.0.0.1"}) {
            try (WalClient client =
                    WalClient.connect(client(host).tls(trusting(authority)).build())) {
                Partition orders = client.partition("orders", 0);
                long first = orders.append(small);
                orders.append(large);
                try (Cursor cursor = orders.read(From.offset(first))) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(small);
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(large);
                }
            }
        }
        // The kernel cannot encrypt for us.
        assertThat(config.meters()
                        .get("wal.server.frames.bytes")
                        .tag("way", "file")
                        .counter()
                        .count())
                .isZero();
        assertThat(config.meters()
                        .get("wal.server.tls.certificate.seconds")
                        .gauge()
                        .value())
                .isBetween(3_600.0, 86_400.0);
    }

    @Test
    void healthAndMetrics_areOverTlsToo() throws Exception {
        start(TestServer.config().tls(good).httpPort(0));
        int port = server.httpPort().orElseThrow();
        HttpClient trusting =
                HttpClient.newBuilder().sslContext(jdkContext("TLSv1.3")).build();
        assertThat(get(trusting, "https://localhost:" + port + "/health/live").statusCode())
                .isEqualTo(200);
        assertThat(get(trusting, "https://localhost:" + port + "/metrics").body())
                .contains("wal_server_tls_certificate_seconds");
        HttpResponse<String> plain = get(HttpClient.newHttpClient(), "http://localhost:" + port + "/health/live");
        assertThat(plain.statusCode()).isEqualTo(400);
        assertThat(plain.body()).contains("TLS_REQUIRED");
    }

    private static HttpResponse<String> get(HttpClient client, String uri) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(uri)).timeout(PATIENCE).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** What the JDK's own clients trust the authority with. */
    private static SSLContext jdkContext(String version) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority.trust())) {
            store.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance(version);
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    // ---------------------------------------------------------------- one side speaks none

    @Test
    void plainClientOnATlsPort_isToldThatItNeedsTls() throws IOException {
        start(good);
        assertThat(refusal(client("localhost"))).isEqualTo(ErrorCode.TLS_REQUIRED);
        try (RawClient raw = RawClient.connect(server.port())) {
            raw.sendBytes("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(raw.untilClosed()).extracting(RawClient::codeOf).containsExactly("TLS_REQUIRED");
        }
        // More than these: the client tries again until it is closed.
        await().atMost(PATIENCE).until(() -> closed("tls") >= 2);
    }

    @Test
    void tlsClientOnAPlainPort_isToldThatThereIsNone() {
        start(TestServer.config());
        assertThat(refusal(client("localhost").tls(trusting(authority)))).isEqualTo(ErrorCode.TLS_UNEXPECTED);
        await().atMost(PATIENCE).until(() -> closed("tls") >= 1);
    }

    @Test
    void tlsPort_saysNothingInTheClearBeforeTheClientHasSpoken() throws IOException {
        start(TestServer.config().tls(good).maxConnections(1));
        try (Socket first = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            await().atMost(PATIENCE).until(() -> server.connections() == 1);
            try (Socket second = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                second.setSoTimeout((int) PATIENCE.toMillis());
                // One too many: it is closed without the words that a plain port has for it.
                assertThat(second.getInputStream().read()).isEqualTo(-1);
                await().atMost(PATIENCE).until(() -> closed("limit") == 1);
            }
            assertThat(first.isConnected()).isTrue();
        }
    }

    // ---------------------------------------------------------------- certificates that do not do

    @Test
    void certificateOfAnAuthorityThatIsNotTrusted_isRefused() {
        start(good);
        WalException told = refused(client("localhost").tls(trusting(stranger)));
        assertThat(told.code()).isEqualTo(ErrorCode.TLS_FAILED);
        assertThat(told).hasMessageContaining("certification path");
        await().atMost(PATIENCE).until(() -> closed("tls") >= 1);
        // Nor does the JDK know the authority.
        assertThat(refusal(client("localhost").tls(TlsFiles.systemTrust()))).isEqualTo(ErrorCode.TLS_FAILED);
    }

    @Test
    void certificateThatSignedItself_isRefused() throws Exception {
        start(authority.selfSigned("server", "localhost"));
        assertThat(refusal(client("localhost").tls(trusting(authority)))).isEqualTo(ErrorCode.TLS_FAILED);
    }

    @Test
    void certificateThatHasExpired_isRefusedByTheClient() throws Exception {
        start(authority.issue("server", Instant.now().minusSeconds(60), "localhost"));
        WalException told = refused(client("localhost").tls(trusting(authority)));
        assertThat(told.code()).isEqualTo(ErrorCode.TLS_FAILED);
        assertThat(told).hasMessageContaining("NotAfter");
    }

    @Test
    void certificateForAnotherHost_isRefused() throws Exception {
        start(authority.issue("localhost", "elsewhere.example"));
        WalException told = refused(client("localhost").tls(trusting(authority)));
        assertThat(told.code()).isEqualTo(ErrorCode.TLS_FAILED);
        assertThat(told).hasMessageContaining("localhost");
        assertThat(refusal(client("127.0.0.1").tls(trusting(authority)))).isEqualTo(ErrorCode.TLS_FAILED);
    }

    @Test
    void olderVersionOfTls_isRefused() throws Exception {
        start(good);
        try (SSLSocket socket =
                (SSLSocket) jdkContext("TLSv1.2").getSocketFactory().createSocket("localhost", server.port())) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThat(catchThrowableOfType(SSLHandshakeException.class, socket::startHandshake))
                    .isNotNull();
        }
        await().atMost(PATIENCE).until(() -> closed("tls") >= 1);
    }

    // ---------------------------------------------------------------- the client's certificate

    @Test
    void clientWithoutACertificateThatIsTrusted_isRefusedWhereOneIsAskedFor() throws Exception {
        start(good.alsoTrusting(authority.trust()));
        TlsFiles none = trusting(authority);
        assertThat(refusal(client("localhost").tls(none))).isEqualTo(ErrorCode.UNAUTHENTICATED);
        // A client does not show what the server says it does not trust.
        TlsFiles strange = stranger.issue("intruder").alsoTrusting(authority.trust());
        assertThat(refusal(client("localhost").tls(strange))).isEqualTo(ErrorCode.UNAUTHENTICATED);
        TestAuthority namesake = TestAuthority.in(directory, "authority");
        TlsFiles forged = namesake.issue("shop").alsoTrusting(authority.trust());
        assertThat(refusal(client("localhost").tls(forged))).isEqualTo(ErrorCode.TLS_FAILED);
        TlsFiles expired =
                authority.issue("shop", Instant.now().minusSeconds(60)).alsoTrusting(authority.trust());
        assertThat(refusal(client("localhost").tls(expired))).isEqualTo(ErrorCode.TLS_FAILED);
        TlsFiles own = authority.issue("shop").alsoTrusting(authority.trust());
        try (WalClient client = WalClient.connect(client("localhost").tls(own).build())) {
            assertThat(client.partition("orders", 0).append(new byte[] {1})).isZero();
        }
    }

    // ---------------------------------------------------------------- files that change

    @Test
    void newCertificate_isForNewConnections_andOpenOnesGoOn() throws Exception {
        TlsFiles files = copyOf(good);
        start(TestServer.config().tls(files).reloadInterval(Duration.ofHours(1)));
        try (WalClient before =
                WalClient.connect(client("localhost").tls(trusting(authority)).build())) {
            Partition orders = before.partition("orders", 0);
            replace(files, stranger.issue("server", "localhost"));
            server.reload();
            assertThat(reloads("loaded")).isEqualTo(1);
            assertThat(orders.append(new byte[] {1})).isZero();
            assertThat(refusal(client("localhost").tls(trusting(authority)))).isEqualTo(ErrorCode.TLS_FAILED);
            try (WalClient after = WalClient.connect(
                    client("localhost").tls(trusting(stranger)).build())) {
                assertThat(after.partition("orders", 0).append(new byte[] {2})).isEqualTo(1);
            }
            server.reload();
            assertThat(reloads("loaded")).isEqualTo(1);
        }
    }

    @Test
    void filesThatCannotBeUsed_leaveTheOldOnesInPlace() throws Exception {
        TlsFiles files = copyOf(good);
        start(TestServer.config().tls(files).reloadInterval(Duration.ofHours(1)));
        TlsFiles next = authority.issue("server", "localhost");
        Path certificate = files.certificates().orElseThrow();
        // Half of a pair, a file that was cut, one that is gone.
        Files.copy(next.certificates().orElseThrow(), certificate, StandardCopyOption.REPLACE_EXISTING);
        server.reload();
        assertThat(reloads("refused")).isEqualTo(1);
        server.reload();
        assertThat(reloads("refused")).isEqualTo(1);
        Files.writeString(certificate, "-----BEGIN CERTIFICATE-----\nMIIB");
        server.reload();
        Files.delete(certificate);
        server.reload();
        assertThat(reloads("refused")).isEqualTo(3);
        connectsWith(trusting(authority));
        replace(files, next);
        server.reload();
        assertThat(reloads("loaded")).isEqualTo(1);
        connectsWith(trusting(authority));
    }

    @Test
    void changedFiles_areNoticedWithoutBeingAskedFor() throws Exception {
        TlsFiles files = copyOf(good);
        start(TestServer.config().tls(files).reloadInterval(Duration.ofMillis(20)));
        replace(files, stranger.issue("server", "localhost"));
        await().atMost(PATIENCE).until(() -> reloads("loaded") >= 1);
        connectsWith(trusting(stranger));
    }

    @Test
    void filesOfAClient_areReadAgainBeforeEachConnection() throws Exception {
        TlsFiles trust = TlsFiles.trusting(
                Files.copy(authority.trust(), directory.resolve("trust.pem"), StandardCopyOption.REPLACE_EXISTING));
        TlsContext context = TlsContext.load(trust, TlsContext.Side.CLIENT);
        assertThat(context.refresh()).isEqualTo(TlsContext.Reload.UNCHANGED);
        Files.copy(stranger.trust(), trust.trust().orElseThrow(), StandardCopyOption.REPLACE_EXISTING);
        assertThat(context.refresh()).isEqualTo(TlsContext.Reload.LOADED);

        TlsFiles files = copyOf(good);
        start(TestServer.config().tls(files).reloadInterval(Duration.ofHours(1)));
        Files.copy(authority.trust(), trust.trust().orElseThrow(), StandardCopyOption.REPLACE_EXISTING);
        try (WalClient client = WalClient.connect(client("localhost").tls(trust).build())) {
            Partition orders = client.partition("orders", 0);
            assertThat(orders.append(new byte[] {1})).isZero();
            int port = server.port();
            server.close();
            Files.copy(stranger.trust(), trust.trust().orElseThrow(), StandardCopyOption.REPLACE_EXISTING);
            start(TestServer.config().port(port).tls(stranger.issue("server", "localhost")));
            assertThat(orders.append(new byte[] {2})).isEqualTo(1);
        }
    }

    private TlsFiles copyOf(TlsFiles files) throws IOException {
        TlsFiles copy = TlsFiles.identifiedBy(directory.resolve("certificate.pem"), directory.resolve("key.pem"));
        replace(copy, files);
        return copy;
    }

    private static void replace(TlsFiles place, TlsFiles with) throws IOException {
        Files.copy(with.key().orElseThrow(), place.key().orElseThrow(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(
                with.certificates().orElseThrow(),
                place.certificates().orElseThrow(),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void connectsWith(TlsFiles files) {
        try (WalClient client = WalClient.connect(client("localhost").tls(files).build())) {
            assertThat(client.partitions()).isEmpty();
        }
    }

    @Test
    void filesThatCannotBeUsedAtTheStart_areAllThatIsWrong_andNoSecretIsSaid() throws IOException {
        Path key = Files.writeString(
                directory.resolve("bad.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
        TlsFiles files = TlsFiles.identifiedBy(good.certificates().orElseThrow(), key);
        WalException told =
                catchThrowableOfType(WalException.class, () -> TlsContext.load(files, TlsContext.Side.SERVER));
        assertThat(told.code()).isEqualTo(ErrorCode.CONFIG_INVALID);
        assertThat(told)
                .hasMessageContaining("bad.pem")
                .message()
                .doesNotContain("c2VjcmV0")
                .doesNotContain("secret");
        WalException half = catchThrowableOfType(
                WalException.class,
                () -> TestServer.config().tls(trusting(authority)).port(-1).build());
        assertThat(half).hasMessageContaining("a server has a certificate").hasMessageContaining("port=-1");
    }

    // ---------------------------------------------------------------- who does not mean well

    @Test
    void handshakeThatDoesNotGoOn_isEnded() throws IOException {
        start(TestServer.config().tls(good).helloTimeout(Duration.ofMillis(200)));
        byte[][] beginnings = {{}, {22}, {22, 3, 1, 2, 0, 1, 0, 1}};
        for (byte[] beginning : beginnings) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setSoTimeout((int) PATIENCE.toMillis());
                socket.getOutputStream().write(beginning);
                socket.getInputStream().readAllBytes();
            } catch (java.net.SocketException e) {
                assertThat(e).message().containsAnyOf("reset", "pipe");
            }
        }
        await().atMost(PATIENCE).until(() -> server.connections() == 0);
    }

    @Test
    void garbageInTls_endsItsOwnConnectionAndNoOther() throws IOException {
        start(good);
        long seed = System.nanoTime();
        System.out.println("garbage in TLS: seed=" + seed);
        Random random = new Random(seed);
        try (WalClient client =
                WalClient.connect(client("localhost").tls(trusting(authority)).build())) {
            Partition orders = client.partition("orders", 0);
            for (int i = 0; i < 100; i++) {
                byte[] garbage = new byte[5 + random.nextInt(3_000)];
                random.nextBytes(garbage);
                garbage[0] = 22;
                garbage[1] = 3;
                garbage[2] = (byte) (1 + random.nextInt(4));
                try (RawClient raw = RawClient.connect(server.port())) {
                    raw.sendBytes(garbage);
                }
            }
            assertThat(orders.append(new byte[] {1})).isZero();
            await().atMost(PATIENCE).until(() -> server.connections() == 1);
        }
    }
}
