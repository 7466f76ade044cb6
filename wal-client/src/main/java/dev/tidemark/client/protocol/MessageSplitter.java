package dev.tidemark.client.protocol;

import dev.tidemark.client.protocol.ProtocolException.Problem;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/**
 * Cuts a stream of bytes into messages. A length over the limit is an error before anything is kept for it, and memory grows with the
 * bytes that come, not with the length that was announced. Hands on buffers with one message each, from the length field on; what is wrong goes up as a
 * {@link ProtocolException}, once, and the bytes behind it are dropped.
 *
 * <p><b>Threads.</b> The channel's event loop.
 */
public final class MessageSplitter extends ByteToMessageDecoder {
    private int maxLength;
    private boolean isBroken;

    /** Up to the hello, {@link Protocol#MAX_HELLO_LENGTH}; then the side that has it raises it. */
    public MessageSplitter(int maxLength) {
        this.maxLength = checked(maxLength);
    }

    /** Takes messages of this length from the next one on. Event loop only. */
    public void setMaxLength(int newMaxLength) {
        maxLength = checked(newMaxLength);
    }

    /** Nothing that comes from now on is kept or handed on. Event loop only. */
    public void dropTheRest() {
        isBroken = true;
    }

    /** Bytes that are kept because their message is not whole yet. Event loop only. */
    public int heldBytes() {
        return actualReadableBytes();
    }

    private static int checked(int maxLength) {
        if (maxLength < Protocol.MIN_LENGTH || maxLength > Protocol.MAX_LENGTH) {
            throw new IllegalArgumentException("no such limit: maxLength=" + maxLength);
        }
        return maxLength;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (isBroken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int bytes;
        try {
            bytes = nextBytes(in, maxLength);
        } catch (ProtocolException e) {
            isBroken = true;
            in.skipBytes(in.readableBytes());
            context.fireExceptionCaught(e);
            return;
        }
        if (bytes > 0) {
            out.add(in.readRetainedSlice(bytes));
        }
    }

    /**
     * How many bytes the next message has, with its length field; 0 while not all of them are there.
     *
     * @throws ProtocolException when its length cannot be one
     */
    public static int nextBytes(ByteBuf in, int maxLength) throws ProtocolException {
        if (in.readableBytes() < Protocol.LENGTH_BYTES) {
            return 0;
        }
        int length = in.getIntLE(in.readerIndex());
        if (length < Protocol.MIN_LENGTH || length > maxLength) {
            throw new ProtocolException(
                    Problem.BAD_LENGTH,
                    Protocol.NO_REQUEST,
                    "the length is " + Protocol.MIN_LENGTH + " to " + maxLength + ": length="
                            + Integer.toUnsignedString(length));
        }
        int bytes = Protocol.LENGTH_BYTES + length;
        return in.readableBytes() < bytes ? 0 : bytes;
    }
}
