package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The forms in which a payload arrives: {@code byte[]}, {@code ByteBuffer}, {@code ByteBuf}.
 *
 * <p>The stored checksum is always computed on memory that only the log can change: on the log's own copy, or on a large
 * {@code ByteBuf} that its owner has handed over. A checksum of the caller's array could be made obsolete by the caller's
 * next line, and the log would store a frame that reads as damaged.
 */
final class Payloads {
    /** The longest payload that is copied under the partition's lock: some microseconds. */
    private static final int MAX_COPIED_BYTES = 64 << 10;

    private Payloads() {}

    /** How long a payload is. */
    static int length(Object payload) {
        if (payload instanceof byte[] array) {
            return array.length;
        }
        if (payload instanceof ByteBuffer buffer) {
            return buffer.remaining();
        }
        return ((ByteBuf) payload).readableBytes();
    }

    /** Copies a payload into {@code target} from index {@code at} on. */
    static void copy(Object payload, ByteBuffer target, int at, int length) {
        if (payload instanceof byte[] array) {
            target.put(at, array, 0, length);
        } else if (payload instanceof ByteBuffer buffer) {
            target.put(at, buffer, buffer.position(), length);
        } else {
            ByteBuf buffer = (ByteBuf) payload;
            int limit = target.limit();
            int position = target.position();
            target.limit(at + length).position(at);
            buffer.getBytes(buffer.readerIndex(), target);
            target.limit(limit).position(position);
        }
    }

    /**
     * Whether a payload is written from memory of its own instead of being copied into a round: a buffer that its owner hands
     * over, or one so long that the copy would hold up others who wait for the lock.
     */
    static boolean isLarge(Object payload, int length) {
        return length > MAX_COPIED_BYTES || (length >= AppendRequest.DIRECT_WRITE_BYTES && isHandedOver(payload));
    }

    private static boolean isHandedOver(Object payload) {
        return payload instanceof ByteBuf buffer && buffer.isDirect() && buffer.nioBufferCount() == 1;
    }

    /** Memory that holds a large payload until it is written: the caller's own where it is direct and in one piece, else a copy. */
    static ByteBuf own(Object payload, int length, ByteBufAllocator allocator) {
        if (payload instanceof ByteBuf buffer && isHandedOver(payload)) {
            return buffer.retainedSlice(buffer.readerIndex(), length);
        }
        ByteBuf copy = allocator.directBuffer(length, length);
        if (payload instanceof byte[] array) {
            copy.writeBytes(array);
        } else if (payload instanceof ByteBuffer buffer) {
            copy.writeBytes(buffer.duplicate());
        } else {
            ByteBuf buffer = (ByteBuf) payload;
            copy.writeBytes(buffer, buffer.readerIndex(), length);
        }
        return copy;
    }

    /**
     * What {@link #own} returned, as the JDK sees it; may show memory of others before and behind. The buffer's own view costs
     * no garbage, but whoever shares the buffer may use that at the same time, so a slice of a caller's buffer gets a new one.
     */
    static ByteBuffer view(ByteBuf owned) {
        return owned.unwrap() == null
                ? owned.internalNioBuffer(owned.readerIndex(), owned.readableBytes())
                : owned.nioBuffer(owned.readerIndex(), owned.readableBytes());
    }

    /** The checksum of what {@link #own} returned. */
    static int checksum(ByteBuf owned) {
        ByteBuffer view = view(owned);
        CRC32C crc = new CRC32C();
        crc.update(view);
        return (int) crc.getValue();
    }
}
