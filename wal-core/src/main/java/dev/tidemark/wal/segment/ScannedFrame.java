package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The frame a {@link SegmentScan} stands on: one object, filled anew for each frame, so that a scan of millions of frames allocates nothing.
 * It describes a frame only after a verdict whose length is trusted.
 *
 * <p><b>Threads.</b> Confined to the thread that scans.
 */
public final class ScannedFrame {

    private final ByteBuffer window;

    private long position;
    private long offset;
    private long synced;
    private long stamp;
    private int count;
    private int length;
    private int headerCrc;
    private int payloadCrc;
    private long producerId;
    private long producerEpoch;
    private long firstSequence;
    private int payloadAt;
    private boolean hasPayload;
    private @Nullable FrameKind kind;

    ScannedFrame(ByteBuffer window) {
        this.window = window;
    }

    void take(int at, long filePosition, FrameVerdict verdict) {
        position = filePosition;
        offset = FrameCodec.offset(window, at);
        synced = FrameCodec.synced(window, at);
        stamp = FrameCodec.stamp(window, at);
        count = FrameCodec.count(window, at);
        length = FrameCodec.length(window, at);
        headerCrc = FrameCodec.headerCrc(window, at);
        payloadCrc = FrameCodec.payloadCrc(window, at);
        kind = verdict.compareTo(FrameVerdict.BAD_KIND) > 0 ? FrameCodec.kind(window, at) : null;
        if (verdict.compareTo(FrameVerdict.BAD_FLAGS) > 0 && FrameCodec.hasProducer(window, at)) {
            producerId = FrameCodec.producerId(window, at);
            producerEpoch = FrameCodec.producerEpoch(window, at);
            firstSequence = FrameCodec.firstSequence(window, at);
        }
        hasPayload = false;
    }

    void payloadIsAt(int index) {
        payloadAt = index;
        hasPayload = true;
    }

    /** File position at which the frame begins. */
    public long position() {
        return position;
    }

    /** File position behind the frame and its padding. */
    public long endPosition() {
        return position + frameBytes();
    }

    public int headerBytes() {
        return FrameCodec.HEADER_BYTES + FrameCodec.extensionBytes(flags());
    }

    public int frameBytes() {
        return FrameCodec.frameBytes(length, FrameCodec.extensionBytes(flags()));
    }

    public long offset() {
        return offset;
    }

    public int count() {
        return count;
    }

    public long endOffset() {
        return offset + count;
    }

    public long synced() {
        return synced;
    }

    public long timestampMillis() {
        return stamp >>> 16;
    }

    public int flags() {
        return (int) stamp & 0xff;
    }

    public FrameKind kind() {
        FrameKind known = kind;
        if (known == null) {
            throw new IllegalStateException("frame is of no known kind: at=" + position);
        }
        return known;
    }

    public int headerCrc() {
        return headerCrc;
    }

    public int payloadCrc() {
        return payloadCrc;
    }

    public int payloadLength() {
        return length;
    }

    public boolean hasProducer() {
        return (flags() & FrameCodec.PRODUCER_EXTENSION & ~0x07) != 0;
    }

    public long producerId() {
        assert hasProducer();
        return producerId;
    }

    public long producerEpoch() {
        assert hasProducer();
        return producerEpoch;
    }

    public long firstSequence() {
        assert hasProducer();
        return firstSequence;
    }

    /** Whether the payload lies in memory as a whole; if not, it was checked piece by piece and is longer than the scan's buffer. */
    public boolean hasPayload() {
        return hasPayload;
    }

    /** The payload, until the scan moves on. */
    public ByteBuffer payload() {
        if (!hasPayload) {
            throw new IllegalStateException("payload does not lie in memory: at=" + position + " length=" + length);
        }
        return window.slice(payloadAt, length).asReadOnlyBuffer();
    }

    @Override
    public String toString() {
        return "frame[at=" + position + " offset=" + offset + " count=" + count + " kind=" + kind + " length=" + length
                + " synced=" + synced + "]";
    }
}
