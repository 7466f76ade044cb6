package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Seek;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.RecordsEncoder;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of request, over a socket. */
class RequestsTest {
    private static final long TWO = 2;

    @TempDir
    private Path directory;

    private WalServer server;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
        server = TestServer.start(directory);
        client = RawClient.greeted(server);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
        assertThat(server.connections()).isZero();
    }

    // ---------------------------------------------------------------- produce

    @Test
    void everyShapeAndDurability_isAppendedAndReadBack() throws IOException {
        List<WalRecord> records = List.of(WalRecord.of(bytes("a")), WalRecord.of(bytes("k"), bytes("b")));
        byte[] encoded = new byte[(int) RecordsEncoder.encodedBytes(records)];
        RecordsEncoder.encode(records, ByteBuffer.wrap(encoded), 0);
        long expected = 0;
        for (Durability durability : Durability.values()) {
            assertThat(client.call(client.value(ORDERS, bytes("v"), durability)))
                    .isInstanceOfSatisfying(Answer.Produced.class, p -> {});
            Answer batch = client.call(client.produce(
                    ORDERS, Shape.RECORDS, 2, encoded, durability, Optional.empty(), OptionalLong.empty()));
            assertThat(((Answer.Produced) batch).firstOffset()).isEqualTo(expected + 1);
            Answer opaque = client.call(client.produce(
                    ORDERS, Shape.OPAQUE, 5, bytes("o"), durability, Optional.empty(), OptionalLong.empty()));
            assertThat(((Answer.Produced) opaque).firstOffset()).isEqualTo(expected + 3);
            expected += 8;
        }
        assertThat(((Answer.Synced) client.call(new Request.Sync(client.nextId(), ORDERS))).durableEnd())
                .isEqualTo(expected);
        String batch = new String(encoded, StandardCharsets.UTF_8);
        assertThat(client.readAll(ORDERS, 0)).containsExactly("v", batch, "o", "v", batch, "o", "v", batch, "o");
    }

    @Test
    void pipelinedAppends_keepTheirOrder() throws IOException {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            ids.add(client.send(client.value(ORDERS, bytes("v" + i), Durability.SYNCED)));
        }
        for (int i = 0; i < 500; i++) {
            assertThat(((Answer.Produced) client.answerTo(ids.get(i))).firstOffset())
                    .isEqualTo(i);
        }
        assertThat(client.readAll(ORDERS, 0))
                .isEqualTo(IntStream.range(0, 500).mapToObj(i -> "v" + i).toList());
    }

    @Test
    void repeatOfAProducer_isAnsweredWithItsFirstOffset() throws IOException {
        Optional<ProducerSequence> first = Optional.of(new ProducerSequence(7, 0, 0));
        for (int i = 0; i < 3; i++) {
            Answer answer = client.call(client.produce(
                    ORDERS, Shape.VALUE, 1, bytes("once"), Durability.SYNCED, first, OptionalLong.empty()));
            assertThat(((Answer.Produced) answer).firstOffset()).isZero();
        }
        Answer gap = client.call(client.produce(
                ORDERS,
                Shape.VALUE,
                1,
                bytes("x"),
                Durability.SYNCED,
                Optional.of(new ProducerSequence(7, 0, 5)),
                OptionalLong.empty()));
        assertThat(codeOf(gap)).isEqualTo("SEQUENCE_GAP");
        assertThat(client.readAll(ORDERS, 0)).containsExactly("once");
    }

    @Test
    void appendThatIsWrong_isRefusedAndNothingIsAppended() throws IOException {
        assertThat(client.append(ORDERS, "first")).isZero();
        Request.Produce good = client.value(ORDERS, bytes("x"), Durability.SYNCED);
        assertThat(codeOf(client.call(new Request.Produce(
                        good.id(),
                        ORDERS,
                        true,
                        Shape.VALUE,
                        good.durability(),
                        Protocol.DEFAULT_TIMEOUT,
                        1,
                        good.payloadCrc() + 1,
                        Optional.empty(),
                        OptionalLong.empty(),
                        good.payload()))))
                .isEqualTo("CHECKSUM_MISMATCH");
        assertThat(codeOf(client.call(client.produce(
                        ORDERS,
                        Shape.RECORDS,
                        3,
                        bytes("no records"),
                        Durability.SYNCED,
                        Optional.empty(),
                        OptionalLong.empty()))))
                .isEqualTo("ARGUMENT_INVALID");
        assertThat(codeOf(client.call(client.produce(
                        ORDERS, Shape.VALUE, 1, bytes("x"), Durability.SYNCED, Optional.empty(), OptionalLong.of(7)))))
                .isEqualTo("OFFSET_MISMATCH");
        assertThat(codeOf(client.call(client.value(ORDERS, new byte[1 << 20], Durability.SYNCED))))
                .isEqualTo("APPEND_TOO_LARGE");
        assertThat(client.readAll(ORDERS, 0)).containsExactly("first");
    }

    @Test
    void partitionThatMayNotBeCreated_isUnknown() throws IOException {
        byte[] value = bytes("x");
        Request.Produce produce = new Request.Produce(
                client.nextId(),
                ORDERS,
                false,
                Shape.VALUE,
                Optional.empty(),
                Protocol.DEFAULT_TIMEOUT,
                1,
                RawClient.crcOf(value),
                Optional.empty(),
                OptionalLong.empty(),
                Unpooled.wrappedBuffer(value));
        assertThat(codeOf(client.call(produce))).isEqualTo("PARTITION_UNKNOWN");
        assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 100, 0)))).isEqualTo("PARTITION_UNKNOWN");
        assertThat(codeOf(client.call(new Request.Describe(client.nextId(), ORDERS))))
                .isEqualTo("PARTITION_UNKNOWN");
    }

    // ---------------------------------------------------------------- fetch

    @Test
    void largeFetch_comesFromTheFileAndVerifies() throws IOException {
        Random random = new Random(1);
        List<String> sent = new ArrayList<>();
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sent.add(Long.toString(random.nextLong(), 36).repeat(3_000));
            ids.add(client.send(client.value(ORDERS, bytes(sent.get(i)), Durability.SYNCED)));
        }
        for (long id : ids) {
            assertThat(client.answerTo(id)).isInstanceOf(Answer.Produced.class);
        }
        // Through several segments.
        assertThat(client.readAll(ORDERS, 0)).isEqualTo(sent);
        assertThat(client.readAll(ORDERS, 50)).isEqualTo(sent.subList(50, 100));
        assertThat(server.state()).isEqualTo(ServerState.SERVING);
    }

    @Test
    void fetchThatWaits_isAnsweredByTheNextAppend() throws IOException {
        client.append(ORDERS, "a");
        long waiting = client.send(client.fetch(ORDERS, 1, 1_000, 60_000));
        try (RawClient other = RawClient.greeted(server)) {
            other.append(ORDERS, "b");
        }
        Answer.Fetched fetched = (Answer.Fetched) client.answerTo(waiting);
        assertThat(RawClient.values(fetched.head(), fetched.frames())).containsExactly("b");
    }

    @Test
    void fetchWhoseTimeIsUp_givesWhatThereIs() throws IOException {
        client.append(ORDERS, "a");
        Answer.Fetched nothing = (Answer.Fetched) client.call(client.fetch(ORDERS, 1, 1_000, 20));
        assertThat(nothing.frames().isReadable()).isFalse();
        assertThat(nothing.head().nextOffset()).isEqualTo(1);
        Answer.Fetched little = (Answer.Fetched)
                client.call(new Request.Fetch(client.nextId(), ORDERS, 0, 1_000, 1_000, 20, Durability.SYNCED));
        assertThat(RawClient.values(little.head(), little.frames())).containsExactly("a");
    }

    @Test
    void fetchOfNoBytes_waitsForItsOffsetAndTellsTheEnds() throws IOException {
        client.append(ORDERS, "a");
        Request.Fetch beyond = new Request.Fetch(client.nextId(), ORDERS, TWO, 0, 0, 60_000, Durability.SYNCED);
        client.send(beyond);
        client.append(ORDERS, "b");
        client.append(ORDERS, "c");
        Answer.Fetched told = (Answer.Fetched) client.answerTo(beyond.id());
        assertThat(told.frames().isReadable()).isFalse();
        assertThat(told.head().ends().readable()).isGreaterThanOrEqualTo(3);
        Answer.Fetched late = (Answer.Fetched)
                client.call(new Request.Fetch(client.nextId(), ORDERS, 99, 0, 0, 20, Durability.SYNCED));
        assertThat(late.head().ends().readable()).isEqualTo(3);
    }

    @Test
    void fetchOutsideOfTheLog_saysWhichWay() throws IOException {
        client.append(ORDERS, "a");
        client.append(ORDERS, "b");
        assertThat(codeOf(client.call(client.fetch(ORDERS, 3, 100, 0)))).isEqualTo("OFFSET_BEYOND_END");
        assertThat(((Answer.Trimmed) client.call(new Request.Trim(client.nextId(), ORDERS, 1))).start())
                .isEqualTo(1);
        assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 100, 0)))).isEqualTo("OFFSET_TRIMMED");
    }

    @Test
    void whatIsOnlyWritten_isFetchedByThoseWhoAskForIt() throws IOException {
        assertThat(client.call(client.value(ORDERS, bytes("w"), Durability.WRITTEN)))
                .isInstanceOf(Answer.Produced.class);
        Answer.Fetched fetched = (Answer.Fetched)
                client.call(new Request.Fetch(client.nextId(), ORDERS, 0, 1_000, 1, 60_000, Durability.WRITTEN));
        assertThat(RawClient.values(fetched.head(), fetched.frames())).containsExactly("w");
    }

    // ---------------------------------------------------------------- subscribe

    @Test
    void subscription_sendsWhatThereIsAndWhatComes() throws IOException {
        client.append(ORDERS, "a");
        client.append(ORDERS, "b");
        Request.Subscribe subscribe =
                new Request.Subscribe(client.nextId(), ORDERS, 0, 1 << 20, 1 << 20, Durability.SYNCED);
        assertThat(client.call(subscribe)).isInstanceOf(Answer.Subscribed.class);
        List<String> heard = new ArrayList<>();
        while (heard.size() < 2) {
            heard.addAll(push(subscribe.id()));
        }
        client.append(ORDERS, "c");
        heard.addAll(push(subscribe.id()));
        assertThat(heard).containsExactly("a", "b", "c");

        assertThat(((Answer.Unsubscribed) client.call(new Request.Unsubscribe(client.nextId(), subscribe.id())))
                        .existed())
                .isTrue();
        client.append(ORDERS, "d");
        assertThat(((Answer.Unsubscribed) client.call(new Request.Unsubscribe(client.nextId(), subscribe.id())))
                        .existed())
                .isFalse();
    }

    @Test
    void subscriptionWithoutCredit_sendsNothingUntilItHasSome() throws IOException {
        for (int i = 0; i < 10; i++) {
            client.append(ORDERS, "v" + i);
        }
        Request.Subscribe subscribe = new Request.Subscribe(client.nextId(), ORDERS, 0, 0, 1, Durability.SYNCED);
        assertThat(client.call(subscribe)).isInstanceOf(Answer.Subscribed.class);
        for (int i = 0; i < 10; i++) {
            // A push takes a whole frame of 48 bytes however little credit there is, and the rest is owed.
            client.send(new Request.Credit(subscribe.id(), i == 0 ? 1 : 48));
            assertThat(push(subscribe.id())).containsExactly("v" + i);
            assertThat(client.call(new Request.Ping(client.nextId()))).isInstanceOf(Answer.Pong.class);
        }
    }

    @Test
    void subscriptionThatCannotBegin_isAnError() throws IOException {
        assertThat(codeOf(client.call(new Request.Subscribe(client.nextId(), ORDERS, 0, 100, 100, Durability.SYNCED))))
                .isEqualTo("PARTITION_UNKNOWN");
        client.append(ORDERS, "a");
        assertThat(codeOf(client.call(new Request.Subscribe(client.nextId(), ORDERS, 2, 100, 100, Durability.SYNCED))))
                .isEqualTo("OFFSET_BEYOND_END");
        Request.Subscribe twice = new Request.Subscribe(client.nextId(), ORDERS, 1, 100, 100, Durability.SYNCED);
        assertThat(client.call(twice)).isInstanceOf(Answer.Subscribed.class);
        assertThat(codeOf(client.call(twice))).isEqualTo("ARGUMENT_INVALID");
    }

    private List<String> push(long subscription) throws IOException {
        Answer answer = client.answerTo(subscription);
        assertThat(answer).isInstanceOf(Answer.Pushed.class);
        Answer.Pushed pushed = (Answer.Pushed) answer;
        return RawClient.values(pushed.head(), pushed.frames());
    }

    // ---------------------------------------------------------------- the rest

    @Test
    void deletedPartition_isGoneForThoseWhoMeantIt() throws IOException {
        client.append(ORDERS, "old");
        long incarnation = ((Answer.Created) client.call(new Request.Create(client.nextId(), ORDERS))).incarnation();
        PartitionName old = ORDERS.only(incarnation);
        assertThat(client.readAll(old, 0)).containsExactly("old");
        Request.Subscribe subscribe = new Request.Subscribe(client.nextId(), ORDERS, 1, 100, 100, Durability.SYNCED);
        assertThat(client.call(subscribe)).isInstanceOf(Answer.Subscribed.class);

        assertThat(((Answer.Deleted) client.call(new Request.Delete(client.nextId(), ORDERS))).existed())
                .isTrue();
        assertThat(codeOf(client.answerTo(subscribe.id()))).isEqualTo("PARTITION_DELETED");
        assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 100, 0)))).isEqualTo("PARTITION_UNKNOWN");
        assertThat(codeOf(client.call(client.value(old, bytes("x"), Durability.SYNCED))))
                .isEqualTo("PARTITION_DELETED");

        assertThat(client.append(ORDERS, "new")).isZero();
        assertThat(codeOf(client.call(client.fetch(old, 0, 100, 0)))).isEqualTo("PARTITION_DELETED");
        assertThat(codeOf(client.call(client.value(old, bytes("x"), Durability.SYNCED))))
                .isEqualTo("PARTITION_DELETED");
        assertThat(client.readAll(ORDERS, 0)).containsExactly("new");
        assertThat(((Answer.Deleted) client.call(new Request.Delete(client.nextId(), new PartitionName("none", 0, 0))))
                        .existed())
                .isFalse();
    }

    @Test
    void checkpoints_areSetReadAndRemoved() throws IOException {
        client.append(ORDERS, "a");
        assertThat(client.call(new Request.SetCheckpoint(client.nextId(), ORDERS, "billing", 1)))
                .isInstanceOf(Answer.CheckpointSet.class);
        assertThat(((Answer.CheckpointsAre) client.call(new Request.Checkpoints(client.nextId(), ORDERS)))
                        .checkpoints())
                .containsExactly(Map.entry("billing", 1L));
        assertThat(codeOf(client.call(new Request.SetCheckpoint(client.nextId(), ORDERS, "../x", 1))))
                .isEqualTo("NAME_INVALID");
        for (boolean existed : new boolean[] {true, false}) {
            assertThat(((Answer.CheckpointRemoved)
                                    client.call(new Request.RemoveCheckpoint(client.nextId(), ORDERS, "billing")))
                            .existed())
                    .isEqualTo(existed);
        }
    }

    @Test
    void offsets_areFoundByPositionAndTime() throws IOException {
        long before = System.currentTimeMillis();
        client.append(ORDERS, "a");
        client.append(ORDERS, "b");
        assertThat(found(Seek.START, 0)).isZero();
        assertThat(found(Seek.END, 0)).isEqualTo(2);
        assertThat(found(Seek.OFFSET, 1)).isEqualTo(1);
        assertThat(found(Seek.TIMESTAMP, before)).isZero();
        assertThat(found(Seek.TIMESTAMP, Long.MAX_VALUE)).isEqualTo(2);
        assertThat(codeOf(client.call(new Request.Offsets(client.nextId(), ORDERS, Seek.OFFSET, 3))))
                .isEqualTo("OFFSET_BEYOND_END");
        assertThat(codeOf(client.call(new Request.Offsets(client.nextId(), ORDERS, Seek.OFFSET, -1))))
                .isEqualTo("OFFSET_TRIMMED");
    }

    private long found(Seek seek, long argument) throws IOException {
        return ((Answer.Found) client.call(new Request.Offsets(client.nextId(), ORDERS, seek, argument))).offset();
    }

    @Test
    void partitions_areListedPageByPage() throws IOException {
        for (int i = 0; i < 5; i++) {
            assertThat(client.call(new Request.Create(client.nextId(), new PartitionName("p", i, 0))))
                    .isInstanceOfSatisfying(
                            Answer.Created.class,
                            created -> assertThat(created.existed()).isFalse());
        }
        List<Integer> numbers = new ArrayList<>();
        Optional<PartitionName> after = Optional.empty();
        boolean hasMore = true;
        while (hasMore) {
            Answer.Listed page = (Answer.Listed) client.call(new Request.ListPartitions(client.nextId(), after, 2));
            page.partitions().forEach(partition -> numbers.add(partition.number()));
            after = Optional.of(page.partitions().get(page.partitions().size() - 1));
            hasMore = page.hasMore();
        }
        assertThat(numbers).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void description_hasStateAndSegments() throws IOException {
        client.append(ORDERS, "a");
        Answer.Described described = (Answer.Described) client.call(new Request.Describe(client.nextId(), ORDERS));
        assertThat(described.state()).isEqualTo(LifeState.OPEN);
        assertThat(described.ends().readable()).isEqualTo(1);
        assertThat(described.segments())
                .hasSize(1)
                .first()
                .satisfies(segment -> assertThat(segment.file()).endsWith(".seg"));
        assertThat(described.fileBytes()).isPositive();
        assertThat(described.failure()).isEmpty();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
