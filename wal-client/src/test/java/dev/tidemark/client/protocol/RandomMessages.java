package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.Remedy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;

/** Any message that may be sent, from a seed. */
final class RandomMessages {
    private static final String LETTERS = "abcxyzABC019._-/% \0\u00e4\u20ac\ud83d\ude00";

    private final Random random;

    RandomMessages(Random random) {
        this.random = random;
    }

    Message next(MessageKind kind) {
        return kind.isRequest() ? request(kind) : answer(kind);
    }

    private Request request(MessageKind kind) {
        long id = random.nextLong();
        return switch (kind) {
            case HELLO ->
                new Request.Hello(
                        id, random.nextInt(2), 1 + random.nextInt(9), random.nextLong(), length(), text(40), text(9));
            case PING -> new Request.Ping(id);
            case PRODUCE -> produce(id);
            case FETCH ->
                new Request.Fetch(
                        id,
                        partition(),
                        position(),
                        1 + random.nextInt(1 << 20),
                        random.nextInt(1 << 20),
                        wait(0),
                        visibility());
            case SUBSCRIBE ->
                new Request.Subscribe(
                        id,
                        partition(),
                        position(),
                        random.nextInt(1 << 20),
                        1 + random.nextInt(1 << 20),
                        visibility());
            case CREDIT -> new Request.Credit(id, 1 + random.nextInt(1 << 20));
            case UNSUBSCRIBE -> new Request.Unsubscribe(id, random.nextLong());
            case OFFSETS -> new Request.Offsets(id, partition(), Seek.values()[random.nextInt(4)], random.nextLong());
            case CREATE -> new Request.Create(id, partition());
            case LIST ->
                new Request.ListPartitions(id, maybe(this::partition), 1 + random.nextInt(Protocol.MAX_LISTED));
            case DESCRIBE -> new Request.Describe(id, partition());
            case DELETE -> new Request.Delete(id, partition());
            case TRIM -> new Request.Trim(id, partition(), position());
            case CHECKPOINTS -> new Request.Checkpoints(id, partition());
            case SET_CHECKPOINT -> new Request.SetCheckpoint(id, partition(), text(300), position());
            case REMOVE_CHECKPOINT -> new Request.RemoveCheckpoint(id, partition(), text(300));
            case SYNC -> new Request.Sync(id, partition());
            default -> throw new AssertionError(kind);
        };
    }

    private Request produce(long id) {
        Shape shape = Shape.values()[random.nextInt(3)];
        int count = shape == Shape.VALUE ? 1 : 1 + random.nextInt(1000);
        return new Request.Produce(
                id,
                partition(),
                random.nextBoolean(),
                shape,
                maybe(() -> Durability.values()[random.nextInt(3)]),
                wait(-1),
                count,
                random.nextInt(),
                maybe(() -> new ProducerSequence(random.nextLong(), position(), random.nextInt(1 << 30))),
                random.nextBoolean() ? OptionalLong.of(position()) : OptionalLong.empty(),
                blob());
    }

    private Answer answer(MessageKind kind) {
        long id = random.nextLong();
        return switch (kind) {
            case WELCOME ->
                new Answer.Welcome(
                        id,
                        Protocol.VERSION,
                        random.nextLong(),
                        length(),
                        some(),
                        some(),
                        1 + random.nextInt(1 << 26),
                        random.nextInt(256),
                        some(),
                        1 + random.nextInt(Protocol.MAX_WAIT_MILLIS),
                        Durability.values()[random.nextInt(3)],
                        new UUID(random.nextLong(), random.nextLong()),
                        random.nextLong(),
                        text(40));
            case PONG -> new Answer.Pong(id, random.nextLong());
            case PRODUCED -> new Answer.Produced(id, position());
            case FETCHED -> new Answer.Fetched(id, head(), blob());
            case SUBSCRIBED -> new Answer.Subscribed(id, ends());
            case PUSHED -> new Answer.Pushed(id, head(), blob());
            case UNSUBSCRIBED -> new Answer.Unsubscribed(id, random.nextBoolean());
            case FOUND -> new Answer.Found(id, random.nextLong(), ends(), position());
            case CREATED -> new Answer.Created(id, random.nextBoolean(), random.nextLong(), ends());
            case LISTED -> new Answer.Listed(id, random.nextBoolean(), some(this::partition));
            case DESCRIBED ->
                new Answer.Described(
                        id,
                        LifeState.values()[random.nextInt(5)],
                        ends(),
                        some(),
                        position(),
                        some(() -> new Answer.Segment(
                                text(40), position(), position(), position(), position(), random.nextBoolean())),
                        maybe(this::error));
            case DELETED -> new Answer.Deleted(id, random.nextBoolean());
            case TRIMMED -> new Answer.Trimmed(id, position());
            case CHECKPOINTS_ARE -> checkpoints(id);
            case CHECKPOINT_SET -> new Answer.CheckpointSet(id);
            case CHECKPOINT_REMOVED -> new Answer.CheckpointRemoved(id, random.nextBoolean());
            case SYNCED -> new Answer.Synced(id, position());
            case ERROR -> new Answer.Failed(id, error());
            default -> throw new AssertionError(kind);
        };
    }

    private Answer checkpoints(long id) {
        TreeMap<String, Long> checkpoints = new TreeMap<>();
        for (String name : some(() -> text(30))) {
            checkpoints.put(name, position());
        }
        return new Answer.CheckpointsAre(id, checkpoints);
    }

    private WireError error() {
        return new WireError(
                WireError.Family.values()[random.nextInt(6)],
                text(40),
                Remedy.values()[random.nextInt(6)],
                text(500),
                random.nextLong(),
                maybe(() -> new Damage(text(40), text(100), random.nextLong(), random.nextLong(), random.nextLong())));
    }

    private SliceHead head() {
        long first = random.nextLong() >>> 2;
        return new SliceHead(ends(), first, first + random.nextInt(1 << 20), random.nextInt(), position());
    }

    private Ends ends() {
        return new Ends(position(), position(), position(), position(), position());
    }

    private PartitionName partition() {
        return new PartitionName(text(210), random.nextInt(), random.nextLong());
    }

    private Durability visibility() {
        return random.nextBoolean() ? Durability.SYNCED : Durability.WRITTEN;
    }

    private long position() {
        return random.nextLong() >>> (1 + random.nextInt(63));
    }

    private int wait(int lowest) {
        return lowest + random.nextInt(Protocol.MAX_WAIT_MILLIS - lowest + 1);
    }

    private int length() {
        return Protocol.MAX_HELLO_LENGTH + random.nextInt(Protocol.MAX_LENGTH - Protocol.MAX_HELLO_LENGTH + 1);
    }

    private int some() {
        return 1 + random.nextInt(1 << 30);
    }

    private ByteBuf blob() {
        byte[] bytes = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(2_000)];
        random.nextBytes(bytes);
        return Unpooled.wrappedBuffer(bytes);
    }

    private String text(int maxLetters) {
        StringBuilder text = new StringBuilder();
        int letters = random.nextInt(maxLetters);
        for (int i = 0; i < letters; i++) {
            int at = random.nextInt(LETTERS.codePointCount(0, LETTERS.length()));
            text.appendCodePoint(LETTERS.codePointAt(LETTERS.offsetByCodePoints(0, at)));
        }
        return text.toString();
    }

    private <T> Optional<T> maybe(Supplier<T> value) {
        return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
    }

    private <T> List<T> some(Supplier<T> element) {
        List<T> elements = new ArrayList<>();
        int count = random.nextInt(8);
        for (int i = 0; i < count; i++) {
            elements.add(element.get());
        }
        return elements;
    }
}
