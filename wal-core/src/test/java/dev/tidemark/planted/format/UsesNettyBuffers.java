package dev.tidemark.planted.format;

import io.netty.buffer.ByteBuf;

final class UsesNettyBuffers {
    int length(ByteBuf bytes) {
        return bytes.readableBytes();
    }
}
