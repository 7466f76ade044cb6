package dev.tidemark.client.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;

/** Bytes of messages and back, on plain arrays. */
final class Codec {
    private Codec() {}

    static byte[] bytes(Message message) {
        ByteBuf whole = MessageEncoder.whole(UnpooledByteBufAllocator.DEFAULT, message);
        try {
            return ByteBufUtil.getBytes(whole);
        } finally {
            whole.release();
        }
    }

    static Message message(byte[] bytes, boolean isRequest) throws ProtocolException {
        return message(Unpooled.wrappedBuffer(bytes), isRequest);
    }

    static Message message(ByteBuf bytes, boolean isRequest) throws ProtocolException {
        return isRequest ? MessageDecoder.request(bytes) : MessageDecoder.answer(bytes);
    }
}
