package dev.tidemark.client.protocol;

import dev.tidemark.client.protocol.ProtocolException.Problem;
import dev.tidemark.wal.api.Ends;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one body. Every read is tested against what is left of it, so that bytes which are no message end in a
 * {@link ProtocolException} and in nothing else, before anything of their making is allocated.
 *
 * <p><b>Threads.</b> One.
 */
final class BodyReader {
    private final ByteBuf body;
    private final long requestId;

    /** Reads from the reader index to the writer index of {@code body}, and moves the former. */
    BodyReader(ByteBuf body, long requestId) {
        this.body = body;
        this.requestId = requestId;
    }

    int left() {
        return body.readableBytes();
    }

    int u8() throws ProtocolException {
        need(1);
        return body.readUnsignedByte();
    }

    int u16() throws ProtocolException {
        need(2);
        return body.readUnsignedShortLE();
    }

    int i32() throws ProtocolException {
        need(4);
        return body.readIntLE();
    }

    /** Four bytes that have to lie in a range. */
    int i32(String field, int lowest, int highest) throws ProtocolException {
        int value = i32();
        if (value < lowest || value > highest) {
            throw bad(field + " is " + lowest + " to " + highest + ": " + field + '=' + value);
        }
        return value;
    }

    long i64() throws ProtocolException {
        need(8);
        return body.readLongLE();
    }

    /** Eight bytes that are not negative. */
    long position(String field) throws ProtocolException {
        long value = i64();
        if (value < 0) {
            throw bad(field + " is not negative: " + field + '=' + value);
        }
        return value;
    }

    boolean bool(String field) throws ProtocolException {
        int value = u8();
        if (value > 1) {
            throw bad(field + " is 0 or 1: " + field + '=' + value);
        }
        return value == 1;
    }

    /** A text of at most {@link Protocol#MAX_TEXT_BYTES}. */
    String text(String field) throws ProtocolException {
        int bytes = u16();
        if (bytes > Protocol.MAX_TEXT_BYTES) {
            throw bad(field + " has at most " + Protocol.MAX_TEXT_BYTES + " bytes: bytes=" + bytes);
        }
        need(bytes);
        ByteBuffer encoded = body.nioBuffer(body.readerIndex(), bytes);
        body.skipBytes(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(encoded)
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad(field + " is not UTF-8");
        }
    }

    /** A number of elements, each of which takes at least so many bytes of what is left. */
    int elements(String field, int atLeastBytesEach) throws ProtocolException {
        int count = i32();
        if (count < 0 || count > left() / atLeastBytesEach) {
            throw bad(field + " do not fit the message: count=" + count);
        }
        return count;
    }

    PartitionName partition() throws ProtocolException {
        String name = text("partition name");
        return new PartitionName(name, i32(), i64());
    }

    Ends ends() throws ProtocolException {
        return new Ends(
                position("start"),
                position("readable end"),
                position("durable end"),
                position("written end"),
                position("log end"));
    }

    /** All that is left; the caller gets a reference of its own. */
    ByteBuf rest() {
        return body.readRetainedSlice(body.readableBytes());
    }

    /** What is left is no field of anything. */
    void end() throws ProtocolException {
        if (body.isReadable()) {
            throw bad("bytes are left behind the last field: bytes=" + left());
        }
    }

    ProtocolException bad(String what) {
        return new ProtocolException(Problem.BAD_BODY, requestId, what);
    }

    private void need(int bytes) throws ProtocolException {
        if (body.readableBytes() < bytes) {
            throw bad("the message ends inside a field: left=" + left() + " needed=" + bytes);
        }
    }
}
