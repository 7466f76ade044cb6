package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Ends;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Writes the fields of one body: what {@link BodyReader} reads. */
final class BodyWriter {
    private final ByteBuf body;

    BodyWriter(ByteBuf body) {
        this.body = body;
    }

    BodyWriter u8(int value) {
        body.writeByte(value);
        return this;
    }

    BodyWriter u16(int value) {
        body.writeShortLE(value);
        return this;
    }

    BodyWriter i32(int value) {
        body.writeIntLE(value);
        return this;
    }

    BodyWriter i64(long value) {
        body.writeLongLE(value);
        return this;
    }

    BodyWriter bool(boolean value) {
        return u8(value ? 1 : 0);
    }

    /** A text that is known to be short enough. */
    BodyWriter text(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        if (encoded.length > Protocol.MAX_TEXT_BYTES) {
            throw new IllegalArgumentException(
                    "text is too long for a message: bytes=" + encoded.length + " limit=" + Protocol.MAX_TEXT_BYTES);
        }
        return text(encoded, encoded.length);
    }

    /** As much of a text as fits, for people: cut between two characters. */
    BodyWriter textCutTo(int maxBytes, String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        int end = Math.min(encoded.length, maxBytes);
        while (end > 0 && end < encoded.length && (encoded[end] & 0xc0) == 0x80) {
            end--;
        }
        return text(encoded, end);
    }

    private BodyWriter text(byte[] encoded, int length) {
        u16(length);
        body.writeBytes(encoded, 0, length);
        return this;
    }

    BodyWriter partition(PartitionName partition) {
        return text(partition.name()).i32(partition.number()).i64(partition.incarnation());
    }

    BodyWriter ends(Ends ends) {
        return i64(ends.start())
                .i64(ends.readable())
                .i64(ends.durable())
                .i64(ends.written())
                .i64(ends.logEnd());
    }
}
