package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.Durability;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many that mean no good, at once: they are gone in time and cost a bounded amount, and who behaves is served meanwhile. */
class FloodTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int PATIENCE_MILLIS = 60_000;
    private static final String ELSEWHERE = "127.0.0.3";
    private static final long MOST_PINNED_BYTES = 48L << 20;

    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;
    private RawClient good;
    private int appended;

    private void start(ServerConfig.Builder builder) throws IOException {
        config = builder.build();
        server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build());
        await().atMost(PATIENCE).ignoreExceptions().until(this::isGreeted);
    }

    /** Where a hello has little time, a slow machine may need more than one. */
    private boolean isGreeted() throws IOException {
        good = RawClient.connect(server.port());
        if (good.hello() instanceof Answer.Welcome) {
            return true;
        }
        good.close();
        return false;
    }

    @AfterEach
    void floodHasGone_andTheGoodOneIsServed() throws IOException {
        goodOneIsServed();
        assertThat(good.readAll(ORDERS, 0)).hasSize(appended);
        await().atMost(PATIENCE).until(() -> server.connections() == 1);
        assertThat(config.meters()
                        .get("wal.server.connections.strangers")
                        .gauge()
                        .value())
                .isZero();
        good.close();
        server.close();
    }

    private void goodOneIsServed() throws IOException {
        assertThat(good.append(ORDERS, "good")).isEqualTo(appended++);
        assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(MOST_PINNED_BYTES);
    }

    private double closed(String reason) {
        return config.meters()
                .get("wal.server.connections.closed")
                .tag("reason", reason)
                .counter()
                .count();
    }

    // ---------------------------------------------------------------- slow ones

    /** Each sends a byte of its hello now and then, and never comes to its end. */
    @Test
    void hellosThatTrickle_areEndedInTime() throws IOException {
        int many = 60;
        start(TestServer.config().helloTimeout(Duration.ofMillis(300)));
        byte[] hello = RawClient.bytes(
                new Request.Hello(1, 1, 1, 0, Protocol.MAX_LENGTH, "x".repeat(30_000), "y".repeat(30_000)));
        double before = closed("hello");
        List<RawClient> slow = new ArrayList<>();
        try {
            for (int i = 0; i < many; i++) {
                slow.add(RawClient.from(ELSEWHERE, server.port()));
            }
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            for (int at = 0; at < hello.length - 1 && closed("hello") < before + many; at++) {
                assertThat(System.nanoTime() - deadline).isNegative();
                for (RawClient each : slow) {
                    trickle(each.socket(), hello[at]);
                }
                goodOneIsServed();
            }
            await().atMost(PATIENCE).until(() -> closed("hello") == before + many);
        } finally {
            for (RawClient each : slow) {
                each.close();
            }
        }
    }

    private static void trickle(Socket socket, byte one) {
        try {
            socket.getOutputStream().write(one);
        } catch (IOException e) {
            // The server has closed it, as it is to.
            assertThat(socket.isConnected()).isTrue();
        }
    }

    @Test
    void httpRequestsThatTrickle_areEndedInTime_andHealthIsTold() throws Exception {
        start(TestServer.config().httpPort(0).helloTimeout(Duration.ofMillis(300)));
        byte[] request = ("GET /health/live HTTP/1.1\r\nX: " + "x".repeat(7_000)).getBytes(StandardCharsets.US_ASCII);
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 60; i++) {
                Socket socket = new Socket();
                socket.bind(new InetSocketAddress(ELSEWHERE, 0));
                socket.connect(
                        new InetSocketAddress("127.0.0.1", server.httpPort().orElseThrow()), PATIENCE_MILLIS);
                socket.setSoTimeout(1);
                slow.add(socket);
            }
            int ended = 0;
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            for (int at = 0; at < request.length && ended < slow.size(); at++) {
                assertThat(System.nanoTime() - deadline).isNegative();
                ended = 0;
                for (Socket each : slow) {
                    trickle(each, request[at]);
                    ended += isEnded(each) ? 1 : 0;
                }
                await().atMost(PATIENCE).ignoreExceptions().until(() -> health().startsWith("HTTP/1.1 200"));
            }
            assertThat(ended).isEqualTo(slow.size());
        } finally {
            for (Socket each : slow) {
                each.close();
            }
        }
    }

    private static boolean isEnded(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            // Reset, since a byte of ours was on its way.
            return true;
        }
    }

    private String health() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", server.httpPort().orElseThrow()), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream()
                    .write("GET /health/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** Its answers would still be taken, but nothing more comes from it: it is as good as gone. */
    @Test
    void connectionThatIsHalfClosed_isClosedWhole() throws IOException {
        start(TestServer.config());
        goodOneIsServed();
        try (RawClient half = RawClient.greeted(server)) {
            half.send(new Request.Subscribe(7, ORDERS, 1, 1 << 20, 1 << 20, Durability.SYNCED));
            assertThat(half.answerTo(7)).isInstanceOf(Answer.Subscribed.class);
            half.socket().shutdownOutput();
            assertThat(half.untilClosed()).isEmpty();
        }
    }

    // ---------------------------------------------------------------- many

    /** As fast as they can, from one address, and never say a word; who is in notices nothing. */
    @Test
    void strangersWithoutEnd_areRefused() throws Exception {
        start(TestServer.config().maxUnauthenticated(20));
        AtomicBoolean isOver = new AtomicBoolean();
        List<Thread> flood = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            flood.add(new Thread(() -> connectUntil(isOver)));
        }
        flood.forEach(Thread::start);
        try {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (closed("stranger_limit") < 200 || appended < 50) {
                assertThat(System.nanoTime() - deadline).isNegative();
                goodOneIsServed();
            }
        } finally {
            isOver.set(true);
            for (Thread each : flood) {
                each.join(PATIENCE_MILLIS);
            }
        }
    }

    private void connectUntil(AtomicBoolean isOver) {
        List<RawClient> held = new ArrayList<>();
        try {
            for (int i = 0; i < 3_000 && !isOver.get(); i++) {
                held.add(RawClient.from(ELSEWHERE, server.port()));
                if (held.size() > 100) {
                    held.remove(0).close();
                }
            }
            for (RawClient each : held) {
                each.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException("this machine has no more room for connections", e);
        }
    }

    @Test
    void requestsWithoutEnd_areRefused_andTakeNothingFromOthers() throws Exception {
        start(TestServer.config().maxRequestsPerSecond(200).maxOutboundBytes(64 << 10));
        goodOneIsServed();
        try (RawClient hasty = RawClient.from(ELSEWHERE, server.port())) {
            assertThat(hasty.hello()).isInstanceOf(Answer.Welcome.class);
            ByteArrayOutputStream many = new ByteArrayOutputStream();
            for (int i = 0; i < 500; i++) {
                many.writeBytes(RawClient.bytes(new Request.Describe(hasty.nextId(), ORDERS)));
            }
            AtomicBoolean isOver = new AtomicBoolean();
            Thread talker = new Thread(() -> talk(hasty, many.toByteArray(), isOver));
            talker.start();
            Thread listener = new Thread(() -> listen(hasty));
            listener.start();
            try {
                // The good one asks less than its share in a second.
                for (int i = 0; i < 60; i++) {
                    goodOneIsServed();
                }
                await().atMost(PATIENCE).until(() -> refused() >= 500);
                for (int i = 0; i < 60; i++) {
                    goodOneIsServed();
                }
            } finally {
                isOver.set(true);
                hasty.close();
                talker.join(PATIENCE_MILLIS);
                listener.join(PATIENCE_MILLIS);
            }
        }
    }

    private double refused() {
        return config.meters()
                .get("wal.server.refused")
                .tag("limit", "rate")
                .counter()
                .count();
    }

    private static void talk(RawClient client, byte[] requests, AtomicBoolean isOver) {
        try {
            while (!isOver.get()) {
                client.sendBytes(requests);
            }
        } catch (IOException e) {
            // The test has closed it.
            assertThat(client.socket().isClosed()).isTrue();
        }
    }

    private static void listen(RawClient client) {
        byte[] heard = new byte[64 << 10];
        try {
            while (client.socket().getInputStream().read(heard) >= 0) {
                Arrays.fill(heard, (byte) 0);
            }
        } catch (IOException e) {
            assertThat(client.socket().isClosed()).isTrue();
        }
    }
}
