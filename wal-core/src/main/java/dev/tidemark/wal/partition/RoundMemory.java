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
 * <p>A large payload comes as a whole frame in memory of its own, or alone where its caller has handed it over. Alone, its header
 * is the last thing in the part before it, and the zeros that fill it up to a multiple of 8 are the first thing in the part
 * behind it. What is left of a chunk then goes on as a part of its own.
 *
 * <p><b>Threads.</b> As {@link Round}: the partition lock while staging, the write right afterwards.
 */
final class RoundMemory {
    /** Larger chunks would not come from the pool. */
    private static final int MAX_CHUNK_BYTES = 1 << 20;

    private static final int MIN_CHUNK_BYTES = 4 << 10;
    private static final int MOST_PARTS_KEPT = 16;
    /** A first chunk up to this size waits for the next round of the same partition, until that becomes quiet. */
    private static final int MAX_KEPT_BYTES = 64 << 10;

    /** One piece of contiguous memory: a chunk of frames, or a single payload. Used again for later pieces. */
    private static final class Part {
        /** Null where the memory is that of a part before. */
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
        /** In which the frames lie, if they lie in one. */
        @Nullable
        Slab slab;

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
    /** The chunk that a large payload has ended, for what follows. */
    private @Nullable Part endedChunk;

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

    /**
     * Makes sure of this much contiguous room. Afterwards a frame may be laid down at {@link #at()} of {@link #chunk()}.
     *
     * @throws OutOfMemoryError when direct memory is exhausted; nothing has changed then
     */
    void reserve(int wantedBytes) {
        Part last = chunk;
        if (last != null && last.capacity - last.used >= wantedBytes) {
            return;
        }
        int mostBytes = wantedBytes + FrameCodec.ALIGNMENT;
        Part ended = endedChunk;
        if (ended != null && ended.capacity - ended.used >= mostBytes) {
            begin(rest(ended));
        } else {
            addChunk(Math.max(nextChunkBytes, chunkBytesFor(mostBytes)));
        }
    }

    /** Makes sure that a whole frame in memory of its own may follow. Fails as {@link #reserve} does. */
    void reserveForFrame() {
        if (paddingOwed > 0) {
            reserve(0);
        }
    }

    private void addChunk(int capacity) {
        begin(partCount == 0 && keeps(capacity) ? again() : fresh(capacity));
        nextChunkBytes = Math.min(MAX_CHUNK_BYTES, 2 * nextChunkBytes);
    }

    private void begin(Part added) {
        for (int i = 0; i < paddingOwed; i++) {
            added.bytes().put(added.base + i, (byte) 0);
        }
        added.isPayload = false;
        added.framesAt = paddingOwed;
        added.used = paddingOwed;
        chunk = added;
        endedChunk = null;
        paddingOwed = 0;
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
        ByteBuffer view = memory.internalNioBuffer(0, capacity);
        return add(memory, view, view.position(), capacity);
    }

    private Part rest(Part ended) {
        return add(null, ended.bytes(), ended.base + ended.used, ended.capacity - ended.used);
    }

    /** Adds a piece; its view may show memory of others in front of it. */
    private Part add(@Nullable ByteBuf memory, ByteBuffer view, int base, int capacity) {
        if (partCount == parts.size()) {
            parts.add(new Part());
        }
        Part added = parts.get(partCount++);
        letGo(added);
        added.memory = memory;
        added.bytes = view;
        added.base = base;
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
        Part last = Objects.requireNonNull(chunk);
        last.used += headerBytes;
        int length = payload.readableBytes();
        ByteBuffer view = Payloads.view(payload, payload.readerIndex(), length);
        Part added = add(payload, view, view.position(), length);
        added.isPayload = true;
        added.used = length;
        endChunk(last);
        paddingOwed = frameBytes - headerBytes - length;
        bytes += frameBytes;
    }

    /** A whole frame in memory of its own, which is released with the round. */
    void commitFrame(ByteBuf frame, ByteBuffer view, int frameBytes) {
        assert paddingOwed == 0 : paddingOwed;
        Part last = chunk;
        Part added = add(frame, view, view.position(), frameBytes);
        added.isPayload = false;
        added.framesAt = 0;
        added.used = frameBytes;
        if (last != null) {
            endChunk(last);
        }
        bytes += frameBytes;
    }

    /** A whole frame in a slab, whose reference for it is released with the round. One behind the other they are one part. */
    void commitFrame(Slab slab, int frameBytes) {
        assert paddingOwed == 0 : paddingOwed;
        Part before = chunk == null && partCount > 0 ? parts.get(partCount - 1) : null;
        if (before != null && before.slab == slab && before.base + before.used == slab.frameAt()) {
            before.used += frameBytes;
            before.capacity += frameBytes;
            // The part has the reference of its first frame.
            slab.memory().release();
        } else {
            Part last = chunk;
            Part added = add(slab.memory(), slab.writing(), slab.frameAt(), frameBytes);
            added.isPayload = false;
            added.framesAt = 0;
            added.used = frameBytes;
            added.slab = slab;
            if (last != null) {
                endChunk(last);
            }
        }
        bytes += frameBytes;
    }

    private void endChunk(Part last) {
        endedChunk = last;
        chunk = null;
    }

    /** Completes the header of every frame, now that its place and the durable end are known. */
    void complete(int salt, long filePosition, long durableEnd, CRC32C scratch, FrameSink sink) {
        if (paddingOwed > 0) {
            addChunk(MIN_CHUNK_BYTES);
        }
        long position = filePosition;
        for (int i = 0; i < partCount; i++) {
            Part part = parts.get(i);
            ByteBuffer frames = part.bytes();
            // Of a slab, the round before may have seen less.
            frames.limit(part.base + part.used);
            int at = part.framesAt;
            while (!part.isPayload && at < part.used) {
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
        endedChunk = null;
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
        part.memory = null;
        part.bytes = null;
        part.slab = null;
        if (memory != null) {
            memory.release();
        }
    }
}
