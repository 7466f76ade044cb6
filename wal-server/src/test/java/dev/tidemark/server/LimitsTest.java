package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.SimulatedWal;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server bounds, and what happens at the bound. */
class LimitsTest {
    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;

    private void start(ServerConfig.Builder builder) {
        config = builder.build();
        server = TestServer.start(
                config, TestServer.store(directory).segmentBytes(16 << 20).build());
    }

    @AfterEach
    void stop() {
        server.close();
        assertThat(config.meters().get("wal.server.inflight.bytes").gauge().value())
                .isZero();
    }

    @Test
    void connectionTooMany_isToldSoAndTheOthersGoOn() throws IOException {
        start(TestServer.config().maxConnections(2));
        try (RawClient first = RawClient.greeted(server);
                RawClient second = RawClient.greeted(server);
                RawClient third = RawClient.connect(server.port())) {
            assertThat(third.untilClosed()).extracting(RawClient::codeOf).containsExactly("SERVER_BUSY");
            first.append(ORDERS, "a");
            second.append(ORDERS, "b");
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> server.connections() == 0);
        try (RawClient again = RawClient.greeted(server)) {
            assertThat(again.readAll(ORDERS, 0)).containsExactly("a", "b");
        }
    }

    @Test
    void connectionTooManyFromOneAddress_isToldSo_andOtherAddressesAreServed() throws IOException {
        start(TestServer.config().maxConnectionsPerAddress(2));
        try (RawClient first = RawClient.greeted(server);
                RawClient second = RawClient.greeted(server);
                RawClient third = RawClient.connect(server.port());
                RawClient elsewhere = RawClient.from("127.0.0.2", server.port())) {
            assertThat(third.untilClosed()).extracting(RawClient::codeOf).containsExactly("SERVER_BUSY");
            assertThat(elsewhere.hello()).isInstanceOf(Answer.Welcome.class);
            first.append(ORDERS, "a");
            second.append(ORDERS, "b");
            elsewhere.append(ORDERS, "c");
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> server.connections() == 0);
        assertThat(closed("address_limit")).isEqualTo(1);
        RawClient.greeted(server).close();
    }

    @Test
    void strangersTooMany_areToldSo_andWhoSaysHelloIsNoStranger() throws IOException {
        start(TestServer.config().maxUnauthenticated(2));
        try (RawClient known = RawClient.greeted(server);
                RawClient one = RawClient.connect(server.port());
                RawClient two = RawClient.connect(server.port())) {
            await().atMost(Duration.ofMinutes(1)).until(() -> strangers() == 2);
            try (RawClient three = RawClient.connect(server.port())) {
                assertThat(three.untilClosed()).extracting(RawClient::codeOf).containsExactly("SERVER_BUSY");
            }
            await().atMost(Duration.ofMinutes(1)).until(() -> strangers() == 2);
            known.append(ORDERS, "a");
            assertThat(one.hello()).isInstanceOf(Answer.Welcome.class);
            try (RawClient three = RawClient.greeted(server)) {
                three.append(ORDERS, "b");
            }
            assertThat(two.hello()).isInstanceOf(Answer.Welcome.class);
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> server.connections() == 0);
        assertThat(strangers()).isZero();
        assertThat(closed("stranger_limit")).isEqualTo(1);
    }

    private double strangers() {
        return config.meters().get("wal.server.connections.strangers").gauge().value();
    }

    @Test
    void hellosThatComeInPart_areBoundedInMemory() throws IOException {
        start(TestServer.config().maxInFlightBytesInAll(8 << 10));
        byte[] part = new byte[3 << 10];
        Unpooled.wrappedBuffer(part).setIntLE(0, Protocol.MAX_HELLO_LENGTH);
        List<RawClient> strangers = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                RawClient stranger = RawClient.connect(server.port());
                strangers.add(stranger);
                stranger.sendBytes(part);
            }
            // Three have more than there may be of all; who came last, or the one after, is sent away.
            await().atMost(Duration.ofMinutes(1)).until(() -> closed("limit") > 0);
            try (RawClient good = RawClient.greeted(server)) {
                good.append(ORDERS, "a");
            }
        } finally {
            for (RawClient stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void requestsTooManyInASecond_areRefused_andThoseOfOthersAreServed() throws IOException {
        int requests = 20;
        start(TestServer.config().maxRequestsPerSecond(1));
        try (RawClient hasty = RawClient.greeted(server);
                RawClient other = RawClient.from("127.0.0.2", server.port())) {
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            List<Long> ids = new ArrayList<>();
            for (int i = 0; i < requests; i++) {
                Request.Create create = new Request.Create(hasty.nextId(), ORDERS);
                ids.add(create.id());
                said.writeBytes(RawClient.bytes(create));
            }
            hasty.sendBytes(said.toByteArray());
            List<String> heard = new ArrayList<>();
            for (long id : ids) {
                Answer answer = hasty.answerTo(id);
                heard.add(answer instanceof Answer.Failed ? codeOf(answer) : "served");
            }
            assertThat(heard).startsWith("served").contains("SERVER_BUSY").containsOnly("served", "SERVER_BUSY");
            assertThat(paused("rate")).isPositive();
            assertThat(refused("rate"))
                    .isEqualTo(heard.stream().filter("SERVER_BUSY"::equals).count());
            // A sign of life is given at any rate.
            assertThat(hasty.call(new Request.Ping(hasty.nextId()))).isInstanceOf(Answer.Pong.class);
            assertThat(other.hello()).isInstanceOf(Answer.Welcome.class);
            other.append(ORDERS, "a");
        }
    }

    @Test
    void partitionTooMany_isNotMade_andTheOthersAreThere() throws IOException {
        start(TestServer.config().maxPartitions(2));
        PartitionName third = new PartitionName("orders", 2, PartitionName.ANY);
        try (RawClient client = RawClient.greeted(server)) {
            client.append(ORDERS, "a");
            client.append(new PartitionName("orders", 1, PartitionName.ANY), "b");
            assertThat(codeOf(client.call(new Request.Create(client.nextId(), third))))
                    .isEqualTo("PARTITIONS_FULL");
            assertThat(codeOf(client.call(client.value(third, new byte[1], Durability.SYNCED))))
                    .isEqualTo("PARTITIONS_FULL");
            assertThat(refused("partitions")).isEqualTo(2);
            assertThat(client.call(new Request.Create(client.nextId(), ORDERS))).isInstanceOf(Answer.Created.class);
            client.append(ORDERS, "c");
            assertThat(client.call(new Request.Delete(client.nextId(), ORDERS))).isInstanceOf(Answer.Deleted.class);
            client.append(third, "d");
        }
    }

    private double refused(String limit) {
        return config.meters()
                .get("wal.server.refused")
                .tag("limit", limit)
                .counter()
                .count();
    }

    @Test
    void connectionThatDoesNotSayHello_isClosed() throws IOException {
        start(TestServer.config().helloTimeout(Duration.ofMillis(50)));
        try (RawClient silent = RawClient.connect(server.port())) {
            assertThat(silent.untilClosed()).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> closed("hello") == 1);
    }

    @Test
    void connectionThatIsSilent_isClosedWithWhatItWaitsFor() throws IOException {
        try (Wal wal =
                Wal.open(TestServer.store(directory).segmentBytes(16 << 20).build())) {
            assertThat(wal.partition("orders", 0).append(new byte[1])).isZero();
        }
        start(TestServer.config().idleTimeout(Duration.ofMillis(300)));
        try (RawClient halfOpen = RawClient.connect(server.port())) {
            // All at once: how fast this thread is plays no part.
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            said.writeBytes(RawClient.bytes(new Request.Hello(1, 1, 1, 0, 1 << 20, "silent", "")));
            said.writeBytes(RawClient.bytes(new Request.Subscribe(7, ORDERS, 1, 100, 100, Durability.SYNCED)));
            said.writeBytes(RawClient.bytes(halfOpen.fetch(ORDERS, 1, 100, 3_600_000)));
            halfOpen.sendBytes(said.toByteArray());
            assertThat(halfOpen.untilClosed())
                    .filteredOn(Answer.Failed.class::isInstance)
                    .extracting(RawClient::codeOf)
                    .containsExactly("SERVER_UNREACHABLE");
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> server.connections() == 0);
        assertThat(closed("idle")).isEqualTo(1);
        assertThat(config.meters().get("wal.server.subscriptions").gauge().value())
                .isZero();
    }

    @Test
    void requestsTooMany_areRefusedAndTheOthersGoOn() throws IOException {
        start(TestServer.config().maxInFlightRequests(2));
        try (RawClient client = RawClient.greeted(server)) {
            client.append(ORDERS, "a");
            long one = client.send(client.fetch(ORDERS, 1, 100, 60_000));
            long two = client.send(client.fetch(ORDERS, 1, 100, 60_000));
            assertThat(codeOf(client.call(client.fetch(ORDERS, 1, 100, 60_000))))
                    .isEqualTo("SERVER_BUSY");
            assertThat(codeOf(client.call(client.value(ORDERS, new byte[1], Durability.SYNCED))))
                    .isEqualTo("SERVER_BUSY");
            try (RawClient other = RawClient.greeted(server)) {
                other.append(ORDERS, "b");
            }
            assertThat(client.answerTo(one)).isInstanceOf(Answer.Fetched.class);
            assertThat(client.answerTo(two)).isInstanceOf(Answer.Fetched.class);
            client.append(ORDERS, "c");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64 << 10, Integer.MAX_VALUE})
    void clientThatDoesNotTakeItsFrames_costsABoundedAmount(int zeroCopyBytes) throws IOException {
        int fetches = 100;
        start(TestServer.config().maxOutboundBytes(1 << 20).zeroCopyBytes(zeroCopyBytes));
        try (RawClient writer = RawClient.greeted(server);
                RawClient slow = RawClient.connect(server.port(), 16 << 10)) {
            String value = "v".repeat(100_000);
            for (int i = 0; i < 10; i++) {
                writer.append(ORDERS, value);
            }
            assertThat(slow.hello()).isInstanceOf(Answer.Welcome.class);
            List<Long> ids = new ArrayList<>();
            for (int i = 0; i < fetches; i++) {
                ids.add(slow.send(slow.fetch(ORDERS, 0, 1 << 20, 0)));
            }
            for (int i = 0; i < 50; i++) {
                writer.append(ORDERS, "w");
            }
            // Beside what the server may hold there is what the kernel holds for a socket, some megabytes at most.
            assertThat(framesSent()).isLessThan(24e6);
            for (long id : ids) {
                Answer.Fetched fetched = (Answer.Fetched) slow.answerTo(id);
                assertThat(RawClient.values(fetched.head(), fetched.frames())).contains(value);
            }
            assertThat(framesSent()).isGreaterThan(fetches * 1e6 * 0.9);
        }
    }

    private double framesSent() {
        return config.meters().get("wal.server.frames.bytes").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    @Test
    void clientThatDoesNotTakeItsAnswers_isNotReadOn() throws Exception {
        start(TestServer.config().maxOutboundBytes(16 << 10));
        try (RawClient slow = RawClient.connect(server.port(), 4 << 10);
                RawClient other = RawClient.greeted(server)) {
            assertThat(slow.hello()).isInstanceOf(Answer.Welcome.class);
            Thread talker = new Thread(() -> {
                try {
                    byte[] pings = new byte[0];
                    while (!Thread.currentThread().isInterrupted()) {
                        pings = RawClient.bytes(new Request.Ping(slow.nextId()));
                        slow.sendBytes(pings);
                    }
                } catch (IOException e) {
                    // The socket was closed under it, as the test does in the end.
                    assertThat(slow.socket().isClosed()).isTrue();
                }
            });
            talker.setDaemon(true);
            talker.start();
            await().atMost(Duration.ofMinutes(1)).until(() -> paused("answers") > 0);
            other.append(ORDERS, "a");
            assertThat(other.readAll(ORDERS, 0)).containsExactly("a");
            talker.interrupt();
            slow.close();
            talker.join(60_000);
        }
    }

    @Test
    void bytesInFlight_areBoundedByNotReadingOn() throws IOException {
        SimulatedDisk disk = new SimulatedDisk();
        config = TestServer.config()
                .maxInFlightBytes(4 << 10)
                .maxInFlightBytesInAll(6 << 10)
                .zeroCopyBytes(Integer.MAX_VALUE)
                .build();
        server = WalServer.start(
                config,
                progress -> SimulatedWal.open(
                        WalConfig.builder(Path.of("/data"))
                                .reserveBytes(64 << 10)
                                .prefill(false)
                                .build(),
                        Environment.real().withDisk(disk)));
        server.awaitServing(Duration.ofMinutes(1));
        try (RawClient client = RawClient.greeted(server);
                RawClient other = RawClient.greeted(server)) {
            client.append(ORDERS, "first");
            List<Long> ids = new ArrayList<>();
            List<Long> others = new ArrayList<>();
            try (Gate gate = disk.hold(
                    Gate.Position.BEFORE_EFFECT,
                    CallMatch.on(Operation.Kind.FORCE).named(".seg"))) {
                for (int i = 0; i < 30; i++) {
                    ids.add(client.send(client.value(ORDERS, new byte[500], Durability.SYNCED)));
                    others.add(other.send(other.value(ORDERS, new byte[500], Durability.SYNCED)));
                }
                await().atMost(Duration.ofMinutes(1)).until(() -> paused("requests") + paused("all_requests") > 0);
                gate.open();
            }
            for (long id : ids) {
                assertThat(client.answerTo(id)).isInstanceOf(Answer.Produced.class);
            }
            for (long id : others) {
                assertThat(other.answerTo(id)).isInstanceOf(Answer.Produced.class);
            }
        }
    }

    @Test
    void frameThatDoesNotFitTheClientsMessages_isAnErrorAndNotACut() throws IOException {
        start(TestServer.config());
        try (RawClient client = RawClient.connect(server.port());
                RawClient writer = RawClient.greeted(server)) {
            writer.append(ORDERS, "v".repeat(100_000));
            assertThat(client.call(new Request.Hello(1, 1, 1, 0, Protocol.MAX_HELLO_LENGTH, "small", "")))
                    .isInstanceOf(Answer.Welcome.class);
            assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 100, 0)))).isEqualTo("ARGUMENT_INVALID");
        }
    }

    private double closed(String reason) {
        return config.meters()
                .get("wal.server.connections.closed")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private double paused(String reason) {
        return config.meters()
                .get("wal.server.paused")
                .tag("reason", reason)
                .counter()
                .count();
    }
}
