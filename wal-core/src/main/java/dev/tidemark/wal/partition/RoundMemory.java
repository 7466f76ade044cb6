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
    private static final int MOST_PARTS_KEPT = 4;
    /** A first chunk up to this size waits for the next round of the same partition, until that becomes quiet. */
    private static final int MAX_KEPT_BYTES = 64 << 10;

    /** One piece of contiguous memory: a chunk of frames, or a single payload. Used again for later pieces. */
    private static final class Part {
        @Nullable
        ByteBuf memory;
        /** The memory, and perhaps others' beside it: everything counts from {@link #base}. */
        @Nullable
        ByteBuffer bytes;

        int base;
        int capacity;
        boolean isPayload;
        /** Zeros in front of the first frame of a chunk: the padding of the payload before it. */
        int framesAt;

        int used;

        ByteBuffer bytes() {
            return Objects.requireNonNull(bytes);
        }
    }

    /** Sees each frame once, when its header is complete. */
    interface FrameSink {
        /** One frame, whose header lies at index {@code at} of {@code buffer}. */
        void frame(ByteBuffer buffer, int at, long filePosition, int headerCrc);
    }

    private final ByteBufAllocator allocator;
    private final List<Part> parts = new ArrayList<>(2);
    private int partCount;
    private @Nullable Part chunk;
    private int nextChunkBytes = MIN_CHUNK_BYTES;
    private int paddingOwed;
    private int bytes;

    /** Allocates nothing before the first frame. */
    RoundMemory(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /** About this much will come. */
    void expect(int expectedBytes) {
        nextChunkBytes = Math.min(MAX_CHUNK_BYTES, chunkBytesFor(expectedBytes));
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
        if (last == null || last.capacity - last.used < wantedBytes) {
            addChunk(Math.max(nextChunkBytes, chunkBytesFor(wantedBytes + FrameCodec.ALIGNMENT)));
        }
    }

    private void addChunk(int capacity) {
        Part added = partCount == 0 && keeps(capacity) ? again() : fresh(capacity);
        for (int i = 0; i < paddingOwed; i++) {
            added.bytes().put(added.base + i, (byte) 0);
        }
        added.isPayload = false;
        added.framesAt = paddingOwed;
        added.used = paddingOwed;
        chunk = added;
        paddingOwed = 0;
        nextChunkBytes = Math.min(MAX_CHUNK_BYTES, 2 * nextChunkBytes);
    }

    private boolean keeps(int capacity) {
        return !parts.isEmpty() && parts.get(0).memory != null && parts.get(0).capacity >= capacity;
    }

    /** The chunk that the round before has left. */
    private Part again() {
        Part kept = parts.get(0);
        kept.bytes().limit(kept.base + kept.capacity).position(kept.base);
        partCount = 1;
        return kept;
    }

    private Part fresh(int capacity) {
        ByteBuf memory = allocator.directBuffer(capacity, capacity);
        return add(memory, memory.internalNioBuffer(0, capacity), capacity);
    }

    /** Adds a piece; its view may show memory of others in front of it. */
    private Part add(ByteBuf memory, ByteBuffer view, int capacity) {
        if (partCount == parts.size()) {
            parts.add(new Part());
        }
        Part added = parts.get(partCount++);
        letGo(added);
        added.memory = memory;
        added.bytes = view;
        added.base = view.position();
        added.capacity = capacity;
        return added;
    }

    private static int chunkBytesFor(int wanted) {
        int atLeast = Math.max(MIN_CHUNK_BYTES, wanted);
        return atLeast > MAX_CHUNK_BYTES ? atLeast : Integer.highestOneBit(atLeast - 1) << 1;
    }

    ByteBuffer chunk() {
        return Objects.requireNonNull(chunk).bytes();
    }

    int at() {
        Part last = Objects.requireNonNull(chunk);
        return last.base + last.used;
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
        Part added = add(payload, Payloads.view(payload), length);
        added.isPayload = true;
        added.used = length;
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
        for (int i = 0; i < partCount; i++) {
            Part part = parts.get(i);
            int at = part.framesAt;
            while (!part.isPayload && at < part.used) {
                ByteBuffer frames = part.bytes();
                int headerCrc = FrameCodec.finish(frames, part.base + at, salt, position, durableEnd, scratch);
                sink.frame(frames, part.base + at, position, headerCrc);
                int frameBytes = FrameCodec.frameBytes(frames, part.base + at);
                position += frameBytes;
                at += frameBytes;
            }
        }
        assert position == filePosition + bytes : "frames end at " + position + ", not at " + (filePosition + bytes);
    }

    /** Writes everything, part after part. */
    void writeTo(DiskFile file, long filePosition) throws IOException {
        long position = filePosition;
        for (int i = 0; i < partCount; i++) {
            Part part = parts.get(i);
            ByteBuffer view = part.bytes();
            view.limit(part.base + part.used).position(part.base);
            file.writeFully(view, position);
            position += part.used;
        }
    }

    /** Gives the memory back, but for a first chunk that is not large; afterwards a new round may be laid down here. */
    void release() {
        for (int i = 0; i < partCount; i++) {
            Part part = parts.get(i);
            if (i > 0 || part.isPayload || part.capacity > MAX_KEPT_BYTES) {
                letGo(part);
            }
        }
        partCount = 0;
        chunk = null;
        paddingOwed = 0;
        bytes = 0;
        while (parts.size() > MOST_PARTS_KEPT) {
            parts.remove(parts.size() - 1);
        }
    }

    /** Gives everything back. */
    void close() {
        release();
        for (Part part : parts) {
            letGo(part);
        }
    }

    private static void letGo(Part part) {
        ByteBuf memory = part.memory;
        if (memory != null) {
            part.memory = null;
            part.bytes = null;
            memory.release();
        }
    }
}
