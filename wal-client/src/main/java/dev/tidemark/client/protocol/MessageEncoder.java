package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.Remedy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Map;

/**
 * Messages to bytes ({@code docs/protocol.md}). The trailing bytes of a message are not touched: they go behind the head as they are, and the
 * length in the head counts them.
 *
 * <p><b>Threads.</b> No state.
 */
public final class MessageEncoder {
    private static final int FIRST_GUESS_BYTES = 256;

    private MessageEncoder() {}

    /** Everything but the {@linkplain Message#trailing() trailing bytes}, which stay with the message. */
    public static ByteBuf head(ByteBufAllocator allocator, Message message) {
        return encode(allocator, message, message.trailing().readableBytes(), FIRST_GUESS_BYTES);
    }

    /** As {@link #head(ByteBufAllocator, Message)}, where other bytes than the message's follow, for example those of a file. */
    public static ByteBuf head(ByteBufAllocator allocator, Message message, int trailingBytes) {
        return encode(allocator, message, trailingBytes, FIRST_GUESS_BYTES);
    }

    /** Adds a message that has no trailing bytes to others in a buffer. */
    public static void append(ByteBuf target, Message message) {
        int begin = target.writerIndex();
        boolean isDone = false;
        try {
            put(target, message, message.trailing().readableBytes());
            isDone = true;
        } finally {
            if (!isDone) {
                target.writerIndex(begin);
            }
        }
    }

    /** The whole message in one buffer; takes over the message's reference of its trailing bytes, also where it throws. */
    public static ByteBuf whole(ByteBufAllocator allocator, Message message) {
        ByteBuf trailing = message.trailing();
        try {
            int bytes = trailing.readableBytes();
            ByteBuf whole = encode(allocator, message, bytes, FIRST_GUESS_BYTES + bytes);
            boolean isDone = false;
            try {
                whole.writeBytes(trailing, trailing.readerIndex(), bytes);
                isDone = true;
                return whole;
            } finally {
                if (!isDone) {
                    whole.release();
                }
            }
        } finally {
            message.release();
        }
    }

    private static ByteBuf encode(ByteBufAllocator allocator, Message message, int trailingBytes, int guessBytes) {
        ByteBuf target = allocator.buffer(guessBytes);
        boolean isDone = false;
        try {
            put(target, message, trailingBytes);
            isDone = true;
            return target;
        } finally {
            if (!isDone) {
                target.release();
            }
        }
    }

    private static void put(ByteBuf target, Message message, int trailingBytes) {
        int begin = target.writerIndex();
        target.writeIntLE(0);
        target.writeByte(message.kind().code());
        target.writeByte(flags(message));
        target.writeShortLE(0);
        target.writeLongLE(message.id());
        BodyWriter body = new BodyWriter(target);
        if (message instanceof Request request) {
            write(body, request);
        } else if (message instanceof Answer answer) {
            write(body, answer);
        }
        long length = (long) target.writerIndex() - begin - Protocol.LENGTH_BYTES + trailingBytes;
        if (length > Protocol.MAX_LENGTH) {
            throw new IllegalArgumentException("message is too long: kind=" + message.kind() + " bytes=" + length);
        }
        target.setIntLE(begin, (int) length);
    }

    private static int flags(Message message) {
        if (message instanceof Request.Produce produce) {
            return (produce.producer().isPresent() ? Flags.HAS_PRODUCER : 0)
                    | (produce.expectedOffset().isPresent() ? Flags.HAS_EXPECTED_OFFSET : 0)
                    | (produce.mayCreate() ? Flags.MAY_CREATE : 0);
        }
        if (message instanceof Request.ListPartitions list) {
            return list.after().isPresent() ? Flags.HAS_AFTER : 0;
        }
        if (message instanceof Answer.Described described) {
            return described.failure().isPresent() ? Flags.HAS_FAILURE : 0;
        }
        return 0;
    }

    // ---------------------------------------------------------------- requests

    private static void write(BodyWriter body, Request request) {
        if (request instanceof Request.Hello hello) {
            body.i64(Protocol.MAGIC)
                    .u16(hello.lowestVersion())
                    .u16(hello.highestVersion())
                    .i64(hello.capabilities())
                    .i32(hello.maxMessageBytes())
                    .text(hello.clientName())
                    .text(hello.authentication());
        } else if (request instanceof Request.Produce produce) {
            write(body, produce);
        } else if (request instanceof Request.Fetch fetch) {
            body.partition(fetch.partition())
                    .i64(fetch.from())
                    .i32(fetch.maxBytes())
                    .i32(fetch.minBytes())
                    .i32(fetch.maxWaitMillis())
                    .u8(WireDurability.code(fetch.visibility()));
        } else if (request instanceof Request.Subscribe subscribe) {
            body.partition(subscribe.partition())
                    .i64(subscribe.from())
                    .i32(subscribe.creditBytes())
                    .i32(subscribe.maxPushBytes())
                    .u8(WireDurability.code(subscribe.visibility()));
        } else if (request instanceof Request.Credit credit) {
            body.i32(credit.bytes());
        } else if (request instanceof Request.Unsubscribe unsubscribe) {
            body.i64(unsubscribe.subscription());
        } else {
            writeAdministration(body, request);
        }
    }

    private static void write(BodyWriter body, Request.Produce produce) {
        body.partition(produce.partition())
                .u8(produce.shape().code())
                .u8(WireDurability.code(produce.durability()))
                .i32(produce.timeoutMillis())
                .i32(produce.count())
                .i32(produce.payloadCrc());
        produce.producer()
                .ifPresent(own -> body.i64(own.producer()).i64(own.epoch()).i64(own.first()));
        produce.expectedOffset().ifPresent(body::i64);
    }

    private static void writeAdministration(BodyWriter body, Request request) {
        if (request instanceof Request.Offsets offsets) {
            body.partition(offsets.partition()).u8(offsets.seek().code()).i64(offsets.argument());
        } else if (request instanceof Request.Create create) {
            body.partition(create.partition());
        } else if (request instanceof Request.ListPartitions list) {
            list.after().ifPresent(body::partition);
            body.i32(list.max());
        } else if (request instanceof Request.Describe describe) {
            body.partition(describe.partition());
        } else if (request instanceof Request.Delete delete) {
            body.partition(delete.partition());
        } else if (request instanceof Request.Trim trim) {
            body.partition(trim.partition()).i64(trim.offset());
        } else if (request instanceof Request.Checkpoints checkpoints) {
            body.partition(checkpoints.partition());
        } else if (request instanceof Request.SetCheckpoint set) {
            body.partition(set.partition()).text(set.name()).i64(set.offset());
        } else if (request instanceof Request.RemoveCheckpoint remove) {
            body.partition(remove.partition()).text(remove.name());
        } else if (request instanceof Request.Sync sync) {
            body.partition(sync.partition());
        } else {
            assert request instanceof Request.Ping : request;
        }
    }

    // ---------------------------------------------------------------- answers

    private static void write(BodyWriter body, Answer answer) {
        if (answer instanceof Answer.Welcome welcome) {
            write(body, welcome);
        } else if (answer instanceof Answer.Pong pong) {
            body.i64(pong.serverMillis());
        } else if (answer instanceof Answer.Produced produced) {
            body.i64(produced.firstOffset());
        } else if (answer instanceof Answer.Fetched fetched) {
            write(body, fetched.head());
        } else if (answer instanceof Answer.Pushed pushed) {
            write(body, pushed.head());
        } else if (answer instanceof Answer.Subscribed subscribed) {
            body.ends(subscribed.ends());
        } else if (answer instanceof Answer.Unsubscribed unsubscribed) {
            body.bool(unsubscribed.existed());
        } else if (answer instanceof Answer.Failed failed) {
            write(body, failed.error());
        } else {
            writeAdministration(body, answer);
        }
    }

    private static void write(BodyWriter body, Answer.Welcome welcome) {
        body.u16(welcome.version())
                .u8(welcome.producerWindow())
                .u8(WireDurability.code(welcome.defaultDurability()))
                .i64(welcome.capabilities())
                .i32(welcome.maxMessageBytes())
                .i32(welcome.maxInFlightRequests())
                .i32(welcome.maxInFlightBytes())
                .i32(welcome.maxAppendBytes())
                .i32(welcome.idleMillis())
                .i32(welcome.appendTimeoutMillis())
                .i64(welcome.storeId().getMostSignificantBits())
                .i64(welcome.storeId().getLeastSignificantBits())
                .i64(welcome.serverMillis())
                .text(welcome.serverName());
    }

    private static void write(BodyWriter body, SliceHead head) {
        body.ends(head.ends())
                .i64(head.firstOffset())
                .i64(head.nextOffset())
                .i32(head.salt())
                .i32(0)
                .i64(head.filePosition());
    }

    private static void writeAdministration(BodyWriter body, Answer answer) {
        if (answer instanceof Answer.Found found) {
            body.i64(found.incarnation()).ends(found.ends()).i64(found.offset());
        } else if (answer instanceof Answer.Created created) {
            body.bool(created.existed()).i64(created.incarnation()).ends(created.ends());
        } else if (answer instanceof Answer.Listed listed) {
            body.bool(listed.hasMore()).i32(listed.partitions().size());
            listed.partitions().forEach(body::partition);
        } else if (answer instanceof Answer.Described described) {
            write(body, described);
        } else if (answer instanceof Answer.Deleted deleted) {
            body.bool(deleted.existed());
        } else if (answer instanceof Answer.Trimmed trimmed) {
            body.i64(trimmed.start());
        } else if (answer instanceof Answer.CheckpointsAre are) {
            body.i32(are.checkpoints().size());
            for (Map.Entry<String, Long> checkpoint : are.checkpoints().entrySet()) {
                body.text(checkpoint.getKey()).i64(checkpoint.getValue());
            }
        } else if (answer instanceof Answer.CheckpointRemoved removed) {
            body.bool(removed.existed());
        } else if (answer instanceof Answer.Synced synced) {
            body.i64(synced.durableEnd());
        } else {
            assert answer instanceof Answer.CheckpointSet : answer;
        }
    }

    private static void write(BodyWriter body, Answer.Described described) {
        body.u8(WireState.code(described.state()))
                .ends(described.ends())
                .i32(described.segmentCount())
                .i64(described.fileBytes())
                .i32(described.segments().size());
        for (Answer.Segment segment : described.segments()) {
            body.text(segment.file())
                    .i64(segment.baseOffset())
                    .i64(segment.endOffset())
                    .i64(segment.usedBytes())
                    .i64(segment.fileBytes())
                    .bool(segment.isSealed());
        }
        described.failure().ifPresent(failure -> write(body, failure));
    }

    private static void write(BodyWriter body, WireError error) {
        body.u8(error.family().code())
                .u8(remedyCode(error.remedy()))
                .text(error.code())
                .textCutTo(Protocol.MAX_ERROR_TEXT_BYTES, error.message())
                .i64(error.offset())
                .bool(error.damage().isPresent());
        error.damage().ifPresent(damage -> write(body, damage));
    }

    private static void write(BodyWriter body, Damage damage) {
        body.textCutTo(Protocol.MAX_ERROR_TEXT_BYTES, damage.partition())
                .textCutTo(Protocol.MAX_ERROR_TEXT_BYTES, damage.file())
                .i64(damage.filePosition())
                .i64(damage.firstOffset())
                .i64(damage.endOffset());
    }

    private static int remedyCode(Remedy remedy) {
        return switch (remedy) {
            case FIX_CALL -> 1;
            case RETRY -> 2;
            case FIX_ENVIRONMENT -> 3;
            case REOPEN -> 4;
            case READ_BACK -> 5;
            case RESTORE -> 6;
        };
    }
}
