package dev.tidemark.planted.api;

import io.netty.buffer.ByteBuf;

interface GivesAByteBuf {
    void append(ByteBuf allowed);

    ByteBuf read();
}
