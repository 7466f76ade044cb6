package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.io.DiskFile;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one round: chunks of pooled direct memory that frames are staged into, and large payloads that are written
 * from where they lie. In file order and without gaps, so the parts one after the other are what the file will hold.
 *
 * <p>A large payload's header is the last thing in the chunk before it; the zeros that fill it up to a multiple of 8 are the
 * first thing in the chunk behind it.
 *
 * <p><b>Threads.</b> As {@link Round}: the partition lock while staging, the write right afterwards.
 */
final class RoundMemory {
    /** Larger chunks would not come from the pool. */
    private static final int MAX_CHUNK_BYTES = 1 << 20;

    private static final int MIN_CHUNK_BYTES = 4 << 10;

    /** One piece of contiguous memory: a chunk of frames, or a single payload. */
    private static final class Part {
        final ByteBuf memory;
        final ByteBuffer bytes;
        final boolean isPayload;
        /** Zeros in front of the first frame of a chunk: the padding of the payload before it. */
        final int framesAt;

        int used;

        Part(ByteBuf memory, ByteBuffer bytes, boolean isPayload, int framesAt, int used) {
            this.memory = memory;
            this.bytes = bytes;
            this.isPayload = isPayload;
            this.framesAt = framesAt;
            this.used = used;
        }
    }

    /** Sees each frame once, when its header is complete. */
    interface FrameSink {
        /** One frame, whose header lies at index {@code at} of {@code buffer}. */
        void frame(ByteBuffer buffer, int at, long filePosition, int headerCrc);
    }

    private final ByteBufAllocator allocator;
    private final List<Part> parts = new ArrayList<>(2);
    private @Nullable Part chunk;
    private int nextChunkBytes;
    private int paddingOwed;
    private int bytes;

    /** With a first chunk for about this much. Allocates nothing before the first frame. */
    RoundMemory(ByteBufAllocator allocator, int expectedBytes) {
        this.allocator = allocator;
        this.nextChunkBytes = chunkBytesFor(expectedBytes);
    }

    /** Bytes in the file: whole frames. */
    int bytes() {
        return bytes;
    }

    /**
     * Makes sure of this much contiguous room. Afterwards a frame may be laid down at {@link #at()} of {@link #chunk()}.
     *
     * @throws OutOfMemoryError when direct memory is exhausted; nothing has changed then
     */
    void reserve(int wantedBytes) {
        Part last = chunk;
        if (last == null || last.bytes.capacity() - last.used < wantedBytes) {
            addChunk(Math.max(nextChunkBytes, chunkBytesFor(wantedBytes + FrameCodec.ALIGNMENT)));
        }
    }

    private void addChunk(int capacity) {
        ByteBuf memory = allocator.directBuffer(capacity, capacity);
        ByteBuffer view = memory.nioBuffer(0, capacity);
        for (int i = 0; i < paddingOwed; i++) {
            view.put(i, (byte) 0);
        }
        Part added = new Part(memory, view, false, paddingOwed, paddingOwed);
        parts.add(added);
        chunk = added;
        paddingOwed = 0;
        nextChunkBytes = Math.min(MAX_CHUNK_BYTES, 2 * nextChunkBytes);
    }

    private static int chunkBytesFor(int wanted) {
        int atLeast = Math.max(MIN_CHUNK_BYTES, wanted);
        return atLeast > MAX_CHUNK_BYTES ? atLeast : Integer.highestOneBit(atLeast - 1) << 1;
    }

    ByteBuffer chunk() {
        return Objects.requireNonNull(chunk).bytes;
    }

    int at() {
        return Objects.requireNonNull(chunk).used;
    }

    /** The frame at {@link #at()}, of this many bytes with its padding, belongs to the round. */
    void commit(int frameBytes) {
        Objects.requireNonNull(chunk).used += frameBytes;
        bytes += frameBytes;
    }

    /** The header at {@link #at()} belongs to the round, and so does its payload, which is released with the round. */
    void commitLarge(int headerBytes, ByteBuf payload, int frameBytes) {
        Objects.requireNonNull(chunk).used += headerBytes;
        int length = payload.readableBytes();
        ByteBuffer view = payload.nioBuffer(payload.readerIndex(), length);
        parts.add(new Part(payload, view, true, 0, length));
        chunk = null;
        paddingOwed = frameBytes - headerBytes - length;
        bytes += frameBytes;
    }

    /** Completes the header of every frame, now that its place and the durable end are known. */
    void complete(int salt, long filePosition, long durableEnd, CRC32C scratch, FrameSink sink) {
        if (paddingOwed > 0) {
            addChunk(MIN_CHUNK_BYTES);
        }
        long position = filePosition;
        for (Part part : parts) {
            int at = part.framesAt;
            while (!part.isPayload && at < part.used) {
                int headerCrc = FrameCodec.finish(part.bytes, at, salt, position, durableEnd, scratch);
                sink.frame(part.bytes, at, position, headerCrc);
                int frameBytes = FrameCodec.frameBytes(part.bytes, at);
                position += frameBytes;
                at += frameBytes;
            }
        }
        assert position == filePosition + bytes : "frames end at " + position + ", not at " + (filePosition + bytes);
    }

    /** Writes everything, part after part. */
    void writeTo(DiskFile file, long filePosition) throws IOException {
        long position = filePosition;
        for (Part part : parts) {
            part.bytes.limit(part.used).position(0);
            file.writeFully(part.bytes, position);
            position += part.used;
        }
    }

    /** Gives the memory back. */
    void release() {
        for (Part part : parts) {
            part.memory.release();
        }
        parts.clear();
        chunk = null;
    }
}
