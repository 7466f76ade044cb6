package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.format.FrameCodec;
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
            try {
                target.limit(at + length).position(at);
                buffer.getBytes(buffer.readerIndex(), target);
            } finally {
                // Also when the buffer was released: others have appends in the round, and more come.
                target.limit(limit).position(position);
            }
        }
    }

    /** Where a payload lies until it is written. */
    enum Place {
        /** In the round's memory, copied there under the partition's lock. */
        IN_ROUND,
        /** In memory of its own with room for the header and the padding, so long that copying it would hold up others who wait for the lock. */
        IN_OWN_FRAME,
        /** As that, but behind the frame before it, in a {@link Slab}. */
        IN_SLAB,
        /** Where it is: its owner hands it over. */
        WHERE_IT_IS
    }

    /** Where this one is to lie. */
    static Place placeOf(Object payload, int length) {
        if (length >= AppendRequest.DIRECT_WRITE_BYTES && isHandedOver(payload)) {
            return Place.WHERE_IT_IS;
        }
        return length > MAX_COPIED_BYTES ? Place.IN_OWN_FRAME : Place.IN_ROUND;
    }

    private static boolean isHandedOver(Object payload) {
        return payload instanceof ByteBuf buffer && buffer.isDirect() && buffer.nioBufferCount() == 1;
    }

    /** What holds a payload that is not copied into a round until it is written; what is readable of it is the payload. */
    static ByteBuf own(Object payload, int length, int headerBytes, Place place, ByteBufAllocator allocator) {
        if (place == Place.WHERE_IT_IS) {
            ByteBuf buffer = (ByteBuf) payload;
            return buffer.retainedSlice(buffer.readerIndex(), length);
        }
        int frameBytes = FrameCodec.frameBytes(length, headerBytes - FrameCodec.HEADER_BYTES);
        ByteBuf copy = allocator.directBuffer(frameBytes, frameBytes);
        copy.setIndex(headerBytes, headerBytes);
        boolean isCopied = false;
        try {
            copyInto(copy, payload, length);
            isCopied = true;
            return copy;
        } finally {
            if (!isCopied) {
                // The caller's buffer may have been released.
                copy.release();
            }
        }
    }

    private static void copyInto(ByteBuf copy, Object payload, int length) {
        if (payload instanceof byte[] array) {
            copy.writeBytes(array);
        } else if (payload instanceof ByteBuffer buffer) {
            copy.writeBytes(buffer.duplicate());
        } else {
            ByteBuf buffer = (ByteBuf) payload;
            copy.writeBytes(buffer, buffer.readerIndex(), length);
        }
    }

    /**
     * What {@link #own} returned, as the JDK sees it; may show memory of others before and behind. The buffer's own view costs
     * no garbage, but whoever shares the buffer may use that at the same time, so a slice of a caller's buffer gets a new one.
     */
    static ByteBuffer view(ByteBuf owned, int at, int length) {
        return owned.unwrap() == null ? owned.internalNioBuffer(at, length) : owned.nioBuffer(at, length);
    }

    /** The checksum of what {@link #own} returned. */
    static int checksum(ByteBuf owned, CRC32C crc) {
        ByteBuffer view = view(owned, owned.readerIndex(), owned.readableBytes());
        crc.reset();
        crc.update(view);
        return (int) crc.getValue();
    }
}
