package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.SimulatedWal;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartAndStopTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    @Test
    void serverThatRecovers_saysSoAndServesWhenItIsDone() throws Exception {
        CountDownLatch mayOpen = new CountDownLatch(1);
        ServerConfig config = TestServer.config().httpPort(0).build();
        try (WalServer server = WalServer.start(config, progress -> {
            progress.recovering(3, 7);
            awaitOpening(mayOpen);
            return Wal.open(TestServer.store(directory).build());
        })) {
            try (RawClient early = RawClient.connect(server.port())) {
                early.send(new Request.Hello(1, 1, 1, 0, Protocol.MAX_LENGTH, "early", ""));
                assertThat(early.untilClosed()).extracting(RawClient::codeOf).containsExactly("SERVER_STARTING");
            }
            await().atMost(PATIENCE)
                    .until(
                            () -> get(server, "/health/ready")
                                    .body()
                                    .contains(
                                            "\"ready\":false,\"state\":\"starting\",\"recoveredPartitions\":3,\"partitions\":7"));
            assertThat(get(server, "/health/ready").statusCode()).isEqualTo(503);
            assertThat(get(server, "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(server, "/elsewhere").statusCode()).isEqualTo(404);

            mayOpen.countDown();
            server.awaitServing(PATIENCE);
            assertThat(get(server, "/health/ready").statusCode()).isEqualTo(200);
            try (RawClient client = RawClient.greeted(server)) {
                client.append(ORDERS, "a");
            }
        }
    }

    @Test
    void storeThatCannotBeOpened_isToldToWhoWaitsAndToClients() throws Exception {
        try (WalServer server = WalServer.start(TestServer.config().build(), progress -> {
            throw new InvalidCallException(ErrorCode.STORE_UNKNOWN, "no store: directory=x");
        })) {
            assertThatThrownBy(() -> server.awaitServing(PATIENCE))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNKNOWN));
            assertThat(server.state()).isEqualTo(ServerState.FAILED);
            try (RawClient client = RawClient.connect(server.port())) {
                client.send(new Request.Hello(1, 1, 1, 0, Protocol.MAX_LENGTH, "x", ""));
                assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("STORE_CLOSED");
            }
        }
    }

    @Test
    void serverThatStops_answersWhatIsUnderWayAndRefusesWhatIsNew() throws Exception {
        SimulatedDisk disk = new SimulatedDisk();
        WalServer server = WalServer.start(
                TestServer.config().zeroCopyBytes(Integer.MAX_VALUE).build(),
                progress -> SimulatedWal.open(
                        WalConfig.builder(Path.of("/data"))
                                .reserveBytes(64 << 10)
                                .prefill(false)
                                .build(),
                        Environment.real().withDisk(disk)));
        server.awaitServing(PATIENCE);
        CompletableFuture<Void> stopped;
        try (RawClient client = RawClient.greeted(server)) {
            client.append(ORDERS, "a");
            Request.Subscribe subscribe =
                    new Request.Subscribe(client.nextId(), ORDERS, 1, 100, 100, Durability.SYNCED);
            assertThat(client.call(subscribe)).isInstanceOf(Answer.Subscribed.class);
            try (Gate gate = disk.hold(
                    Gate.Position.BEFORE_EFFECT,
                    CallMatch.on(Operation.Kind.FORCE).named(".seg"))) {
                long underWay = client.send(client.value(ORDERS, new byte[] {'b'}, Durability.SYNCED));
                gate.awaitArrival(PATIENCE);
                stopped = CompletableFuture.runAsync(server::close);
                assertThat(codeOf(client.answerTo(Protocol.NO_REQUEST))).isEqualTo("SERVER_STOPPING");
                assertThat(codeOf(client.answerTo(subscribe.id()))).isEqualTo("SERVER_STOPPING");
                assertThat(codeOf(client.call(client.value(ORDERS, new byte[] {'c'}, Durability.SYNCED))))
                        .isEqualTo("SERVER_STOPPING");
                assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 100, 0)))).isEqualTo("SERVER_STOPPING");
                assertThat(stopped).isNotDone();
                gate.open();
                assertThat(client.answerTo(underWay)).isEqualTo(new Answer.Produced(underWay, 1));
            }
            assertThat(client.untilClosed()).isEmpty();
        }
        stopped.get(60, TimeUnit.SECONDS);
        assertThat(server.state()).isEqualTo(ServerState.STOPPED);
        try (Wal wal = SimulatedWal.open(
                WalConfig.builder(Path.of("/data"))
                        .reserveBytes(64 << 10)
                        .prefill(false)
                        .build(),
                Environment.real().withDisk(disk))) {
            assertThat(wal.recovery().wasClean()).isTrue();
            assertThat(wal.partition("orders", 0).ends().durable()).isEqualTo(2);
        }
    }

    @Test
    void serverThatIsStoppedWhileItStarts_closesWhatItOpens() throws Exception {
        CountDownLatch mayOpen = new CountDownLatch(1);
        WalServer server = WalServer.start(TestServer.config().build(), progress -> {
            awaitOpening(mayOpen);
            return Wal.open(TestServer.store(directory).build());
        });
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(server::close);
        await().atMost(PATIENCE).until(() -> server.state() == ServerState.STOPPING);
        mayOpen.countDown();
        stopped.get(60, TimeUnit.SECONDS);
        Wal.open(TestServer.store(directory).build()).close();
    }

    @Test
    void portThatIsTaken_isAnErrorThatNamesIt() {
        try (WalServer first = TestServer.start(directory)) {
            ServerConfig same = TestServer.config().port(first.port()).build();
            assertThatThrownBy(() ->
                            WalServer.start(same, TestServer.store(directory).build()))
                    .isInstanceOf(WalException.class)
                    .hasMessageContaining("port=" + first.port());
        }
    }

    @Test
    void configurationThatIsWrong_isToldWithEveryProblem() {
        assertThatThrownBy(() ->
                        ServerConfig.builder().port(70_000).maxConnections(0).build())
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIG_INVALID))
                .hasMessageContaining("port=70000")
                .hasMessageContaining("maxConnections=0");
    }

    @Test
    void jdksOwnTransport_servesAsWell() throws IOException {
        try (WalServer server = TestServer.start(
                        TestServer.config().nativeTransport(false).build(),
                        TestServer.store(directory).build());
                RawClient client = RawClient.greeted(server)) {
            String large = "v".repeat(200_000);
            client.append(ORDERS, large);
            client.append(ORDERS, "small");
            assertThat(client.readAll(ORDERS, 0)).isEqualTo(List.of(large, "small"));
        }
    }

    private static void awaitOpening(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static HttpResponse<String> get(WalServer server, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.httpPort().getAsInt() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
    }
}
