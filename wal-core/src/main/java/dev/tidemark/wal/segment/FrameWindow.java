package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A piece of one segment's file in memory, moved along by a reader who goes from frame to frame: {@link #header} tests a frame's header, {@link
 * #payload} the payload behind it, and the accessors tell what the last header says. Whoever wants only headers steps over payloads
 * without reading them.
 *
 * <p>It reads little at first and more with every step forward, up to {@code readAheadBytes}; a larger frame is read whole, and the memory for it
 * is given back with the next small one. The file is in use only while it is read: a reader that waits holds no descriptor.
 *
 * <p>What was read stays in the window until the reader moves on or calls {@link #forget}. The bytes behind the end of what may be read can
 * change at any time, so whoever reads up to such an end forgets the window before going beyond it.
 *
 * <p><b>Threads.</b> One at a time. The segment is retained by whoever uses the window.
 */
public final class FrameWindow implements AutoCloseable {

    private static final int FIRST_READ_BYTES = 8 << 10;
    private static final int GROWTH = 4;

    private final SegmentFiles files;
    private final ByteBufAllocator memory;
    private final int readAheadBytes;
    private final CRC32C scratch = new CRC32C();

    private @Nullable Segment segment;
    private @Nullable SegmentOwner owner;
    private int salt;

    private @Nullable ByteBuf pooled;
    /** All of {@link #pooled}, as the codec wants it. */
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    /** Where in the file the window begins, and how much of it was read. */
    private long from;

    private int filled;
    /** Where the file ended when the window was read, or {@link Long#MAX_VALUE} if it went on behind the window. */
    private long endOfFile = Long.MAX_VALUE;

    private int nextReadBytes;
    private long fills;

    /** The frame whose header was tested last: its index in {@link #bytes} and the outcome. */
    private int at;

    private FrameVerdict verdict = FrameVerdict.END_OF_FILE;

    /**
     * Empty; takes memory when it reads first.
     *
     * @param memory where buffers come from
     * @param readAheadBytes how much is read at once, but for a larger frame
     */
    public FrameWindow(SegmentFiles files, ByteBufAllocator memory, int readAheadBytes) {
        this.files = files;
        this.memory = memory;
        this.readAheadBytes = Math.max(readAheadBytes, FrameCodec.MAX_HEADER_BYTES);
        this.nextReadBytes = firstRead();
    }

    /** Goes over to a segment, which the caller has retained. */
    public void enter(Segment newSegment, SegmentOwner newOwner) {
        segment = newSegment;
        owner = newOwner;
        empty();
    }

    /** Drops what was read; the next read is a small one. */
    public void forget() {
        empty();
        nextReadBytes = firstRead();
    }

    /**
     * Tests the header of the frame at a position of the file.
     *
     * @param expectedOffset the end of the frame before, or {@link FrameCodec#ANY_OFFSET}
     */
    public FrameVerdict header(long filePosition, long expectedOffset) throws IOException {
        if (!hasHeader(filePosition)) {
            fill(filePosition, FrameCodec.MAX_HEADER_BYTES);
        }
        at = (int) (filePosition - from);
        verdict =
                FrameCodec.checkHeader(bytes, at, filled - at, salt, filePosition, endOfFile, expectedOffset, scratch);
        return verdict;
    }

    /** Tests the payload of the frame whose header was found valid. After that it lies in {@link #bytes} as a whole. */
    public FrameVerdict payload() throws IOException {
        int frameBytes = frameBytes();
        if (at + frameBytes > filled) {
            long position = framePosition();
            long expectedOffset = offset();
            // With the header that follows, so that a log of large frames is read once, not one and a half times.
            fill(position, frameBytes + FrameCodec.MAX_HEADER_BYTES);
            // The bytes were read anew, and with the end of the file known more is tested.
            if (!header(position, expectedOffset).isValid()) {
                return verdict;
            }
        }
        verdict = FrameCodec.checkPayload(bytes, at, scratch);
        return verdict;
    }

    // ---------------------------------------------------------------- the frame tested last

    public long framePosition() {
        return from + at;
    }

    public int frameBytes() {
        return FrameCodec.frameBytes(bytes, at);
    }

    /** Where the next frame begins. */
    public long nextPosition() {
        return framePosition() + frameBytes();
    }

    public FrameKind kind() {
        return FrameCodec.kind(bytes, at);
    }

    public long offset() {
        return FrameCodec.offset(bytes, at);
    }

    public int count() {
        return FrameCodec.count(bytes, at);
    }

    public long endOffset() {
        return FrameCodec.endOffset(bytes, at);
    }

    public long timestampMillis() {
        return FrameCodec.timestampMillis(bytes, at);
    }

    public long synced() {
        return FrameCodec.synced(bytes, at);
    }

    /** Where in {@link #bytes} the payload begins. */
    public int payloadAt() {
        return FrameCodec.payloadAt(bytes, at);
    }

    public int payloadBytes() {
        return FrameCodec.length(bytes, at);
    }

    /** The window itself; valid until the next test of another frame. Its position and limit are nobody's. */
    public ByteBuffer bytes() {
        return bytes;
    }

    /** Whether the window reaches to the end of the file, so that a frame that goes beyond is known to be cut off. */
    public boolean isEndOfFileKnown() {
        return endOfFile != Long.MAX_VALUE;
    }

    /** The checksum that failed, as it stands there. */
    public int crcFound() {
        return verdict == FrameVerdict.BAD_PAYLOAD_CRC
                ? FrameCodec.payloadCrc(bytes, at)
                : FrameCodec.headerCrc(bytes, at);
    }

    /** The checksum that failed, as it should be. */
    public int crcComputed() {
        return verdict == FrameVerdict.BAD_PAYLOAD_CRC
                ? FrameCodec.crcOf(bytes, payloadAt(), payloadBytes(), scratch)
                : FrameCodec.computeHeaderCrc(bytes, at, salt, framePosition(), scratch);
    }

    // ---------------------------------------------------------------- reading

    /** How often the window was filled. What was found in {@link #bytes} is there until this number changes. */
    public long fills() {
        return fills;
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        empty();
        release();
    }

    private boolean hasHeader(long filePosition) {
        if (filePosition < from || filePosition > from + filled || filled == 0) {
            return false;
        }
        return isEndOfFileKnown() || from + filled - filePosition >= FrameCodec.MAX_HEADER_BYTES;
    }

    private void fill(long filePosition, int atLeastBytes) throws IOException {
        Segment read = segment;
        SegmentOwner readOwner = owner;
        if (read == null || readOwner == null) {
            throw new IllegalStateException("window was not told which segment to read");
        }
        boolean goesOn = filled > 0 && filePosition > from && filePosition <= from + filled;
        nextReadBytes = goesOn ? Math.min(nextReadBytes * GROWTH, readAheadBytes) : firstRead();
        int wanted = Math.max(nextReadBytes, atLeastBytes);
        fills++;
        empty();
        reserve(wanted);
        OpenSegment open = files.acquire(read, readOwner);
        try {
            salt = read.salt();
            bytes.clear().limit(wanted);
            int got = open.file().readFully(bytes, filePosition);
            from = filePosition;
            filled = got;
            endOfFile = got < wanted ? filePosition + got : Long.MAX_VALUE;
        } finally {
            bytes.clear();
            open.release();
        }
    }

    /** Room for a read: more if need be, and less again once a large frame is behind. */
    private void reserve(int wanted) {
        boolean isTooSmall = bytes.capacity() < wanted;
        boolean isTooLarge = bytes.capacity() > readAheadBytes && wanted <= readAheadBytes;
        if (isTooSmall || isTooLarge) {
            release();
            ByteBuf taken = memory.directBuffer(wanted, wanted);
            pooled = taken;
            bytes = taken.nioBuffer(0, wanted);
        }
    }

    private void release() {
        ByteBuf held = pooled;
        if (held != null) {
            pooled = null;
            bytes = ByteBuffer.allocate(0);
            held.release();
        }
    }

    private void empty() {
        from = 0;
        filled = 0;
        endOfFile = Long.MAX_VALUE;
    }

    private int firstRead() {
        return Math.min(FIRST_READ_BYTES, readAheadBytes);
    }
}
