package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.Durability;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers that break off, talk nonsense, or try names: each loses its connection at most, and nobody else notices. */
class HostileConnectionsTest {
    /** Header, ends, offsets, salt, reserved, file position. */
    private static final int ANSWER_HEAD_BYTES = 16 + 5 * 8 + 2 * 8 + 4 + 4 + 8;

    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;
    private RawClient good;

    @BeforeEach
    void start() throws IOException {
        config = TestServer.config().build();
        server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build());
        good = RawClient.greeted(server);
        good.append(ORDERS, "first");
    }

    /** The one that behaves is served, and of the others nothing is left. */
    @AfterEach
    void othersAreGoneAndTheGoodOneIsServed() throws IOException {
        assertThat(good.readAll(ORDERS, 0)).startsWith("first");
        await().atMost(Duration.ofMinutes(1)).until(() -> server.connections() == 1);
        assertThat(config.meters().get("wal.server.inflight.bytes").gauge().value())
                .isZero();
        assertThat(config.meters().get("wal.server.subscriptions").gauge().value())
                .isZero();
        good.close();
        server.close();
    }

    @Test
    void connectionCutAtEveryByteOfARequest_leavesNothingHalfDone() throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        said.writeBytes(RawClient.bytes(new Request.Hello(1, 1, 1, 0, 1 << 20, "cut", "")));
        said.writeBytes(RawClient.bytes(good.produce(
                ORDERS,
                Shape.VALUE,
                1,
                bytes("once"),
                Durability.SYNCED,
                Optional.of(new ProducerSequence(5, 0, 0)),
                OptionalLong.empty())));
        said.writeBytes(RawClient.bytes(new Request.Subscribe(3, ORDERS, 0, 1 << 20, 1 << 20, Durability.SYNCED)));
        byte[] all = said.toByteArray();
        for (int cut = 0; cut <= all.length; cut++) {
            try (RawClient client = RawClient.connect(server.port())) {
                client.sendBytes(Arrays.copyOf(all, cut));
            }
        }
        // The whole request was sent many times, under one sequence.
        assertThat(good.call(good.produce(
                        ORDERS,
                        Shape.VALUE,
                        1,
                        bytes("once"),
                        Durability.SYNCED,
                        Optional.of(new ProducerSequence(5, 0, 0)),
                        OptionalLong.empty())))
                .isEqualTo(new Answer.Produced(good.nextId() - 1, 1));
        assertThat(good.readAll(ORDERS, 0)).containsExactly("first", "once");
    }

    @Test
    void connectionCutAtEveryByteOfAnAnswer_lostNothingButTheAnswer() throws IOException {
        good.append(ORDERS, "x".repeat(200));
        Request.Fetch fetch = good.fetch(ORDERS, 0, 1 << 20, 0);
        Answer.Fetched whole = (Answer.Fetched) good.call(fetch);
        int answerBytes = ANSWER_HEAD_BYTES + whole.frames().readableBytes();
        for (int cut = 0; cut <= answerBytes; cut++) {
            try (RawClient client = RawClient.greeted(server)) {
                client.send(fetch);
                assertThat(client.socket().getInputStream().readNBytes(cut)).hasSize(cut);
                // Not a word of farewell: the kernel resets the connection.
                client.socket().setSoLinger(true, 0);
            }
        }
    }

    @Test
    void garbage_endsAtMostItsOwnConnection() throws IOException {
        long seed = System.nanoTime();
        System.out.println("garbage: seed=" + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 150; i++) {
            try (RawClient client =
                    random.nextBoolean() ? RawClient.connect(server.port()) : RawClient.greeted(server)) {
                byte[] garbage = new byte[4 + random.nextInt(5_000)];
                random.nextBytes(garbage);
                if (random.nextBoolean()) {
                    // A length that is believed at first.
                    Unpooled.wrappedBuffer(garbage).setIntLE(0, 12 + random.nextInt(200));
                }
                sendAsFarAsItGoes(client, garbage);
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

    @Test
    void lengthThatIsTooLarge_isRefusedBeforeItComes() throws IOException {
        for (int length : new int[] {Protocol.MAX_HELLO_LENGTH + 1, Integer.MAX_VALUE, -1, 0, 11}) {
            try (RawClient client = RawClient.connect(server.port())) {
                client.sendBytes(Unpooled.buffer(4).writeIntLE(length).array());
                assertThat(client.untilClosed()).hasSize(1).allSatisfy(answer -> {
                    assertThat(answer.id()).isEqualTo(Protocol.NO_REQUEST);
                    assertThat(codeOf(answer)).isEqualTo("PROTOCOL_VIOLATED");
                });
            }
        }
        try (RawClient client = RawClient.greeted(server)) {
            client.sendBytes(Unpooled.buffer(4).writeIntLE(Protocol.MAX_LENGTH).array());
            assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
        }
    }

    @Test
    void versionsThatNobodyHere_speaks_areRefused() throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(new Request.Hello(9, 2, 7, 0, 1 << 20, "later", ""));
            List<Answer> heard = client.untilClosed();
            assertThat(heard).extracting(RawClient::codeOf).containsExactly("VERSION_UNSUPPORTED");
            assertThat(heard.get(0).id()).isEqualTo(9);
        }
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(new Request.Hello(9, 1, 7, 0, 1 << 20, "both", ""));
            assertThat(client.next())
                    .isInstanceOfSatisfying(
                            Answer.Welcome.class,
                            welcome -> assertThat(welcome.version()).isEqualTo(1));
        }
    }

    @Test
    void requestOfALaterVersion_isAnsweredAndSteppedOver() throws IOException {
        byte[] unknown = RawClient.bytes(new Request.Ping(77));
        unknown[4] = 0x7e;
        good.sendBytes(unknown);
        assertThat(codeOf(good.answerTo(77))).isEqualTo("REQUEST_UNKNOWN");
        assertThat(good.call(new Request.Ping(78))).isInstanceOf(Answer.Pong.class);
    }

    @Test
    void requestThatIsMalformed_endsTheConnectionAfterWhatWasAskedBefore() throws IOException {
        try (RawClient client = RawClient.greeted(server)) {
            byte[] bad = RawClient.bytes(new Request.Describe(88, ORDERS));
            bad[Protocol.HEADER_BYTES] = (byte) 0xff;
            client.sendBytes(bad);
            List<Answer> heard = client.untilClosed();
            assertThat(heard).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
            assertThat(heard.get(0).id()).isEqualTo(88);
        }
    }

    @Test
    void helloComesFirstAndOnce() throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(new Request.Ping(5));
            assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
        }
        try (RawClient client = RawClient.greeted(server)) {
            client.send(new Request.Hello(6, 1, 1, 0, 1 << 20, "again", ""));
            assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
        }
        try (RawClient client = RawClient.connect(server.port())) {
            client.sendBytes("GET / HTTP/1.1\r\nHost: here\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("PROTOCOL_VIOLATED");
        }
    }

    @Test
    void namesThatLeadElsewhere_areNoNames() throws IOException {
        List<String> before = everything();
        for (String name : List.of(
                "..",
                ".",
                "",
                "%2e%2e",
                "a/b",
                "../../etc/passwd",
                "a\\b",
                "orders\0",
                "\u202eorders",
                "x".repeat(201),
                "y".repeat(10 << 10),
                "-rf /",
                "STORE\n")) {
            for (int number : new int[] {0, -1, Integer.MIN_VALUE}) {
                PartitionName trick = new PartitionName(name, number, PartitionName.ANY);
                assertThat(codeOf(good.call(good.value(trick, bytes("v"), Durability.SYNCED))))
                        .as(name)
                        .isEqualTo("NAME_INVALID");
                assertThat(codeOf(good.call(new Request.Create(good.nextId(), trick))))
                        .isEqualTo("NAME_INVALID");
                assertThat(codeOf(good.call(good.fetch(trick, 0, 100, 0)))).isEqualTo("NAME_INVALID");
                assertThat(codeOf(good.call(new Request.Delete(good.nextId(), trick))))
                        .isEqualTo("NAME_INVALID");
                assertThat(codeOf(good.call(new Request.Subscribe(good.nextId(), trick, 0, 1, 1, Durability.SYNCED))))
                        .isEqualTo("NAME_INVALID");
            }
        }
        assertThat(codeOf(good.call(
                        good.value(new PartitionName("orders", -1, PartitionName.ANY), bytes("v"), Durability.SYNCED))))
                .isEqualTo("NAME_INVALID");
        assertThat(everything()).isEqualTo(before);
    }

    private List<String> everything() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.map(Path::toString)
                    .filter(name -> !name.endsWith(".tmp"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void messageThatArrivesByteByByte_isAMessage() throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            ByteBuf said = Unpooled.wrappedBuffer(
                    RawClient.bytes(new Request.Hello(1, 1, 1, 0, 1 << 20, "slow", "")),
                    RawClient.bytes(new Request.Ping(2)));
            while (said.isReadable()) {
                client.sendBytes(new byte[] {said.readByte()});
            }
            assertThat(client.next()).isInstanceOf(Answer.Welcome.class);
            assertThat(client.next()).isInstanceOf(Answer.Pong.class);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
