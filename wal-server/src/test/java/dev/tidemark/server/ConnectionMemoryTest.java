package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.Durability;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What connections cost in memory: while they are there, a bounded amount, whatever the peer does; when they are gone, nothing. */
class ConnectionMemoryTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;

    private void start(ServerConfig.Builder builder) {
        config = builder.build();
        server = TestServer.start(
                config, TestServer.store(directory).segmentBytes(64 << 20).build());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    // ---------------------------------------------------------------- when they are gone

    /** Timers hold what they are for. Those of the hello, of silence and of a fetch that may wait for an hour must go with their connection. */
    @Test
    void connectionThatIsGone_isNotKeptByAnything() throws Exception {
        start(TestServer.config().maxInFlightBytesInAll(1 << 10));
        try (RawClient good = RawClient.greeted(server)) {
            good.append(ORDERS, "first");
            for (int i = 0; i < 60; i++) {
                connectAndGo(good, i % 4);
            }
            await().atMost(PATIENCE).until(() -> server.connections() == 1);
            // The good one, and what the event loops and pools still have in their hands, which is not for long.
            for (String name : List.of("Connection", "Reads", "Outbox", "Reader$Fetch", "Reader$Subscription")) {
                await().atMost(PATIENCE).until(() -> instancesOf("dev.tidemark.server." + name) <= 1);
            }
            assertThat(good.readAll(ORDERS, 0)).containsExactly("first");
        }
    }

    private void connectAndGo(RawClient good, int stage) throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            if (stage == 0) {
                return;
            }
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            said.writeBytes(RawClient.bytes(new Request.Hello(1, 1, 1, 0, 1 << 20, "gone", "")));
            for (int i = 0; i < 10 && stage > 1; i++) {
                said.writeBytes(RawClient.bytes(good.fetch(ORDERS, 1, 100, Protocol.MAX_WAIT_MILLIS)));
                said.writeBytes(
                        RawClient.bytes(new Request.Subscribe(100 + i, ORDERS, 1, 100, 100, Durability.SYNCED)));
            }
            client.sendBytes(said.toByteArray());
            if (stage == 3) {
                // Reset, with answers that nobody has read.
                client.socket().setSoLinger(true, 0);
            }
        }
    }

    private static long instancesOf(String type) throws JMException {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        for (String line : histogram.split("\n")) {
            String[] words = line.strip().split("\\s+");
            if (words.length > 3 && words[3].equals(type)) {
                return Long.parseLong(words[1]);
            }
        }
        return 0;
    }

    // ---------------------------------------------------------------- while they are there

    /** Each is told that there is too much, nobody reads that, and more comes: answers must not pile up. */
    @Test
    void requestsWithoutEndAboveTheLimit_areNotReadOn() throws Exception {
        start(TestServer.config().maxInFlightRequests(4).maxOutboundBytes(64 << 10));
        try (RawClient good = RawClient.greeted(server);
                RawClient deaf = RawClient.connect(server.port(), 4 << 10)) {
            good.append(ORDERS, "first");
            deaf.hello();
            ByteArrayOutputStream many = new ByteArrayOutputStream();
            for (int i = 0; i < 1_000; i++) {
                many.writeBytes(RawClient.bytes(deaf.fetch(ORDERS, 1, 100, Protocol.MAX_WAIT_MILLIS)));
            }
            AtomicLong sent = new AtomicLong();
            Thread talker = new Thread(() -> {
                try {
                    while (true) {
                        deaf.sendBytes(many.toByteArray());
                        sent.incrementAndGet();
                    }
                } catch (IOException e) {
                    // The test has closed it.
                    assertThat(sent.get()).isNotNegative();
                }
            });
            talker.setDaemon(true);
            talker.start();
            await().atMost(PATIENCE).until(() -> paused("answers") > 0);
            good.append(ORDERS, "second");
            assertThat(good.readAll(ORDERS, 0)).containsExactly("first", "second");
            assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(48L << 20);
            deaf.close();
            talker.join(PATIENCE.toMillis());
        }
    }

    /** Every one announces a large append, sends most of it, and stops there. */
    @Test
    void messagesThatAreOnlyBegun_areBoundedInAll() throws Exception {
        int limit = 4 << 20;
        start(TestServer.config().maxInFlightBytesInAll(limit));
        List<RawClient> halves = new ArrayList<>();
        try (RawClient good = RawClient.greeted(server)) {
            byte[] whole = RawClient.bytes(good.value(ORDERS, new byte[3 << 20], Durability.SYNCED));
            byte[] most = Arrays.copyOf(whole, whole.length - 1);
            for (int i = 0; i < 12; i++) {
                RawClient half = RawClient.greeted(server);
                halves.add(half);
                Thread sender = new Thread(() -> sendAsFarAsItGoes(half, most));
                sender.setDaemon(true);
                sender.start();
            }
            await().atMost(PATIENCE).until(() -> closed("limit") >= 9);
            assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(64L << 20);
            // Small ones are served all the time, and a large one once there is room.
            good.append(ORDERS, "small");
            for (RawClient half : halves) {
                half.close();
            }
            await().atMost(PATIENCE).until(() -> server.connections() == 1);
            good.append(ORDERS, "x".repeat(3 << 20));
        } finally {
            for (RawClient half : halves) {
                half.close();
            }
        }
    }

    private static void sendAsFarAsItGoes(RawClient client, byte[] bytes) {
        try {
            client.sendBytes(bytes);
        } catch (IOException e) {
            // The server has closed, as it may.
            assertThat(client.socket().isConnected()).isTrue();
        }
    }

    /** Readers by the dozen that ask and do not take what comes; what is copied for them has a bound in all, and each who takes gets on. */
    @Test
    void readersThatDoNotRead_areBoundedInAll() throws Exception {
        long limit = 1 << 20;
        int readers = 24;
        int frame = 20_000;
        start(TestServer.config().maxInFlightBytesInAll(limit).maxFetchBytes(40_000));
        List<RawClient> deaf = new ArrayList<>();
        try (RawClient good = RawClient.greeted(server)) {
            for (int i = 0; i < 10; i++) {
                good.append(ORDERS, "v".repeat(frame));
            }
            List<Long> asked = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                RawClient reader = RawClient.connect(server.port(), 4 << 10);
                deaf.add(reader);
                reader.hello();
                ByteArrayOutputStream many = new ByteArrayOutputStream();
                for (int k = 0; k < 200; k++) {
                    Request.Fetch fetch = reader.fetch(ORDERS, 0, 40_000, 0);
                    many.writeBytes(RawClient.bytes(fetch));
                    asked.add(fetch.id());
                }
                reader.sendBytes(many.toByteArray());
            }
            // They go on as long as the kernel takes their answers, so this is looked at many times.
            for (int i = 0; i < 200; i++) {
                assertThat(good.readAll(new PartitionName("orders", 0, PartitionName.ANY), 5))
                        .hasSize(5);
                assertThat(copiedBytes()).isLessThan(limit + 4L * readers * 40_000);
            }
            RawClient last = deaf.get(readers - 1);
            for (long id : asked.subList((readers - 1) * 200, readers * 200)) {
                assertThat(last.answerTo(id).id()).isEqualTo(id);
            }
        } finally {
            for (RawClient reader : deaf) {
                reader.close();
            }
        }
        await().atMost(PATIENCE).until(() -> server.connections() == 0);
        await().atMost(PATIENCE).until(() -> copiedBytes() == 0);
    }

    private long copiedBytes() {
        return server.services().copiedBytes.get();
    }

    /** It was told its last word and does not take it; that it goes on talking must not keep the connection. */
    @Test
    void connectionThatIsOver_endsThoughThePeerTalksOn() throws Exception {
        start(TestServer.config().idleTimeout(Duration.ofMillis(500)).maxOutboundBytes(64 << 20));
        try (RawClient deaf = RawClient.connect(server.port(), 4 << 10);
                RawClient good = RawClient.greeted(server)) {
            for (int i = 0; i < 10; i++) {
                good.append(ORDERS, "v".repeat(1 << 20));
            }
            deaf.hello();
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            for (int i = 0; i < 30; i++) {
                said.writeBytes(RawClient.bytes(deaf.fetch(ORDERS, i % 10, 1 << 20, 0)));
            }
            deaf.sendBytes(said.toByteArray());
            await().atMost(PATIENCE).until(() -> framesSent() > 8e6);
            // A second hello is a mistake.
            deaf.send(new Request.Hello(7, 1, 1, 0, 1 << 20, "again", ""));
            byte[] ping = RawClient.bytes(new Request.Ping(9));
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> isClosedTo(deaf, ping));
            assertThat(closed("protocol")).isEqualTo(1);
        }
    }

    private static boolean isClosedTo(RawClient client, byte[] bytes) {
        try {
            client.sendBytes(bytes);
            return false;
        } catch (IOException closed) {
            return true;
        }
    }

    private double framesSent() {
        return config.meters().get("wal.server.frames.bytes").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
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

    /** A length of 3 MiB is believed, and costs only what has come. */
    @Test
    void lengthThatIsOnlyAnnounced_costsNothing() throws Exception {
        start(TestServer.config().maxInFlightBytesInAll(1 << 20));
        List<RawClient> liars = new ArrayList<>();
        try (RawClient good = RawClient.greeted(server)) {
            for (int i = 0; i < 50; i++) {
                RawClient liar = RawClient.greeted(server);
                liars.add(liar);
                liar.sendBytes(
                        Unpooled.buffer(16).writeIntLE(3 << 20).writeZero(12).array());
            }
            good.append(ORDERS, "a");
            assertThat(server.connections()).isEqualTo(51);
            assertThat(closed("limit")).isZero();
        } finally {
            for (RawClient liar : liars) {
                liar.close();
            }
        }
    }
}
