package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/** The messages of the golden transcripts, by the names under which {@code docs/protocol.md} shows some of them. Never changed, only added to in new files. */
final class TranscriptV1 {
    static final int SALT = 0x5eed;
    private static final PartitionName ORDERS = new PartitionName("orders", 0, PartitionName.ANY);
    private static final Ends ENDS = new Ends(100, 102, 102, 103, 104);

    private TranscriptV1() {}

    /** What the client says, in order. */
    static Map<String, Request> requests() {
        Map<String, Request> said = new LinkedHashMap<>();
        said.put("HELLO", new Request.Hello(1, 1, 1, 0, 1 << 20, "shop", ""));
        said.put("PING", new Request.Ping(2));
        said.put(
                "PRODUCE",
                new Request.Produce(
                        3,
                        ORDERS,
                        true,
                        Shape.VALUE,
                        Optional.of(Durability.SYNCED),
                        10_000,
                        1,
                        0x9a71bb4c,
                        Optional.of(new ProducerSequence(9, 1, 40)),
                        OptionalLong.empty(),
                        bytes("hello")));
        said.put(
                "PRODUCE of records, with an expected offset",
                new Request.Produce(
                        4,
                        ORDERS,
                        false,
                        Shape.RECORDS,
                        Optional.empty(),
                        Protocol.DEFAULT_TIMEOUT,
                        2,
                        crc("\0\1a\0\1b"),
                        Optional.empty(),
                        OptionalLong.of(101),
                        bytes("\0\1a\0\1b")));
        said.put(
                "PRODUCE, opaque",
                new Request.Produce(
                        5,
                        ORDERS,
                        false,
                        Shape.OPAQUE,
                        Optional.of(Durability.WRITTEN),
                        0,
                        7,
                        crc("batch"),
                        Optional.of(new ProducerSequence(-1, 0, 0)),
                        OptionalLong.of(0),
                        bytes("batch")));
        said.put("FETCH", new Request.Fetch(6, ORDERS, 100, 65_536, 1, 500, Durability.SYNCED));
        said.put("SUBSCRIBE", new Request.Subscribe(7, ORDERS, 100, 1 << 20, 256 << 10, Durability.WRITTEN));
        said.put("CREDIT", new Request.Credit(7, 65_536));
        said.put("UNSUBSCRIBE", new Request.Unsubscribe(8, 7));
        said.put("OFFSETS", new Request.Offsets(9, ORDERS, Seek.TIMESTAMP, 1_700_000_001_000L));
        said.put("CREATE", new Request.Create(10, ORDERS));
        said.put("LIST", new Request.ListPartitions(11, Optional.empty(), 100));
        said.put("LIST, the next page", new Request.ListPartitions(12, Optional.of(ORDERS), 100));
        said.put("DESCRIBE", new Request.Describe(13, ORDERS));
        said.put("DELETE", new Request.Delete(14, ORDERS));
        said.put("TRIM", new Request.Trim(15, ORDERS.only(0x0102030405060708L), 101));
        said.put("CHECKPOINTS", new Request.Checkpoints(16, ORDERS));
        said.put("SET_CHECKPOINT", new Request.SetCheckpoint(17, ORDERS, "billing", 101));
        said.put("REMOVE_CHECKPOINT", new Request.RemoveCheckpoint(18, ORDERS, "billing"));
        said.put("SYNC", new Request.Sync(19, ORDERS));
        return said;
    }

    /** What the server says, in order. */
    static Map<String, Answer> answers() {
        Map<String, Answer> said = new LinkedHashMap<>();
        said.put(
                "WELCOME",
                new Answer.Welcome(
                        1,
                        1,
                        0,
                        2 << 20,
                        1_024,
                        16 << 20,
                        1 << 20,
                        8,
                        60_000,
                        30_000,
                        Durability.SYNCED,
                        new UUID(0x0011223344556677L, 0x8899aabbccddeeffL),
                        1_700_000_000_000L,
                        "tidemark"));
        said.put("PONG", new Answer.Pong(2, 1_700_000_000_500L));
        said.put("PRODUCED", new Answer.Produced(3, 100));
        said.put("FETCHED", new Answer.Fetched(6, new SliceHead(ENDS, 100, 101, SALT, 4096), frame()));
        said.put(
                "FETCHED, nothing", new Answer.Fetched(20, new SliceHead(ENDS, 102, 102, 0, 0), Unpooled.EMPTY_BUFFER));
        said.put("SUBSCRIBED", new Answer.Subscribed(7, ENDS));
        said.put("PUSHED", new Answer.Pushed(7, new SliceHead(ENDS, 100, 101, SALT, 4096), frame()));
        said.put("UNSUBSCRIBED", new Answer.Unsubscribed(8, true));
        said.put("FOUND", new Answer.Found(9, 0x0102030405060708L, ENDS, 100));
        said.put("CREATED", new Answer.Created(10, true, 0x0102030405060708L, ENDS));
        said.put(
                "LISTED",
                new Answer.Listed(11, true, List.of(new PartitionName("a.b", 7, 0x0102030405060708L), ORDERS)));
        said.put(
                "DESCRIBED",
                new Answer.Described(
                        13,
                        LifeState.OPEN,
                        ENDS,
                        1,
                        8_192,
                        List.of(new Answer.Segment("00000000000000000100-00000003.seg", 100, 104, 4_320, 8_192, false)),
                        Optional.empty()));
        said.put(
                "DESCRIBED, failed",
                new Answer.Described(
                        21,
                        LifeState.FAILED,
                        ENDS,
                        0,
                        0,
                        List.of(),
                        Optional.of(new WireError(
                                WireError.Family.UNAVAILABLE,
                                "PARTITION_FAILED",
                                Remedy.REOPEN,
                                "the partition has failed: partition=orders-0",
                                -1,
                                Optional.empty()))));
        said.put("DELETED", new Answer.Deleted(14, false));
        said.put("TRIMMED", new Answer.Trimmed(15, 101));
        said.put(
                "CHECKPOINTS_ARE", new Answer.CheckpointsAre(16, new TreeMap<>(Map.of("billing", 101L, "search", 0L))));
        said.put("CHECKPOINT_SET", new Answer.CheckpointSet(17));
        said.put("CHECKPOINT_REMOVED", new Answer.CheckpointRemoved(18, true));
        said.put("SYNCED", new Answer.Synced(19, 104));
        said.put(
                "ERROR",
                new Answer.Failed(
                        4,
                        new WireError(
                                WireError.Family.REFUSED,
                                "OFFSET_MISMATCH",
                                Remedy.FIX_CALL,
                                "the log ends elsewhere: partition=orders-0 expectedOffset=101 logEnd=104",
                                -1,
                                Optional.empty())));
        said.put(
                "ERROR, outcome unknown, of a later version",
                new Answer.Failed(
                        5,
                        new WireError(
                                WireError.Family.OUTCOME_UNKNOWN,
                                "QUORUM_LOST",
                                Remedy.READ_BACK,
                                "not enough nodes answered",
                                104,
                                Optional.empty())));
        said.put(
                "ERROR, damage",
                new Answer.Failed(
                        6,
                        new WireError(
                                WireError.Family.DAMAGE,
                                "SEGMENT_CORRUPT",
                                Remedy.RESTORE,
                                "frame fails its checksum inside durable data",
                                -1,
                                Optional.of(new Damage(
                                        "orders-0", "orders-0/00000000000000000100-00000003.seg", 4_096, 100, 101)))));
        return said;
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static int crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.ISO_8859_1));
        return (int) crc.getValue();
    }

    /** The value {@code hello}, as the first frame of a segment. */
    private static ByteBuf frame() {
        ByteBuffer frame = ByteBuffer.allocate(FrameCodec.frameBytes(5, 0));
        long stamp = FrameCodec.stamp(1_700_000_001_000L, FrameKind.RAW, FrameCodec.NO_EXTENSION);
        FrameCodec.putHeader(frame, 0, 5, 100, stamp, 1, crc("hello"));
        frame.put(FrameCodec.HEADER_BYTES, "hello".getBytes(StandardCharsets.US_ASCII));
        FrameCodec.finish(frame, 0, SALT, 4096, 100, new CRC32C());
        return Unpooled.wrappedBuffer(frame);
    }
}
