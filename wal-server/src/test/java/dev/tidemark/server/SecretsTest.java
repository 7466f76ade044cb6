package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.security.TestAuthority;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With everything logged that anybody has to log, at both ends, tokens and payloads are in no line, no error, no answer and no metric. */
class SecretsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String PAYLOAD = "the-payload-is-nobodys-business";

    @TempDir
    private Path directory;

    private final List<String> heard = new ArrayList<>();
    private final List<String> secrets = new ArrayList<>();

    private Tokens.Created token(TokenFile file, String name) throws Exception {
        Tokens.Created made = Tokens.create(name, Instant.now(), Optional.empty(), new SecureRandom());
        var unused = file.change(all -> all.with(made.entry()));
        heard.add(made.toString());
        secrets.add(secret(made.token()));
        return made;
    }

    /** Also a part of it would be too much. */
    private static String secret(String token) {
        return token.substring(token.length() - 43, token.length() - 20);
    }

    @Test
    void secrets_areNowhere_whateverGoesWrong() throws Exception {
        TokenFile file = new TokenFile(directory.resolve("tokens"));
        Tokens.Created shop = token(file, "shop");
        Tokens.Created revoked = token(file, "revoked");
        String wrong = shop.token().substring(0, shop.token().length() - 43) + "w".repeat(43);
        secrets.add(secret(wrong));
        secrets.add(PAYLOAD);
        Path permissions = Files.writeString(directory.resolve("permissions"), "produce,fetch,monitor * token:shop\n");
        ServerConfig config = TestServer.config()
                .httpPort(0)
                .tokens(directory.resolve("tokens"))
                .permissions(permissions)
                .reloadInterval(Duration.ofHours(1))
                .build();
        heard.add(config.toString());
        try (LogCapture log = LogCapture.ofEverything()) {
            try (WalServer server = TestServer.start(
                    config, TestServer.store(directory.resolve("data")).build())) {
                useWell(server, shop);
                useBadly(server, shop, revoked, wrong, file);
                askOverHttp(server, shop, wrong);
                heard.add(config.meters().scrape());
                await().atMost(PATIENCE).until(() -> server.connections() == 0);
            }
            overTls(shop);
            // It did hear.
            assertThat(log.lines()).anyMatch(line -> line.contains("identity=token:shop"));
            heard.addAll(log.lines());
        }
        for (String secret : secrets) {
            assertThat(heard).noneMatch(line -> line.contains(secret));
        }
    }

    private ClientConfig.Builder client(WalServer server, String token) throws IOException {
        Path written = Files.writeString(directory.resolve("token"), token);
        ClientConfig.Builder config = ClientConfig.builder("localhost:" + server.port())
                .requestTimeout(PATIENCE)
                .appendTimeout(PATIENCE)
                .tokenFile(written);
        heard.add(config.build().toString());
        return config;
    }

    private void useWell(WalServer server, Tokens.Created shop) throws IOException {
        try (WalClient client = WalClient.connect(client(server, shop.token()).build())) {
            assertThat(client.partition("orders", 0).append(PAYLOAD.getBytes(StandardCharsets.UTF_8)))
                    .isZero();
            heard.add(client.toString());
        }
    }

    private void useBadly(WalServer server, Tokens.Created shop, Tokens.Created revoked, String wrong, TokenFile file)
            throws Exception {
        for (String token : List.of(wrong, wrong + "\n" + wrong)) {
            remember(catchThrowable(
                    () -> WalClient.connect(client(server, token).build()).close()));
        }
        for (String token : List.of(wrong, shop.token() + "x", "\r\n" + shop.token())) {
            Request.Hello hello =
                    new Request.Hello(1, 1, 1, Protocol.AUTHENTICATION, Protocol.MAX_LENGTH, "raw", token);
            heard.add(hello.toString());
            byte[] bytes = RawClient.bytes(hello);
            // Whole, and damaged in each of its fields: an error of the decoder may show what it has read.
            for (int at = -1; at < bytes.length; at += at < 0 ? 1 : Math.max(1, bytes.length / 60)) {
                byte[] said = bytes.clone();
                if (at >= Protocol.LENGTH_BYTES) {
                    said[at] ^= (byte) 0x80;
                }
                try (RawClient raw = RawClient.connect(server.port())) {
                    raw.sendBytes(said);
                    raw.socket().shutdownOutput();
                    raw.untilClosed().forEach(answer -> heard.add(answer.toString()));
                }
            }
        }
        try (RawClient raw = RawClient.connect(server.port())) {
            heard.add(raw.hello(revoked.token()).toString());
            heard.add(raw.call(raw.fetch(ORDERS, 0, 100, 0)).toString());
            heard.add(raw.call(new Request.Delete(raw.nextId(), ORDERS)).toString());
            var unused = file.change(all -> all.without("revoked"));
            server.reload();
            raw.untilClosed().forEach(answer -> heard.add(answer.toString()));
        }
        // A file that is none.
        String good = Files.readString(directory.resolve("tokens"));
        Files.writeString(directory.resolve("tokens"), good + shop.token() + "\n");
        server.reload();
        Files.writeString(directory.resolve("tokens"), good);
        server.reload();
    }

    private void remember(Throwable thrown) {
        assertThat(thrown).isNotNull();
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        heard.add(trace.toString());
    }

    private void askOverHttp(WalServer server, Tokens.Created shop, String wrong)
            throws IOException, InterruptedException {
        HttpClient http = HttpClient.newHttpClient();
        String place = "http://127.0.0.1:" + server.httpPort().orElseThrow();
        for (String path : List.of("/metrics", "/nowhere", "/metrics?token=" + shop.token(), "/" + shop.token())) {
            for (String token : List.of(shop.token(), wrong)) {
                HttpResponse<String> answer = http.send(
                        HttpRequest.newBuilder(URI.create(place + path))
                                .timeout(PATIENCE)
                                .header("Authorization", "Bearer " + token)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                heard.add(answer.headers().map() + answer.body());
            }
        }
    }

    private void overTls(Tokens.Created shop) throws Exception {
        TestAuthority authority = TestAuthority.in(directory, "authority");
        TlsFiles files = authority.issue("server", "localhost");
        secrets.add(keyOf(files));
        try (WalServer server = TestServer.start(
                TestServer.config()
                        .tls(files)
                        .tokens(directory.resolve("tokens"))
                        .build(),
                TestServer.store(directory.resolve("data")).build())) {
            TlsFiles trusting = TlsFiles.trusting(authority.trust());
            try (WalClient client =
                    WalClient.connect(client(server, shop.token()).tls(trusting).build())) {
                assertThat(client.partition("orders", 0).append(PAYLOAD.getBytes(StandardCharsets.UTF_8)))
                        .isEqualTo(1);
            }
            // Without TLS, to a port that has it.
            remember(catchThrowable(() ->
                    WalClient.connect(client(server, shop.token()).build()).close()));
            await().atMost(PATIENCE).until(() -> server.connections() == 0);
        }
    }

    private static String keyOf(TlsFiles files) throws IOException {
        List<String> lines = Files.readAllLines(files.key().orElseThrow());
        return lines.get(1).substring(lines.get(1).length() / 2);
    }
}
