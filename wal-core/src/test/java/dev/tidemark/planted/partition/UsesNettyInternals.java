package dev.tidemark.planted.partition;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;

final class UsesNettyInternals {
    boolean release(ByteBuf bytes) {
        return ReferenceCountUtil.release(bytes);
    }
}
