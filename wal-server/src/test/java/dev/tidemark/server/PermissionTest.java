package dev.tidemark.server;

import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageKind;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Seek;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import java.io.IOException;
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
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what, at a server that has been told. */
class PermissionTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final PartitionName ORDERS = new PartitionName("orders", 0, PartitionName.ANY);
    private static final PartitionName SECRET = new PartitionName("secret", 0, PartitionName.ANY);
    private static final PartitionName ABSENT = new PartitionName("sacred", 0, PartitionName.ANY);
    private static final PartitionName MISSING = new PartitionName("orders", 9, PartitionName.ANY);

    private static final String PERMISSIONS = """
            all            *        token:operator
            produce,fetch  orders-  token:shop
            fetch          orders-  token:report
            monitor        *        token:watch
            """;

    @TempDir
    private Path directory;

    private final Map<String, String> tokens = new HashMap<>();
    private WalServer server;
    private ServerConfig config;

    @BeforeEach
    void start() throws Exception {
        TokenFile file = new TokenFile(directory.resolve("tokens"));
        for (String name : List.of("operator", "shop", "report", "watch", "nobody")) {
            Tokens.Created made = Tokens.create(name, Instant.now(), Optional.empty(), new SecureRandom());
            var unused = file.change(all -> all.with(made.entry()));
            tokens.put(name, made.token());
        }
        permit(PERMISSIONS);
        config = TestServer.config()
                .httpPort(0)
                .tokens(directory.resolve("tokens"))
                .permissions(directory.resolve("permissions"))
                .reloadInterval(Duration.ofHours(1))
                .build();
        server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build());
        try (RawClient operator = as("operator")) {
            operator.append(ORDERS, "a");
            operator.append(SECRET, "b");
        }
    }

    @AfterEach
    void stop() {
        await().atMost(PATIENCE).until(() -> server.connections() == 0);
        assertThat(config.meters().get("wal.server.inflight.bytes").gauge().value())
                .isZero();
        server.close();
    }

    private void permit(String text) throws IOException {
        Files.writeString(directory.resolve("permissions"), text);
    }

    private RawClient as(String name) throws IOException {
        RawClient client = RawClient.connect(server.port());
        assertThat(client.hello(tokens.get(name))).isInstanceOf(Answer.Welcome.class);
        return client;
    }

    /** One of each kind that is about a partition. */
    private static List<Request> aboutPartition(RawClient client, PartitionName name) {
        return List.of(
                client.value(name, "x".getBytes(StandardCharsets.UTF_8), Durability.SYNCED),
                client.fetch(name, 0, 100, 0),
                new Request.Subscribe(client.nextId(), name, 0, 100, 100, Durability.SYNCED),
                new Request.Offsets(client.nextId(), name, Seek.END, 0),
                new Request.Create(client.nextId(), name),
                new Request.Describe(client.nextId(), name),
                new Request.Trim(client.nextId(), name, 0),
                new Request.Checkpoints(client.nextId(), name),
                new Request.SetCheckpoint(client.nextId(), name, "c", 0),
                new Request.RemoveCheckpoint(client.nextId(), name, "c"),
                new Request.Sync(client.nextId(), name),
                new Request.Delete(client.nextId(), name));
    }

    private static List<String> heard(RawClient client, PartitionName name) throws IOException {
        List<String> heard = new ArrayList<>();
        for (Request request : aboutPartition(client, name)) {
            MessageKind kind = request.kind();
            Answer answer = client.call(request);
            heard.add(kind + " "
                    + (answer instanceof Answer.Failed failed
                            ? failed.error().toString().replace(name.name(), "NAME")
                            : answer.kind().toString()));
        }
        return heard;
    }

    @Test
    void partitionThatIsForbidden_isAnsweredLikeOneThatIsNotThere() throws IOException {
        for (String name : List.of("shop", "report", "nobody")) {
            try (RawClient client = as(name)) {
                List<String> forbidden = heard(client, SECRET);
                assertThat(forbidden).isEqualTo(heard(client, ABSENT));
                assertThat(forbidden).allMatch(answer -> answer.contains("NOT_PERMITTED"));
                // Whichever of those that had this name is meant.
                assertThat(codeOf(client.call(client.fetch(SECRET.only(7), 0, 100, 0))))
                        .isEqualTo("NOT_PERMITTED");
            }
        }
        try (RawClient operator = as("operator")) {
            assertThat(operator.readAll(SECRET, 0)).containsExactly("b");
        }
    }

    /** A kind that is added has to be thought of here. */
    @Test
    void kindsThatAreAboutAPartition_areAllTested() throws IOException {
        Set<MessageKind> tested = EnumSet.of(
                MessageKind.HELLO, MessageKind.PING, MessageKind.LIST, MessageKind.CREDIT, MessageKind.UNSUBSCRIBE);
        try (RawClient client = as("nobody")) {
            aboutPartition(client, ABSENT).forEach(request -> tested.add(request.kind()));
            assertThat(client.call(new Request.Ping(5))).isInstanceOf(Answer.Pong.class);
        }
        assertThat(Stream.of(MessageKind.values()).filter(MessageKind::isRequest))
                .containsExactlyInAnyOrderElementsOf(tested);
    }

    @Test
    void list_showsWhatOneMayKnow() throws IOException {
        assertThat(listed("operator")).containsExactly("orders", "secret");
        assertThat(listed("shop")).containsExactly("orders");
        assertThat(listed("report")).containsExactly("orders");
        assertThat(listed("nobody")).isEmpty();
    }

    private List<String> listed(String name) throws IOException {
        try (RawClient client = as(name)) {
            Answer.Listed page =
                    (Answer.Listed) client.call(new Request.ListPartitions(9, Optional.empty(), Protocol.MAX_LISTED));
            return page.partitions().stream().map(PartitionName::name).toList();
        }
    }

    @Test
    void eachRight_isWhatItSays() throws IOException {
        try (RawClient shop = as("shop");
                RawClient report = as("report")) {
            shop.append(ORDERS, "c");
            assertThat(shop.readAll(ORDERS, 0)).containsExactly("a", "c");
            assertThat(report.readAll(ORDERS, 0)).containsExactly("a", "c");
            assertThat(codeOf(report.call(report.value(ORDERS, new byte[1], Durability.SYNCED))))
                    .isEqualTo("NOT_PERMITTED");
            assertThat(codeOf(shop.call(new Request.Delete(shop.nextId(), ORDERS))))
                    .isEqualTo("NOT_PERMITTED");
            assertThat(codeOf(shop.call(new Request.Trim(shop.nextId(), ORDERS, 1))))
                    .isEqualTo("NOT_PERMITTED");
            // Who may fetch opens what is there, and makes nothing.
            assertThat(report.call(new Request.Create(report.nextId(), ORDERS))).isInstanceOf(Answer.Created.class);
            assertThat(codeOf(report.call(new Request.Create(report.nextId(), MISSING))))
                    .isEqualTo("PARTITION_UNKNOWN");
            assertThat(shop.call(new Request.Create(shop.nextId(), MISSING))).isInstanceOf(Answer.Created.class);
        }
    }

    @Test
    void clientThatMayNot_isToldByItsCode() throws IOException {
        Path token = Files.writeString(directory.resolve("token"), tokens.get("report"));
        try (WalClient client = WalClient.connect(ClientConfig.builder("localhost:" + server.port())
                .requestTimeout(PATIENCE)
                .appendTimeout(PATIENCE)
                .tokenFile(token)
                .build())) {
            assertThat(client.partitions()).containsExactly(new PartitionId("orders", 0));
            Partition orders = client.partition("orders", 0);
            assertThatThrownBy(() -> orders.append(new byte[1])).hasMessageContaining("NOT_PERMITTED");
            assertThatThrownBy(() -> client.partition("secret", 0)).hasMessageContaining("NOT_PERMITTED");
        }
    }

    @Test
    void whoMonitors_seesWhatThereIs_andNothingInIt() throws IOException {
        assertThat(listed("watch")).containsExactly("orders", "secret");
        try (RawClient watch = as("watch")) {
            assertThat(watch.call(new Request.Describe(watch.nextId(), SECRET))).isInstanceOf(Answer.Described.class);
            assertThat(codeOf(watch.call(watch.fetch(SECRET, 0, 100, 0)))).isEqualTo("NOT_PERMITTED");
            assertThat(codeOf(watch.call(new Request.Create(watch.nextId(), MISSING))))
                    .isEqualTo("PARTITION_UNKNOWN");
        }
    }

    @Test
    void permissionsThatChange_areThoseOfNewConnections_andEndTheOldOnesOfThoseConcerned() throws IOException {
        try (RawClient shop = as("shop");
                RawClient report = as("report")) {
            permit("all * token:operator\nnonsense\n");
            server.reload();
            shop.append(ORDERS, "c");
            permit("all * token:operator\nfetch orders- token:report\n");
            server.reload();
            assertThat(shop.untilClosed()).extracting(RawClient::codeOf).containsExactly("NOT_PERMITTED");
            assertThat(report.readAll(ORDERS, 0)).containsExactly("a", "c");
        }
        try (RawClient shop = as("shop")) {
            assertThat(codeOf(shop.call(shop.fetch(ORDERS, 0, 100, 0)))).isEqualTo("NOT_PERMITTED");
        }
    }

    @Test
    void rightToFetchThatIsTakenAway_endsSubscriptionsAndFetchesThatWait() throws IOException {
        try (RawClient report = as("report");
                RawClient operator = as("operator")) {
            report.send(new Request.Subscribe(77, ORDERS, 1, 1 << 20, 1 << 20, Durability.SYNCED));
            assertThat(report.answerTo(77)).isInstanceOf(Answer.Subscribed.class);
            report.send(report.fetch(ORDERS, 1, 100, 3_600_000));
            permit("all * token:operator\n");
            server.reload();
            await().atMost(PATIENCE)
                    .until(() -> config.meters()
                                    .get("wal.server.subscriptions")
                                    .gauge()
                                    .value()
                            == 0);
            operator.append(ORDERS, "not for everybody");
            assertThat(report.untilClosed()).extracting(RawClient::codeOf).containsExactly("NOT_PERMITTED");
        }
    }

    @Test
    void clientWhoseRightsAreWidened_goesOnWithThem() throws IOException {
        Path token = Files.writeString(directory.resolve("token"), tokens.get("report"));
        try (WalClient client = WalClient.connect(ClientConfig.builder("localhost:" + server.port())
                .requestTimeout(PATIENCE)
                .appendTimeout(PATIENCE)
                .tokenFile(token)
                .build())) {
            Partition orders = client.partition("orders", 0);
            assertThatThrownBy(() -> orders.append(new byte[1])).hasMessageContaining("NOT_PERMITTED");
            permit(PERMISSIONS + "produce orders- token:report\n");
            server.reload();
            await().atMost(PATIENCE).until(() -> closedAsUnauthenticated() > 0);
            assertThat(orders.append(new byte[1])).isEqualTo(1);
        }
    }

    private double closedAsUnauthenticated() {
        return config.meters()
                .get("wal.server.connections.closed")
                .tag("reason", "unauthenticated")
                .counter()
                .count();
    }

    @Test
    void metrics_areForWhoMonitorsEverything() throws Exception {
        assertThat(metricsAs("shop")).isEqualTo(403);
        assertThat(metricsAs("nobody")).isEqualTo(403);
        assertThat(metricsAs("watch")).isEqualTo(200);
        assertThat(metricsAs("operator")).isEqualTo(200);
    }

    private int metricsAs(String name) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.httpPort().orElseThrow() + "/metrics"))
                .timeout(PATIENCE)
                .header("Authorization", "Bearer " + tokens.get(name))
                .build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }
}
