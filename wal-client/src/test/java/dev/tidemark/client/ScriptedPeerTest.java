package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.client.protocol.WireError;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A client whose peer speaks the protocol and says what is not so. The client believes no bytes that fail their checks, acknowledges nothing that was not, and waits for nobody for ever: it opens
 * another connection, or says what is wrong.
 */
class ScriptedPeerTest {
    private static final long PATIENCE_SECONDS = 60;

    /** What a peer may say in place of an answer. */
    enum Wrong {
        ANSWER_TO_NOBODY,
        ANSWERED_TWICE,
        ANOTHER_KIND,
        FRAMES_THAT_NOBODY_ASKED_FOR,
        PUSH_OF_NO_SUBSCRIPTION,
        A_SECOND_WELCOME,
        A_REQUEST,
        KIND_OF_NO_VERSION,
        RESERVED_BYTES,
        BODY_CUT_SHORT,
        LENGTH_TOO_LARGE,
        LENGTH_TOO_SMALL,
        NEGATIVE_OFFSET,
        ERROR_OF_THE_CONNECTION,
        STOPPING_AND_NO_END,
        END_OF_THE_CONNECTION,
        RESET_OF_THE_CONNECTION,
        BYTE_BY_BYTE;

        void say(ScriptedPeer peer, Request request, ScriptedPeer.Line line) throws IOException {
            long id = request.id();
            byte[] pong = ScriptedPeer.bytes(new Answer.Pong(id, 0));
            switch (this) {
                case ANSWER_TO_NOBODY -> line.send(new Answer.Produced(id + 1_000_000, 7));
                case ANSWERED_TWICE -> {
                    byte[] answer = ScriptedPeer.bytes(peer.honest(request));
                    line.sendBytes(answer);
                    line.sendBytes(answer);
                }
                case ANOTHER_KIND -> line.sendBytes(pong);
                case FRAMES_THAT_NOBODY_ASKED_FOR -> {
                    if (request instanceof Request.Fetch) {
                        line.send(new Answer.Produced(id, 3));
                    } else {
                        line.send(new Answer.Fetched(id, peer.head(0, 1), Unpooled.wrappedBuffer(new byte[64])));
                    }
                }
                case PUSH_OF_NO_SUBSCRIPTION ->
                    line.send(new Answer.Pushed(99_999, peer.head(0, 1), Unpooled.wrappedBuffer(new byte[64])));
                case A_SECOND_WELCOME -> line.send(ScriptedPeer.welcome(1));
                case A_REQUEST -> line.sendBytes(ScriptedPeer.bytes(new Request.Ping(id)));
                case KIND_OF_NO_VERSION -> line.sendBytes(changed(pong, 4, 0xee));
                case RESERVED_BYTES -> line.sendBytes(changed(pong, 6, 1));
                case BODY_CUT_SHORT ->
                    line.sendBytes(changed(java.util.Arrays.copyOf(pong, pong.length - 3), 0, pong.length - 7));
                case LENGTH_TOO_LARGE -> line.sendBytes(new byte[] {-1, -1, -1, 0x7f});
                case LENGTH_TOO_SMALL -> line.sendBytes(new byte[] {3, 0, 0, 0, 1, 2, 3});
                case NEGATIVE_OFFSET -> {
                    byte[] produced = ScriptedPeer.bytes(new Answer.Produced(id, 1));
                    line.sendBytes(changed(produced, produced.length - 1, 0x80));
                }
                case ERROR_OF_THE_CONNECTION ->
                    line.send(new Answer.Failed(
                            Protocol.NO_REQUEST,
                            WireError.of(new UnavailableException(ErrorCode.PROTOCOL_VIOLATED, "you are wrong"))));
                case STOPPING_AND_NO_END ->
                    line.send(new Answer.Failed(
                            Protocol.NO_REQUEST,
                            WireError.of(new UnavailableException(ErrorCode.SERVER_STOPPING, "soon"))));
                case END_OF_THE_CONNECTION -> line.hangUp();
                case RESET_OF_THE_CONNECTION -> {
                    line.socket().setSoLinger(true, 0);
                    line.hangUp();
                }
                case BYTE_BY_BYTE -> {
                    line.socket().setTcpNoDelay(true);
                    for (byte each : ScriptedPeer.bytes(peer.honest(request))) {
                        line.sendBytes(new byte[] {each});
                    }
                }
            }
        }

        private static byte[] changed(byte[] bytes, int at, int value) {
            byte[] changed = bytes.clone();
            changed[at] = (byte) value;
            return changed;
        }
    }

    private static ClientConfig.Builder config(ScriptedPeer peer) {
        return ClientConfig.builder("127.0.0.1:" + peer.port())
                .heartbeat(Duration.ofMillis(20))
                .idleTimeout(Duration.ofMillis(150))
                .firstBackOff(Duration.ofMillis(1))
                .maxBackOff(Duration.ofMillis(5))
                .connectTimeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .requestTimeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .appendTimeout(Duration.ofSeconds(PATIENCE_SECONDS))
                // Each append alone, so that the peer's log holds the values as they are.
                .batchRecords(1)
                .closeTimeout(Duration.ZERO);
    }

    private static boolean isProduceOrFetch(Request request) {
        return request instanceof Request.Produce || request instanceof Request.Fetch;
    }

    /** Says the wrong thing once to a produce, once to a fetch and once to a question; else it is honest. */
    private static ScriptedPeer.Script onceEach(ScriptedPeer[] peer, Wrong wrong) {
        AtomicBoolean produce = new AtomicBoolean();
        AtomicBoolean fetch = new AtomicBoolean();
        AtomicBoolean offsets = new AtomicBoolean();
        return (request, line) -> {
            boolean isDue = (request instanceof Request.Produce && produce.compareAndSet(false, true))
                    || (request instanceof Request.Fetch && fetch.compareAndSet(false, true))
                    || (request instanceof Request.Offsets && offsets.compareAndSet(false, true));
            if (isDue) {
                wrong.say(peer[0], request, line);
            }
            return isDue;
        };
    }

    @ParameterizedTest
    @EnumSource
    void wrongAnswer_costsAConnectionAtMost(Wrong wrong) throws Exception {
        ScriptedPeer[] self = new ScriptedPeer[1];
        try (ScriptedPeer peer = new ScriptedPeer(onceEach(self, wrong))) {
            self[0] = peer;
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                Map<String, Long> acknowledged = appendAndWait(orders, 12);
                assertThat(peer.values()).isEqualTo(acknowledged);
                assertThat(orders.ends().readable()).isEqualTo(12);
                assertThat(readAll(orders)).isEqualTo(acknowledged);
            }
        }
    }

    private static Map<String, Long> appendAndWait(Partition orders, int values) throws Exception {
        Map<String, CompletableFuture<Long>> futures = new HashMap<>();
        for (int i = 0; i < values; i++) {
            futures.put("value " + i, orders.appendAsync(bytes("value " + i)));
        }
        Map<String, Long> acknowledged = new HashMap<>();
        for (Map.Entry<String, CompletableFuture<Long>> each : futures.entrySet()) {
            acknowledged.put(each.getKey(), each.getValue().get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
        return acknowledged;
    }

    private static Map<String, Long> readAll(Partition orders) {
        Map<String, Long> read = new HashMap<>();
        try (Cursor cursor = orders.read(From.start())) {
            while (cursor.next()) {
                read.put(new String(cursor.value(), StandardCharsets.UTF_8), cursor.offset());
            }
        }
        return read;
    }

    /** Nobody waits for ever for a peer that never learns, and it is not called on without a pause. */
    @ParameterizedTest
    @EnumSource(
            names = {
                "ANSWER_TO_NOBODY",
                "ANSWERED_TWICE",
                "FRAMES_THAT_NOBODY_ASKED_FOR",
                "KIND_OF_NO_VERSION",
                "STOPPING_AND_NO_END",
                "END_OF_THE_CONNECTION"
            })
    void peerThatIsAlwaysWrong_isToldAsAnErrorInTime(Wrong wrong) throws Exception {
        ScriptedPeer[] self = new ScriptedPeer[1];
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            if (isProduceOrFetch(request)) {
                wrong.say(self[0], request, line);
                return true;
            }
            return false;
        })) {
            self[0] = peer;
            ClientConfig config = config(peer)
                    .maxBackOff(Duration.ofSeconds(1))
                    .requestTimeout(Duration.ofMillis(60))
                    .build();
            try (WalClient client = patiently(() -> WalClient.connect(config))) {
                Partition orders = patiently(() -> client.partition("orders", 0));
                try {
                    long offset = orders.append(AppendRequest.of(bytes("a")).withTimeout(Duration.ofMillis(60)));
                    assertThat(peer.values()).isEqualTo(Map.of("a", offset));
                } catch (OutcomeUnknownException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.WAIT_TIMEOUT);
                }
                try (Cursor cursor = patiently(() -> orders.read(From.start()))) {
                    if (cursor.next()) {
                        assertThat(new String(cursor.value(), StandardCharsets.UTF_8))
                                .isEqualTo("a");
                    }
                } catch (WalException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE);
                }
            }
            assertThat(peer.connections()).as("with pauses between them").isLessThan(300);
        }
    }

    /** On a machine that is slow the deadline of a call may pass without any fault. */
    private static <T> T patiently(Supplier<T> call) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try {
                return call.get();
            } catch (UnavailableException e) {
                if (e.code() != ErrorCode.SERVER_UNREACHABLE || System.nanoTime() - until > 0) {
                    throw e;
                }
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---------------------------------------------------------------- hello

    /** What a peer may do instead of saying welcome. */
    enum Hello {
        OTHER_VERSION,
        ANOTHER_KIND,
        ANOTHER_ID,
        NOTHING,
        END,
        GARBAGE,
        AN_UNKNOWN_ERROR,
        STARTING;

        void say(Request request, ScriptedPeer.Line line) throws IOException {
            byte[] welcome = ScriptedPeer.bytes(ScriptedPeer.welcome(request.id()));
            switch (this) {
                case OTHER_VERSION -> line.sendBytes(Wrong.changed(welcome, Protocol.HEADER_BYTES, 2));
                case ANOTHER_KIND -> line.send(new Answer.Pong(request.id(), 0));
                case ANOTHER_ID -> line.send(ScriptedPeer.welcome(77));
                case NOTHING -> assertThat(line.socket().isClosed()).isFalse();
                case END -> line.hangUp();
                case GARBAGE -> line.sendBytes(bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
                case AN_UNKNOWN_ERROR ->
                    line.send(new Answer.Failed(
                            request.id(),
                            new WireError(
                                    WireError.Family.UNAVAILABLE,
                                    "CODE_OF_LATER",
                                    Remedy.RETRY,
                                    "not now",
                                    -1,
                                    Optional.empty())));
                case STARTING ->
                    line.send(new Answer.Failed(
                            request.id(),
                            WireError.of(new UnavailableException(ErrorCode.SERVER_STARTING, "in a moment"))));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void helloThatIsNone_isTriedAgain(Hello hello) throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            boolean isWrong = request instanceof Request.Hello && line.number() <= 3;
            if (isWrong) {
                hello.say(request, line);
            }
            return isWrong;
        })) {
            ClientConfig config =
                    config(peer).connectTimeout(Duration.ofMillis(100)).build();
            try (WalClient client = WalClient.connect(config)) {
                assertThat(client.partitions()).hasSize(1);
            }
            assertThat(peer.connections()).isGreaterThanOrEqualTo(4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void helloThatIsNeverOne_isToldAsAnError(Hello hello) throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            hello.say(request, line);
            return true;
        })) {
            ClientConfig config = config(peer)
                    .connectTimeout(Duration.ofMillis(20))
                    .requestTimeout(Duration.ofMillis(60))
                    .build();
            assertThatThrownBy(() -> WalClient.connect(config).close())
                    .isInstanceOfSatisfying(
                            UnavailableException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE));
        }
    }

    @Test
    void serverThatSaysNoVersionFits_isToldAtOnce() throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            line.send(new Answer.Failed(
                    request.id(),
                    WireError.of(new UnavailableException(ErrorCode.VERSION_UNSUPPORTED, "2 to 3 are spoken here"))));
            return true;
        })) {
            assertThatThrownBy(() -> WalClient.connect(config(peer).build()).close())
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.VERSION_UNSUPPORTED));
        }
    }

    // ---------------------------------------------------------------- silence

    /** Answers pings, and leaves out one append: the partition must not wait behind it for ever. */
    @Test
    void appendThatIsNeverAnswered_isRepeatedOnAnotherConnection() throws Exception {
        try (ScriptedPeer peer =
                new ScriptedPeer((request, line) -> request instanceof Request.Produce && line.number() == 1)) {
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                assertThatThrownBy(
                                () -> orders.append(AppendRequest.of(bytes("a")).withTimeout(Duration.ofMillis(50))))
                        .isInstanceOfSatisfying(
                                OutcomeUnknownException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.WAIT_TIMEOUT));
                assertThat(orders.append(bytes("b"))).isEqualTo(1);
                assertThat(peer.values()).isEqualTo(Map.of("a", 0L, "b", 1L));
            }
        }
    }

    @Test
    void peerThatReadsAndSaysNothingAnyMore_isLeft() throws Exception {
        try (ScriptedPeer peer =
                new ScriptedPeer((request, line) -> line.number() <= 2 && !(request instanceof Request.Hello))) {
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                assertThat(orders.append(bytes("a"))).isZero();
                assertThat(peer.connections()).isGreaterThan(2);
            }
        }
    }

    /** A half-open connection: what is written goes nowhere, and nobody says so. */
    @Test
    void peerThatDoesNotEvenRead_isLeft() throws Exception {
        CompletableFuture<Void> end = new CompletableFuture<>();
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            if (line.number() <= 2 && request instanceof Request.Produce) {
                end.join();
            }
            return false;
        })) {
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                byte[] large = new byte[900 << 10];
                CompletableFuture<?>[] appends = new CompletableFuture<?>[10];
                for (int i = 0; i < appends.length; i++) {
                    large[0] = (byte) ('a' + i);
                    appends[i] = orders.appendAsync(large);
                }
                CompletableFuture.allOf(appends).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
                assertThat(peer.values()).hasSize(appends.length);
            } finally {
                end.complete(null);
            }
        }
    }

    // ---------------------------------------------------------------- cuts

    @Test
    void connectionCutAtEveryByteOfTheAnswers_losesAndDoublesNothing() throws Exception {
        AtomicInteger cuts = new AtomicInteger();
        ScriptedPeer[] self = new ScriptedPeer[1];
        Map<ScriptedPeer.Line, Integer> said = new HashMap<>();
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            byte[] answer = ScriptedPeer.bytes(self[0].honest(request));
            int before;
            synchronized (said) {
                before = said.merge(line, answer.length, Integer::sum) - answer.length;
            }
            int left = line.number() - before;
            if (left < answer.length) {
                cuts.incrementAndGet();
                line.sendBytes(java.util.Arrays.copyOf(answer, Math.max(0, left)));
                line.hangUp();
            } else {
                line.sendBytes(answer);
            }
            return true;
        })) {
            self[0] = peer;
            try (WalClient client = WalClient.connect(
                    config(peer).maxBackOff(Duration.ofMillis(1)).build())) {
                Partition orders = client.partition("orders", 0);
                Map<String, Long> acknowledged = new HashMap<>();
                // Each connection says one byte more than the one before it.
                for (int i = 0; cuts.get() < 350; i++) {
                    acknowledged.put("value " + i, orders.append(bytes("value " + i)));
                    assertThat(orders.ends().readable()).isEqualTo(i + 1);
                    try (Cursor cursor = orders.read(From.offset(i))) {
                        assertThat(cursor.next()).isTrue();
                        assertThat(cursor.value()).isEqualTo(bytes("value " + i));
                    }
                }
                assertThat(peer.values()).isEqualTo(acknowledged);
            }
        }
    }

    // ---------------------------------------------------------------- frames

    /** What may be wrong with frames. */
    enum WrongFrames {
        BROKEN_PAYLOAD,
        BROKEN_HEADER,
        OUT_OF_ORDER,
        ONE_MISSING,
        BEGINNING_LATER,
        OF_ANOTHER_SEGMENT,
        OF_ANOTHER_PLACE,
        HALF_A_FRAME,
        BEFORE_WHAT_WAS_ASKED,
        GARBAGE,
        NEXT_OFFSET_BEYOND_THEM;

        Answer answer(ScriptedPeer peer, Request.Fetch fetch) {
            SliceHead head = peer.head(fetch.from(), peer.ends().readable());
            byte[] good = ByteBufUtil.getBytes(peer.frames(fetch.from(), ScriptedPeer.SALT, ScriptedPeer.POSITION));
            int frame = FrameCodec.frameBytes(java.nio.ByteBuffer.wrap(good), 0);
            byte[] bad = good.clone();
            switch (this) {
                case BROKEN_PAYLOAD -> bad[FrameCodec.HEADER_BYTES + 1] ^= 4;
                case BROKEN_HEADER -> bad[9] ^= 1;
                case OUT_OF_ORDER -> {
                    System.arraycopy(good, 0, bad, frame, frame);
                    System.arraycopy(good, frame, bad, 0, frame);
                }
                case ONE_MISSING -> {
                    bad = java.util.Arrays.copyOf(good, good.length - frame);
                    System.arraycopy(good, 2 * frame, bad, frame, good.length - 2 * frame);
                    FrameCodec.finish(
                            java.nio.ByteBuffer.wrap(bad),
                            frame,
                            ScriptedPeer.SALT,
                            ScriptedPeer.POSITION + frame,
                            0,
                            new java.util.zip.CRC32C());
                }
                case BEGINNING_LATER ->
                    bad = ByteBufUtil.getBytes(peer.frames(fetch.from() + 1, ScriptedPeer.SALT, ScriptedPeer.POSITION));
                case OF_ANOTHER_SEGMENT ->
                    bad = ByteBufUtil.getBytes(peer.frames(fetch.from(), ScriptedPeer.SALT + 1, ScriptedPeer.POSITION));
                case OF_ANOTHER_PLACE ->
                    bad = ByteBufUtil.getBytes(peer.frames(fetch.from(), ScriptedPeer.SALT, ScriptedPeer.POSITION + 8));
                case HALF_A_FRAME -> bad = java.util.Arrays.copyOf(good, frame / 2);
                case BEFORE_WHAT_WAS_ASKED ->
                    bad = java.util.Arrays.copyOf(
                            ByteBufUtil.getBytes(peer.frames(0, ScriptedPeer.SALT, ScriptedPeer.POSITION)), frame);
                case GARBAGE -> new java.util.Random(7).nextBytes(bad);
                case NEXT_OFFSET_BEYOND_THEM -> {
                    bad = java.util.Arrays.copyOf(good, frame);
                    head = new SliceHead(
                            head.ends(), head.firstOffset(), head.nextOffset(), head.salt(), head.filePosition());
                }
            }
            ByteBuf frames = Unpooled.wrappedBuffer(bad);
            return new Answer.Fetched(fetch.id(), head, frames);
        }
    }

    private static ScriptedPeer.Script frames(
            ScriptedPeer[] peer, WrongFrames wrong, Predicate<Request.Fetch> isWrong) {
        return (request, line) -> {
            if (request instanceof Request.Fetch fetch && fetch.from() == 2 && isWrong.test(fetch)) {
                line.send(wrong.answer(peer[0], fetch));
                return true;
            }
            return false;
        };
    }

    @ParameterizedTest
    @EnumSource
    void framesThatAreWrongOnce_areAskedForAgain(WrongFrames wrong) throws Exception {
        ScriptedPeer[] self = new ScriptedPeer[1];
        AtomicBoolean first = new AtomicBoolean(true);
        try (ScriptedPeer peer = new ScriptedPeer(frames(self, wrong, fetch -> first.compareAndSet(true, false)))) {
            self[0] = peer;
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                appendInOrder(orders, 6);
                assertThat(valuesFrom(orders, 2)).containsExactly("value 2", "value 3", "value 4", "value 5");
                assertThat(first.get()).isFalse();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void framesThatStayWrong_areAnErrorAndNeverBytes(WrongFrames wrong) throws Exception {
        ScriptedPeer[] self = new ScriptedPeer[1];
        try (ScriptedPeer peer = new ScriptedPeer(frames(self, wrong, fetch -> true))) {
            self[0] = peer;
            try (WalClient client = WalClient.connect(config(peer).build())) {
                Partition orders = client.partition("orders", 0);
                appendInOrder(orders, 6);
                if (wrong == WrongFrames.NEXT_OFFSET_BEYOND_THEM || wrong == WrongFrames.ONE_MISSING) {
                    // It takes the good ones, believes nothing that is said of them, and asks for what follows.
                    assertThat(valuesFrom(orders, 2)).containsExactly("value 2", "value 3", "value 4", "value 5");
                    return;
                }
                assertThatThrownBy(() -> valuesFrom(orders, 2)).isInstanceOfSatisfying(WalException.class, e -> {
                    if (wrong == WrongFrames.BEFORE_WHAT_WAS_ASKED) {
                        assertThat(e.code()).isEqualTo(ErrorCode.PROTOCOL_VIOLATED);
                    } else {
                        assertThat(e).isInstanceOf(DamageException.class);
                        assertThat(((DamageException) e).damage().firstOffset()).isBetween(2L, 3L);
                    }
                });
            }
        }
    }

    private static void appendInOrder(Partition orders, int values) {
        for (int i = 0; i < values; i++) {
            assertThat(orders.append(bytes("value " + i))).isEqualTo(i);
        }
    }

    private static List<String> valuesFrom(Partition orders, long from) {
        List<String> values = new java.util.ArrayList<>();
        try (Cursor cursor = orders.read(From.offset(from))) {
            while (cursor.next()) {
                assertThat(cursor.offset()).isEqualTo(from + values.size());
                values.add(new String(cursor.value(), StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    // ---------------------------------------------------------------- errors

    @ParameterizedTest
    @EnumSource
    void errorOfALaterVersion_isOneOfItsFamily(WireError.Family family) throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            if (request instanceof Request.Produce || request instanceof Request.ListPartitions) {
                line.send(new Answer.Failed(
                        request.id(),
                        new WireError(
                                family, "MOON_IS_FULL", Remedy.FIX_ENVIRONMENT, "wait for it", -1, Optional.empty())));
                return true;
            }
            return false;
        })) {
            try (WalClient client = WalClient.connect(config(peer).build())) {
                assertThatThrownBy(client::partitions).isInstanceOfSatisfying(WalException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.CODE_UNKNOWN);
                    assertThat(e).hasMessageContaining("MOON_IS_FULL");
                    assertThat(WireError.of(e).family()).isEqualTo(family);
                });
                Partition orders = client.partition("orders", 0);
                assertThatThrownBy(() -> orders.append(bytes("a"))).isInstanceOfSatisfying(WalException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.CODE_UNKNOWN);
                    assertThat(WireError.of(e).family()).isEqualTo(family);
                });
            }
        }
    }

    @Test
    void listWithoutAnEnd_isNotReadForEver() throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            if (request instanceof Request.ListPartitions) {
                line.send(new Answer.Listed(request.id(), true, List.of(new PartitionName("orders", 0, 1))));
                return true;
            }
            return false;
        })) {
            try (WalClient client = WalClient.connect(config(peer).build())) {
                assertThatThrownBy(client::partitions)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PROTOCOL_VIOLATED));
            }
        }
    }

    /** The start of the log runs away from a cursor that looks for it, for ever. */
    @Test
    void startThatIsNeverThere_isAnError() throws Exception {
        try (ScriptedPeer peer = new ScriptedPeer((request, line) -> {
            if (request instanceof Request.Fetch) {
                line.send(new Answer.Failed(
                        request.id(),
                        WireError.of(new dev.tidemark.wal.api.InvalidCallException(
                                ErrorCode.OFFSET_TRIMMED, "it was there a moment ago"))));
                return true;
            }
            return false;
        })) {
            try (WalClient client = WalClient.connect(config(peer).build());
                    Cursor cursor = client.partition("orders", 0).read(From.start())) {
                assertThatThrownBy(cursor::next)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED));
            }
        }
    }
}
