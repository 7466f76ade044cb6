package dev.tidemark.client;

import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Frames as they came from a server, tested one by one before anything of them is used: header checksum (which a frame of another segment, or of another place,
 * does not have), offsets without gaps, payload checksum. The bytes are not believed in anything: no read leaves them.
 *
 * <p><b>Threads.</b> One at a time.
 */
final class FetchedFrames {
    private final ByteBuf held;
    private final ByteBuffer bytes;
    private final SliceHead head;
    private final CRC32C scratch = new CRC32C();

    private int at;
    private int next;
    /** Where the next frame has to begin; not known of the first. */
    private long expectedOffset = FrameCodec.ANY_OFFSET;

    /** Takes over the reference of the buffer. */
    FetchedFrames(SliceHead head, ByteBuf frames) {
        this.held = frames;
        this.head = head;
        this.bytes = frames.nioBuffer();
    }

    /** The ends of the log when the frames were read. */
    SliceHead head() {
        return head;
    }

    /** Whether a frame is left. */
    boolean hasNext() {
        return next < bytes.limit();
    }

    /** Moves to the next frame, whatever it is, and tests it. A frame that is not valid is not moved over. */
    FrameVerdict next() {
        at = next;
        int left = bytes.limit() - at;
        long position = head.filePosition() + at;
        FrameVerdict verdict = FrameCodec.checkHeader(
                bytes, at, left, head.salt(), position, position + left, expectedOffset, scratch);
        if (!verdict.isValid()) {
            return verdict;
        }
        verdict = FrameCodec.checkPayload(bytes, at, scratch);
        if (verdict.isValid()) {
            next = at + FrameCodec.frameBytes(bytes, at);
            expectedOffset = FrameCodec.endOffset(bytes, at);
        }
        return verdict;
    }

    FrameKind kind() {
        return FrameCodec.kind(bytes, at);
    }

    long offset() {
        return FrameCodec.offset(bytes, at);
    }

    long endOffset() {
        return FrameCodec.endOffset(bytes, at);
    }

    int count() {
        return FrameCodec.count(bytes, at);
    }

    long timestampMillis() {
        return FrameCodec.timestampMillis(bytes, at);
    }

    ByteBuffer bytes() {
        return bytes;
    }

    int payloadAt() {
        return FrameCodec.payloadAt(bytes, at);
    }

    int payloadBytes() {
        return FrameCodec.length(bytes, at);
    }

    /** Where the frame that was looked at last lies in its segment file. */
    long framePosition() {
        return head.filePosition() + at;
    }

    static void release(@Nullable FetchedFrames frames) {
        if (frames != null) {
            frames.held.release();
        }
    }
}
