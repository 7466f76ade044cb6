package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.FrameCodec;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Memory in which large frames are laid down one behind the other, so that one write takes several of them: each write costs some objects of the
 * channel, and a system call.
 *
 * <p><b>Threads.</b> One at a time lays frames down: whoever has taken it out of {@link FrameLayout}, from {@link #begin} until the frame is in a round or
 * was taken back. The holder of the write right reads and completes them through a view of its own, while the next one is laid down behind.
 *
 * <p><b>Ordering.</b> A frame's bytes are published with its round, by the partition lock.
 */
final class Slab {
    /** Some rounds of large frames. */
    static final int BYTES = 16 << 20;

    /** The largest frame that has others beside it. */
    static final int MOST_FRAME_BYTES = 4 << 20;

    private final ByteBuf memory;
    private final ByteBuffer filling;
    private final ByteBuffer writing;
    private int frameAt;
    private int usedBytes;

    /** Over memory whose reference belongs to this object from now on. */
    Slab(ByteBuf memory) {
        this.memory = memory;
        filling = memory.nioBuffer(0, memory.capacity());
        writing = filling.duplicate();
    }

    boolean hasRoomFor(int frameBytes) {
        return memory.capacity() - usedBytes >= frameBytes;
    }

    /** Copies the payload of the next frame, and takes a reference for it. */
    void begin(Object payload, int length, int headerBytes, int frameBytes) {
        frameAt = usedBytes;
        Payloads.copy(payload, filling, frameAt + headerBytes, length);
        memory.retain();
        usedBytes += frameBytes;
    }

    /** The checksum of that payload. */
    int checksum(int headerBytes, int length, CRC32C crc) {
        return FrameCodec.crcOf(filling, frameAt + headerBytes, length, crc);
    }

    /** The frame got into no round. */
    void takeBack() {
        usedBytes = frameAt;
        memory.release();
    }

    /** Where the frame begins, in either view. */
    int frameAt() {
        return frameAt;
    }

    /** What holds the frame, with a reference for it. */
    ByteBuf memory() {
        return memory;
    }

    /** For who lays it down. */
    ByteBuffer filling() {
        return filling;
    }

    /** For who completes and writes it. */
    ByteBuffer writing() {
        return writing;
    }

    /** Nothing more is laid down in it: it goes when its frames have gone. */
    void close() {
        memory.release();
    }
}
