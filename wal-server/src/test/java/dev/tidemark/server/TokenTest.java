package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.security.TestAuthority;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens, from the file to the open connection. */
class TokenTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    private TokenFile file;
    private Tokens.Created shop;
    private WalServer server;
    private ServerConfig config;

    @BeforeEach
    void makeTokens() throws Exception {
        file = new TokenFile(directory.resolve("tokens"));
        shop = add("shop", Optional.empty());
    }

    private Tokens.Created add(String name, Optional<Instant> expires) throws Exception {
        Tokens.Created created = Tokens.create(name, Instant.now(), expires, new SecureRandom());
        var unused = file.change(tokens -> tokens.with(created.entry()));
        return created;
    }

    private ServerConfig.Builder asking() {
        return TestServer.config().tokens(directory.resolve("tokens")).reloadInterval(Duration.ofHours(1));
    }

    private void start(ServerConfig.Builder builder) {
        config = builder.build();
        server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build());
    }

    @AfterEach
    void stop() {
        await().atMost(PATIENCE).until(() -> server.connections() == 0);
        server.close();
    }

    private Path written(String token) throws IOException {
        return Files.writeString(directory.resolve("token"), token + '\n');
    }

    private ClientConfig.Builder client(String host) {
        return ClientConfig.builder(host + ':' + server.port()).requestTimeout(PATIENCE);
    }

    private static ErrorCode refusal(ClientConfig.Builder client) {
        WalException told = catchThrowableOfType(
                WalException.class, () -> WalClient.connect(client.build()).close());
        assertThat(told).isNotNull();
        return told.code();
    }

    private double closedAsUnauthenticated() {
        return config.meters()
                .get("wal.server.connections.closed")
                .tag("reason", "unauthenticated")
                .counter()
                .count();
    }

    // ---------------------------------------------------------------- coming in

    @Test
    void tokenLetsIn_andNothingElseDoes() throws Exception {
        Tokens.Created over = add("over", Optional.of(Instant.now().minusSeconds(1)));
        start(asking());
        try (WalClient client = WalClient.connect(
                client("localhost").tokenFile(written(shop.token())).build())) {
            assertThat(client.partition("orders", 0).append(new byte[] {1})).isZero();
        }
        String changed = shop.token().substring(0, 40) + "xxxx" + shop.token().substring(44);
        for (String bad : List.of("", "x", changed, over.token(), "tdm_" + "0".repeat(16) + '_' + "A".repeat(43))) {
            try (RawClient raw = RawClient.connect(server.port())) {
                raw.send(new Request.Hello(1, 1, 1, Protocol.AUTHENTICATION, Protocol.MAX_LENGTH, "raw", bad));
                assertThat(raw.untilClosed()).extracting(RawClient::codeOf).containsExactly("UNAUTHENTICATED");
            }
        }
        assertThat(refusal(client("localhost"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
        await().atMost(PATIENCE).until(() -> closedAsUnauthenticated() >= 6);
    }

    @Test
    void whoHasNotSaidWhoHeIs_isServedNothing_inWhateverOrderHeAsks() throws IOException {
        start(asking());
        for (boolean isHelloFirst : new boolean[] {false, true}) {
            for (int kind = 0; kind < 6; kind++) {
                try (RawClient raw = RawClient.connect(server.port())) {
                    Request.Hello hello =
                            new Request.Hello(1, 1, 1, Protocol.AUTHENTICATION, Protocol.MAX_LENGTH, "raw", "wrong");
                    Request request = List.of(
                                    raw.value(ORDERS, new byte[] {1}, Durability.SYNCED),
                                    new Request.Create(7, ORDERS),
                                    new Request.ListPartitions(7, Optional.empty(), 9),
                                    raw.fetch(ORDERS, 0, 100, 0),
                                    new Request.Subscribe(7, ORDERS, 0, 100, 100, Durability.SYNCED),
                                    new Request.Ping(7))
                            .get(kind);
                    ByteArrayOutputStream said = new ByteArrayOutputStream();
                    said.writeBytes(RawClient.bytes(isHelloFirst ? hello : request));
                    said.writeBytes(RawClient.bytes(isHelloFirst ? request : hello));
                    raw.sendBytes(said.toByteArray());
                    assertThat(raw.untilClosed())
                            .extracting(RawClient::codeOf)
                            .containsExactly(isHelloFirst ? "UNAUTHENTICATED" : "PROTOCOL_VIOLATED");
                }
            }
        }
        try (RawClient good = RawClient.connect(server.port())) {
            assertThat(good.hello(shop.token())).isInstanceOf(Answer.Welcome.class);
            Answer.Listed listed = (Answer.Listed) good.call(new Request.ListPartitions(9, Optional.empty(), 9));
            assertThat(listed.partitions()).isEmpty();
        }
    }

    @Test
    void serverThatAsksNobody_ignoresATokenAndDoesNotSayOtherwise() throws IOException {
        start(TestServer.config());
        assertThat(capabilities()).isZero();
        server.close();
        start(asking());
        assertThat(capabilities()).isEqualTo(Protocol.AUTHENTICATION);
    }

    private long capabilities() throws IOException {
        try (RawClient raw = RawClient.connect(server.port())) {
            return ((Answer.Welcome) raw.hello(shop.token())).capabilities();
        }
    }

    @Test
    void tokenOrCertificate_whereBothAreTaken() throws Exception {
        TestAuthority authority = TestAuthority.in(directory, "authority");
        start(asking().tls(authority.issue("server", "localhost").alsoTrusting(authority.trust())));
        TlsFiles trusting = TlsFiles.trusting(authority.trust());
        assertThat(refusal(client("localhost").tls(trusting))).isEqualTo(ErrorCode.UNAUTHENTICATED);
        for (ClientConfig.Builder good : List.of(
                client("localhost").tls(trusting).tokenFile(written(shop.token())),
                client("localhost").tls(authority.issue("shop").alsoTrusting(authority.trust())))) {
            try (WalClient client = WalClient.connect(good.build())) {
                assertThat(client.partitions()).isEmpty();
            }
        }
    }

    @Test
    void tokenInTheClear_isNeitherSentNorTakenOnTheNetwork_unlessBothWereToldSo() throws Exception {
        Optional<InetAddress> own = addressOnTheNetwork();
        start(asking().host("0.0.0.0"));
        Assumptions.assumeTrue(own.isPresent(), "this machine has no address but its own");
        String host = own.get().getHostAddress();
        Path token = written(shop.token());
        assertThat(refusal(client(host).tokenFile(token))).isEqualTo(ErrorCode.TLS_REQUIRED);
        assertThat(closedAsUnauthenticated()).isZero();
        assertThat(refusal(client(host).tokenFile(token).insecureClearTextToken(true)))
                .isEqualTo(ErrorCode.TLS_REQUIRED);
        await().atMost(PATIENCE).until(() -> closedAsUnauthenticated() > 0);
        server.close();
        start(asking().host("0.0.0.0").insecureClearTextTokens(true));
        try (WalClient client = WalClient.connect(
                client(host).tokenFile(token).insecureClearTextToken(true).build())) {
            assertThat(client.partitions()).isEmpty();
        }
    }

    private static Optional<InetAddress> addressOnTheNetwork() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .findFirst();
    }

    // ---------------------------------------------------------------- having to go

    @Test
    void tokenThatIsRevoked_endsOpenConnections_andNoOthers() throws Exception {
        Tokens.Created other = add("other", Optional.empty());
        start(asking());
        try (RawClient revoked = RawClient.connect(server.port());
                RawClient stays = RawClient.connect(server.port())) {
            assertThat(revoked.hello(shop.token())).isInstanceOf(Answer.Welcome.class);
            assertThat(stays.hello(other.token())).isInstanceOf(Answer.Welcome.class);
            revoked.append(ORDERS, "a");
            revoked.send(new Request.Subscribe(77, ORDERS, 1, 1 << 20, 1 << 20, Durability.SYNCED));
            assertThat(revoked.answerTo(77)).isInstanceOf(Answer.Subscribed.class);
            var unused = file.change(tokens -> tokens.without("shop"));
            server.reload();
            assertThat(revoked.untilClosed()).extracting(RawClient::codeOf).containsExactly("UNAUTHENTICATED");
            stays.append(ORDERS, "b");
            try (RawClient again = RawClient.connect(server.port())) {
                assertThat(codeOf(again.hello(shop.token()))).isEqualTo("UNAUTHENTICATED");
            }
        }
    }

    /** Who is to be sent away could keep those busy who would notice. */
    @Test
    void revocation_doesNotWaitBehindWhatClientsAskOfTheDisk() throws Exception {
        start(asking().reloadInterval(Duration.ofMillis(20)).fileThreads(1));
        CountDownLatch isOver = new CountDownLatch(1);
        try (RawClient revoked = RawClient.connect(server.port())) {
            assertThat(revoked.hello(shop.token())).isInstanceOf(Answer.Welcome.class);
            assertThat(server.services().files.submit(() -> waitFor(isOver))).isTrue();
            var unused = file.change(tokens -> tokens.without("shop"));
            assertThat(revoked.untilClosed()).extracting(RawClient::codeOf).containsExactly("UNAUTHENTICATED");
        } finally {
            isOver.countDown();
        }
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void revocation_isNoticedWithoutBeingAskedFor_andANewTokenGoesOn() throws Exception {
        start(asking().reloadInterval(Duration.ofMillis(20)));
        Path token = written(shop.token());
        try (WalClient client =
                WalClient.connect(client("localhost").tokenFile(token).build())) {
            Partition orders = client.partition("orders", 0);
            assertThat(orders.append(new byte[] {1})).isZero();
            Tokens.Created next = add("next", Optional.empty());
            written(next.token());
            var unused = file.change(tokens -> tokens.without("shop"));
            await().atMost(PATIENCE).until(() -> closedAsUnauthenticated() >= 1);
            // The client reads its file before it connects again.
            assertThat(orders.append(new byte[] {2})).isEqualTo(1);
        }
    }

    @Test
    void metrics_areForThoseWhoAreLetIn_andHealthForAll() throws Exception {
        start(asking().httpPort(0));
        assertThat(get("/health/live", "").statusCode()).isEqualTo(200);
        // How many partitions there are is not for everybody.
        assertThat(get("/health/ready", "").body()).contains("\"ready\":true").doesNotContain("artitions");
        assertThat(get("/metrics", "").statusCode()).isEqualTo(401);
        assertThat(get("/metrics", "Bearer tdm_x").statusCode()).isEqualTo(401);
        assertThat(get("/metrics", "Basic " + shop.token()).statusCode()).isEqualTo(401);
        HttpResponse<String> page = get("/metrics", "Bearer " + shop.token());
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("wal_server_connections").doesNotContain(shop.token());
    }

    private HttpResponse<String> get(String path, String authorization) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.httpPort().orElseThrow() + path))
                .timeout(PATIENCE);
        if (!authorization.isEmpty()) {
            request.header("Authorization", authorization);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
