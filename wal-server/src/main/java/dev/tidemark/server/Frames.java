package dev.tidemark.server;

import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.UnavailableException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultFileRegion;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * What one read has found: frames, or that there is nothing yet.
 *
 * <p><b>Threads.</b> Made by a reading thread, which may block; handed to the event loop, which writes or releases it.
 */
final class Frames {
    /** Around the frames of one message. */
    static final int HEAD_BYTES = 128;

    /** A read of a byte that takes longer did not come from memory. */
    private static final long SLOW_NANOS = 100_000;

    private static final int PROBE_STRIDE_BYTES = 128 << 10;
    private static final int TOUCH_BYTES = 256 << 10;

    final LocalPartition partition;
    final SliceHead head;
    final int bytes;

    private final @Nullable Object body;

    private Frames(LocalPartition partition, SliceHead head, int bytes, @Nullable Object body) {
        this.partition = partition;
        this.head = head;
        this.bytes = bytes;
        this.body = body;
    }

    /** Reads, on a thread that may block, at most {@code maxBytes}, or one frame. */
    static Frames read(
            LocalPartition partition,
            Reader reader,
            long from,
            int minBytes,
            int maxBytes,
            int messageLimit,
            Services services,
            ByteBufAllocator allocator) {
        if (reader.maxBytes == 0) {
            return nothing(partition, from);
        }
        Slices slices = partition.slices(from, maxBytes, reader.visibility);
        boolean isKept = false;
        try {
            Ends ends = partition.ends();
            long visibleEnd = reader.visibility == Durability.WRITTEN ? ends.written() : ends.durable();
            boolean isAll = slices.endOffset() >= visibleEnd;
            if (slices.bytes() == 0 || (slices.bytes() < minBytes && isAll)) {
                return nothing(partition, slices.endOffset());
            }
            if (slices.bytes() > messageLimit - HEAD_BYTES) {
                throw new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID,
                        "the next frame does not fit into a message that this client takes: partition=" + partition.id()
                                + " offset=" + slices.firstOffset() + " bytes=" + slices.bytes() + " limit="
                                + messageLimit);
            }
            SliceHead head =
                    new SliceHead(ends, slices.firstOffset(), slices.endOffset(), slices.salt(), slices.filePosition());
            Region region = slices.bytes() >= services.config.zeroCopyBytes() ? region(slices, services) : null;
            if (region != null) {
                isKept = true;
                return new Frames(partition, head, slices.bytes(), region);
            }
            return new Frames(partition, head, slices.bytes(), copy(slices, allocator));
        } finally {
            if (!isKept) {
                slices.close();
            }
        }
    }

    private static Frames nothing(LocalPartition partition, long from) {
        return new Frames(partition, new SliceHead(partition.ends(), from, from, 0, 0), 0, null);
    }

    private static ByteBuf copy(Slices slices, ByteBufAllocator allocator) {
        ByteBuf buffer;
        try {
            buffer = allocator.directBuffer(slices.bytes(), slices.bytes());
        } catch (OutOfMemoryError e) {
            throw new UnavailableException(ErrorCode.SERVER_BUSY, "no memory to read into: bytes=" + slices.bytes(), e);
        }
        boolean isRead = false;
        try {
            int read = slices.read(buffer.nioBuffer(0, slices.bytes()), 0);
            buffer.writerIndex(read);
            isRead = true;
            return buffer;
        } finally {
            if (!isRead) {
                buffer.release();
            }
        }
    }

    /** Nothing where the file cannot be had by this process under its name; the log has ways to read it that we have not. */
    private static @Nullable Region region(Slices slices, Services services) {
        SegmentChannels.Shared file = services.channels.of(slices);
        if (file == null) {
            return null;
        }
        boolean isKept = false;
        try {
            bringIntoMemory(file.channel, slices);
            isKept = true;
            return new Region(file, slices, services.files);
        } catch (IOException e) {
            // The log tells what is wrong with it, and where.
            return null;
        } finally {
            if (!isKept) {
                file.release();
            }
        }
    }

    /**
     * The event loop will have the kernel send these bytes, and would wait for the disk where they are not in memory. A few single bytes tell; when one of them takes its time, all are
     * read here.
     */
    private static void bringIntoMemory(FileChannel file, Slices slices) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        for (int at = 0; at < slices.bytes(); at += PROBE_STRIDE_BYTES) {
            one.clear();
            long began = System.nanoTime();
            int read = file.read(one, slices.filePosition() + at);
            if (read < 1 || System.nanoTime() - began > SLOW_NANOS) {
                touch(slices, at);
                return;
            }
        }
    }

    private static void touch(Slices slices, int from) {
        ByteBuffer unused = ByteBuffer.allocate(Math.min(TOUCH_BYTES, slices.bytes()));
        for (int at = from; at < slices.bytes(); ) {
            unused.clear();
            at += slices.read(unused, at);
        }
    }

    boolean isEmpty() {
        return body == null;
    }

    boolean isFromFile() {
        return body instanceof Region;
    }

    /** What is written; it is released by that. */
    Object body() {
        if (body == null) {
            throw new IllegalStateException("there are no frames");
        }
        return body;
    }

    void release() {
        if (body != null) {
            ReferenceCountUtil.release(body);
        }
    }

    /** How many bytes of frames are asked for, so that they fit into a message. */
    static int limit(int messageLimit, int wanted) {
        return Math.max(1, Math.min(wanted, Math.min(messageLimit, Protocol.MAX_LENGTH) - HEAD_BYTES));
    }

    /**
     * A range of a segment that goes to the socket in the kernel. The segment is held until the last byte is written, or the connection is gone; letting go of it may delete a file that
     * was trimmed meanwhile, and closing it may be what gives its blocks back, so a thread of a pool does that.
     */
    private static final class Region extends DefaultFileRegion {
        private final SegmentChannels.Shared file;
        private final Slices slices;
        private final FilePool closer;

        Region(SegmentChannels.Shared file, Slices slices, FilePool closer) {
            super(file.channel, slices.filePosition(), slices.bytes());
            this.file = file;
            this.slices = slices;
            this.closer = closer;
        }

        /** Instead of closing the file, which others may be sending from. */
        @Override
        protected void deallocate() {
            closer.mustRun(() -> {
                file.release();
                slices.close();
            });
        }
    }
}
