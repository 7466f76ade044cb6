package dev.tidemark.client.protocol;

import dev.tidemark.client.protocol.ProtocolException.Problem;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.Remedy;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to messages ({@code docs/protocol.md}). Whatever the bytes are, the result is a message or a {@link ProtocolException}; no read leaves the
 * message, and nothing is allocated that the message's own bytes do not account for.
 *
 * <p>The buffer holds one message, from its length field on, between reader and writer index: see {@link MessageSplitter}. Payloads and frames are
 * not copied: a message that carries some has a reference of the buffer, which its {@link Message#release()} gives back. The caller keeps its own
 * reference.
 *
 * <p><b>Threads.</b> No state.
 */
public final class MessageDecoder {
    /** What a partition takes in a list: an empty name, a number and an incarnation. */
    private static final int MIN_PARTITION_BYTES = 2 + 4 + 8;

    private static final int MIN_SEGMENT_BYTES = 2 + 4 * 8 + 1;
    private static final int MIN_CHECKPOINT_BYTES = 2 + 8;

    private MessageDecoder() {}

    /** A message that came to a server. */
    public static Request request(ByteBuf message) throws ProtocolException {
        Header header = Header.read(message, true);
        return request(header, new BodyReader(message, header.id));
    }

    /** The first message that came to a server. Who sends it may be anybody: it is a hello, or nothing but its header is looked at. */
    public static Request.Hello first(ByteBuf message) throws ProtocolException {
        Header header = Header.read(message, true);
        if (header.kind != MessageKind.HELLO) {
            throw new ProtocolException(
                    Problem.BAD_MAGIC, header.id, "a connection says hello first, and once: kind=" + header.kind);
        }
        return hello(header.id, new BodyReader(message, header.id));
    }

    /** A message that came to a client. */
    public static Answer answer(ByteBuf message) throws ProtocolException {
        Header header = Header.read(message, false);
        return answer(header, new BodyReader(message, header.id));
    }

    /** What every message begins with. */
    private record Header(MessageKind kind, int flags, long id) {

        static Header read(ByteBuf message, boolean isRequest) throws ProtocolException {
            int bytes = message.readableBytes();
            if (bytes < Protocol.HEADER_BYTES || message.getIntLE(message.readerIndex()) != bytes - 4) {
                throw new ProtocolException(
                        Problem.BAD_LENGTH,
                        Protocol.NO_REQUEST,
                        "the length is not that of the message: bytes=" + bytes);
            }
            message.skipBytes(Protocol.LENGTH_BYTES);
            int code = message.readUnsignedByte();
            int flags = message.readUnsignedByte();
            int reserved = message.readUnsignedShortLE();
            long id = message.readLongLE();
            if (reserved != 0) {
                throw new ProtocolException(Problem.BAD_HEADER, id, "reserved bytes are not 0: found=" + reserved);
            }
            MessageKind kind = MessageKind.ofCode(code);
            if (kind == null || kind.isRequest() != isRequest) {
                throw new ProtocolException(
                        Problem.UNKNOWN_KIND, id, "no such message in this direction: kind=" + code);
            }
            if ((flags & ~Flags.possible(kind)) != 0) {
                throw new ProtocolException(
                        Problem.BAD_HEADER,
                        id,
                        "flags that a message of this kind cannot have: kind=" + kind + " flags=" + flags);
            }
            return new Header(kind, flags, id);
        }

        boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    // ---------------------------------------------------------------- requests

    private static Request request(Header header, BodyReader body) throws ProtocolException {
        if (header.kind == MessageKind.PRODUCE) {
            return produce(header, body);
        }
        if (header.kind == MessageKind.HELLO) {
            return hello(header.id, body);
        }
        Request request = withoutTrailing(header, body);
        body.end();
        return request;
    }

    /** The one body that may be longer than its fields: a later version may have more to say, and has to be answered. */
    private static Request.Hello hello(long id, BodyReader body) throws ProtocolException {
        if (body.left() < 8 || body.i64() != Protocol.MAGIC) {
            throw new ProtocolException(Problem.BAD_MAGIC, id, "a connection begins with a hello of this protocol");
        }
        int lowest = body.u16();
        int highest = body.u16();
        if (lowest > highest) {
            throw body.bad("versions are given from low to high: lowest=" + lowest + " highest=" + highest);
        }
        if (lowest > Protocol.VERSION || highest < Protocol.VERSION) {
            // Who speaks other versions only may have other fields.
            return new Request.Hello(id, lowest, highest, 0, Protocol.MAX_HELLO_LENGTH, "", "");
        }
        return new Request.Hello(
                id,
                lowest,
                highest,
                body.i64(),
                body.i32("maxMessageBytes", Protocol.MAX_HELLO_LENGTH, Protocol.MAX_LENGTH),
                body.text("clientName"),
                body.text("authentication"));
    }

    private static Request produce(Header header, BodyReader body) throws ProtocolException {
        PartitionName partition = body.partition();
        Shape shape = Shape.ofCode(body.u8());
        if (shape == null) {
            throw body.bad("no such shape of a payload");
        }
        int durabilityCode = body.u8();
        Optional<Durability> durability = WireDurability.isOfTheLog(durabilityCode)
                ? Optional.empty()
                : Optional.of(known(body, WireDurability.ofCode(durabilityCode), "durability", durabilityCode));
        int timeoutMillis = body.i32("timeoutMillis", Protocol.DEFAULT_TIMEOUT, Protocol.MAX_WAIT_MILLIS);
        int count = body.i32("count", 1, Integer.MAX_VALUE);
        if (shape == Shape.VALUE && count != 1) {
            throw body.bad("a value takes one offset: count=" + count);
        }
        int payloadCrc = body.i32();
        Optional<ProducerSequence> producer = Optional.empty();
        if (header.has(Flags.HAS_PRODUCER)) {
            long producerId = body.i64();
            long epoch = body.position("epoch");
            long first = body.position("sequence");
            if (first > Long.MAX_VALUE - count) {
                throw body.bad("sequences do not wrap: sequence=" + first + " count=" + count);
            }
            producer = Optional.of(new ProducerSequence(producerId, epoch, first));
        }
        OptionalLong expectedOffset = header.has(Flags.HAS_EXPECTED_OFFSET)
                ? OptionalLong.of(body.position("expectedOffset"))
                : OptionalLong.empty();
        return new Request.Produce(
                header.id,
                partition,
                header.has(Flags.MAY_CREATE),
                shape,
                durability,
                timeoutMillis,
                count,
                payloadCrc,
                producer,
                expectedOffset,
                body.rest());
    }

    private static Request withoutTrailing(Header header, BodyReader body) throws ProtocolException {
        long id = header.id;
        return switch (header.kind) {
            case PING -> new Request.Ping(id);
            case FETCH ->
                new Request.Fetch(
                        id,
                        body.partition(),
                        body.position("from"),
                        body.i32("maxBytes", 0, Protocol.MAX_LENGTH),
                        body.i32("minBytes", 0, Protocol.MAX_LENGTH),
                        body.i32("maxWaitMillis", 0, Protocol.MAX_WAIT_MILLIS),
                        visibility(body));
            case SUBSCRIBE ->
                new Request.Subscribe(
                        id,
                        body.partition(),
                        body.position("from"),
                        body.i32("creditBytes", 0, Integer.MAX_VALUE),
                        body.i32("maxPushBytes", 1, Protocol.MAX_LENGTH),
                        visibility(body));
            case CREDIT -> new Request.Credit(id, body.i32("bytes", 1, Integer.MAX_VALUE));
            case UNSUBSCRIBE -> new Request.Unsubscribe(id, body.i64());
            case OFFSETS -> offsets(id, body);
            case CREATE -> new Request.Create(id, body.partition());
            case LIST ->
                new Request.ListPartitions(
                        id,
                        header.has(Flags.HAS_AFTER) ? Optional.of(body.partition()) : Optional.empty(),
                        body.i32("max", 1, Protocol.MAX_LISTED));
            case DESCRIBE -> new Request.Describe(id, body.partition());
            case DELETE -> new Request.Delete(id, body.partition());
            case TRIM -> new Request.Trim(id, body.partition(), body.position("offset"));
            case CHECKPOINTS -> new Request.Checkpoints(id, body.partition());
            case SET_CHECKPOINT ->
                new Request.SetCheckpoint(id, body.partition(), body.text("name"), body.position("offset"));
            case REMOVE_CHECKPOINT -> new Request.RemoveCheckpoint(id, body.partition(), body.text("name"));
            case SYNC -> new Request.Sync(id, body.partition());
            default -> throw new IllegalStateException("a request that is read elsewhere: kind=" + header.kind);
        };
    }

    private static Request offsets(long id, BodyReader body) throws ProtocolException {
        PartitionName partition = body.partition();
        int code = body.u8();
        Seek seek = known(body, Seek.ofCode(code), "seek", code);
        return new Request.Offsets(id, partition, seek, body.i64());
    }

    private static Durability visibility(BodyReader body) throws ProtocolException {
        int code = body.u8();
        Durability visibility = known(body, WireDurability.ofCode(code), "visibility", code);
        if (visibility == Durability.ACCEPTED) {
            throw body.bad("what is only accepted cannot be read: visibility=" + visibility);
        }
        return visibility;
    }

    // ---------------------------------------------------------------- answers

    private static Answer answer(Header header, BodyReader body) throws ProtocolException {
        long id = header.id;
        if (header.kind == MessageKind.FETCHED) {
            SliceHead head = sliceHead(body);
            return new Answer.Fetched(id, head, body.rest());
        }
        if (header.kind == MessageKind.PUSHED) {
            SliceHead head = sliceHead(body);
            return new Answer.Pushed(id, head, body.rest());
        }
        Answer answer = withoutFrames(header, body);
        body.end();
        return answer;
    }

    private static Answer withoutFrames(Header header, BodyReader body) throws ProtocolException {
        long id = header.id;
        return switch (header.kind) {
            case WELCOME -> welcome(id, body);
            case PONG -> new Answer.Pong(id, body.i64());
            case PRODUCED -> new Answer.Produced(id, body.position("firstOffset"));
            case SUBSCRIBED -> new Answer.Subscribed(id, body.ends());
            case UNSUBSCRIBED -> new Answer.Unsubscribed(id, body.bool("existed"));
            case FOUND -> new Answer.Found(id, body.i64(), body.ends(), body.position("offset"));
            case CREATED -> new Answer.Created(id, body.bool("existed"), body.i64(), body.ends());
            case LISTED -> listed(id, body);
            case DESCRIBED -> described(header, body);
            case DELETED -> new Answer.Deleted(id, body.bool("existed"));
            case TRIMMED -> new Answer.Trimmed(id, body.position("start"));
            case CHECKPOINTS_ARE -> checkpoints(id, body);
            case CHECKPOINT_SET -> new Answer.CheckpointSet(id);
            case CHECKPOINT_REMOVED -> new Answer.CheckpointRemoved(id, body.bool("existed"));
            case SYNCED -> new Answer.Synced(id, body.position("durableEnd"));
            case ERROR -> new Answer.Failed(id, error(body));
            default -> throw new IllegalStateException("an answer that is read elsewhere: kind=" + header.kind);
        };
    }

    private static Answer welcome(long id, BodyReader body) throws ProtocolException {
        int version = body.u16();
        if (version != Protocol.VERSION) {
            throw body.bad("a version that was not offered: version=" + version);
        }
        int producerWindow = body.u8();
        int durabilityCode = body.u8();
        Durability durability = known(body, WireDurability.ofCode(durabilityCode), "durability", durabilityCode);
        return new Answer.Welcome(
                id,
                version,
                body.i64(),
                body.i32("maxMessageBytes", Protocol.MAX_HELLO_LENGTH, Protocol.MAX_LENGTH),
                body.i32("maxInFlightRequests", 1, Integer.MAX_VALUE),
                body.i32("maxInFlightBytes", 1, Integer.MAX_VALUE),
                body.i32("maxAppendBytes", 1, Protocol.MAX_LENGTH),
                producerWindow,
                body.i32("idleMillis", 1, Integer.MAX_VALUE),
                body.i32("appendTimeoutMillis", 1, Protocol.MAX_WAIT_MILLIS),
                durability,
                new UUID(body.i64(), body.i64()),
                body.i64(),
                body.text("serverName"));
    }

    private static SliceHead sliceHead(BodyReader body) throws ProtocolException {
        var ends = body.ends();
        long first = body.position("firstOffset");
        long next = body.position("nextOffset");
        int salt = body.i32();
        body.i32("reserved", 0, 0);
        long filePosition = body.position("filePosition");
        if (next < first) {
            throw body.bad("frames end before they begin: firstOffset=" + first + " nextOffset=" + next);
        }
        return new SliceHead(ends, first, next, salt, filePosition);
    }

    private static Answer listed(long id, BodyReader body) throws ProtocolException {
        boolean hasMore = body.bool("hasMore");
        int count = body.elements("partitions", MIN_PARTITION_BYTES);
        List<PartitionName> partitions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            partitions.add(body.partition());
        }
        return new Answer.Listed(id, hasMore, partitions);
    }

    private static Answer described(Header header, BodyReader body) throws ProtocolException {
        int stateCode = body.u8();
        LifeState state = known(body, WireState.ofCode(stateCode), "state", stateCode);
        var ends = body.ends();
        int segmentCount = body.i32("segmentCount", 0, Integer.MAX_VALUE);
        long fileBytes = body.position("fileBytes");
        int count = body.elements("segments", MIN_SEGMENT_BYTES);
        List<Answer.Segment> segments = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            segments.add(new Answer.Segment(
                    body.text("file"),
                    body.position("baseOffset"),
                    body.position("endOffset"),
                    body.position("usedBytes"),
                    body.position("fileBytes"),
                    body.bool("isSealed")));
        }
        Optional<WireError> failure = header.has(Flags.HAS_FAILURE) ? Optional.of(error(body)) : Optional.empty();
        return new Answer.Described(header.id, state, ends, segmentCount, fileBytes, segments, failure);
    }

    private static Answer checkpoints(long id, BodyReader body) throws ProtocolException {
        int count = body.elements("checkpoints", MIN_CHECKPOINT_BYTES);
        SortedMap<String, Long> checkpoints = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            String name = body.text("name");
            if (!checkpoints.isEmpty() && checkpoints.lastKey().compareTo(name) >= 0) {
                throw body.bad("checkpoints are in the order of their names");
            }
            checkpoints.put(name, body.position("offset"));
        }
        return new Answer.CheckpointsAre(id, checkpoints);
    }

    private static WireError error(BodyReader body) throws ProtocolException {
        int familyCode = body.u8();
        WireError.Family family = known(body, WireError.Family.ofCode(familyCode), "family", familyCode);
        int remedyCode = body.u8();
        Remedy remedy = known(body, remedy(remedyCode), "remedy", remedyCode);
        String code = body.text("code");
        String message = body.text("message");
        long offset = body.i64();
        Optional<Damage> damage = body.bool("hasDamage")
                ? Optional.of(new Damage(body.text("partition"), body.text("file"), body.i64(), body.i64(), body.i64()))
                : Optional.empty();
        return new WireError(family, code, remedy, message, offset, damage);
    }

    private static @Nullable Remedy remedy(int code) {
        return switch (code) {
            case 1 -> Remedy.FIX_CALL;
            case 2 -> Remedy.RETRY;
            case 3 -> Remedy.FIX_ENVIRONMENT;
            case 4 -> Remedy.REOPEN;
            case 5 -> Remedy.READ_BACK;
            case 6 -> Remedy.RESTORE;
            default -> null;
        };
    }

    private static <T> T known(BodyReader body, @Nullable T value, String field, int code) throws ProtocolException {
        if (value == null) {
            throw body.bad("no such value: " + field + '=' + code);
        }
        return value;
    }
}
