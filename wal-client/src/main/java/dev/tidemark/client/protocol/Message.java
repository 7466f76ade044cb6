package dev.tidemark.client.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * One message. Immutable; what lies behind the fields of {@link Request.Produce}, {@link Answer.Fetched} and {@link Answer.Pushed} is a
 * buffer of the sender or of the socket.
 *
 * <p>A decoded message owns one reference of its {@link #trailing()} bytes: who gets the message releases it, once. The encoder takes over
 * that reference.
 */
public sealed interface Message permits Request, Answer {
    /** What it is. */
    MessageKind kind();

    /** The client's number for the request, also in every answer to it. */
    long id();

    /** The bytes that fill the rest of the message behind its fields: payload or frames. Empty in most messages. */
    default ByteBuf trailing() {
        return Unpooled.EMPTY_BUFFER;
    }

    /** Lets go of the trailing bytes. */
    default void release() {
        trailing().release();
    }
}
