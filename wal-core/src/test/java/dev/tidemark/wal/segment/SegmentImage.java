package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/** A segment file laid out in memory, frame by frame, without the write path: what tests put on a disk to be recovered and read. */
public final class SegmentImage {

    private final SegmentHeader header;
    private final TotalsCounter totals;
    private final List<Placed> frames = new ArrayList<>();
    private final CRC32C crc = new CRC32C();
    private byte[] bytes = new byte[64 * 1024];
    private int length;
    private long offset;
    private long timestampMillis;

    /** Where one frame lies. */
    public record Placed(FrameKind kind, int position, int endPosition, long offset, long endOffset, long synced) {}

    public SegmentImage(SegmentHeader header) {
        this.header = header;
        this.totals = new TotalsCounter(SegmentTotals.none(header.segmentId()));
        this.offset = header.name().baseOffset();
        this.timestampMillis = header.firstTimestampMillis();
        this.length = SegmentHeader.BYTES;
        header.encodeTo(ByteBuffer.wrap(bytes), 0);
    }

    public SegmentHeader header() {
        return header;
    }

    /** One value. */
    public SegmentImage raw(byte[] value, long synced) {
        return frame(FrameKind.RAW, 1, value, synced);
    }

    /** A batch of another protocol, which takes {@code count} offsets. */
    public SegmentImage opaque(int count, byte[] batch, long synced) {
        return frame(FrameKind.OPAQUE, count, batch, synced);
    }

    /** One append of a producer, which takes {@code count} offsets. */
    public SegmentImage produced(long producerId, long producerEpoch, long firstSequence, int count, byte[] batch) {
        return put(
                FrameKind.OPAQUE,
                FrameCodec.PRODUCER_EXTENSION,
                count,
                batch,
                0,
                producerId,
                producerEpoch,
                firstSequence);
    }

    public SegmentImage frame(FrameKind kind, int count, byte[] payload, long synced) {
        return put(kind, FrameCodec.NO_EXTENSION, count, payload, synced, 0, 0, 0);
    }

    private SegmentImage put(
            FrameKind kind,
            int flags,
            int count,
            byte[] payload,
            long synced,
            long producerId,
            long producerEpoch,
            long firstSequence) {
        int frameBytes = FrameCodec.frameBytes(payload.length, FrameCodec.extensionBytes(flags));
        growTo(length + frameBytes);
        ByteBuffer target = ByteBuffer.wrap(bytes);
        int at = length;
        timestampMillis += kind == FrameKind.SEAL ? 0 : 1;
        int payloadCrc = FrameCodec.crcOf(ByteBuffer.wrap(payload), 0, payload.length, crc);
        long stamp = FrameCodec.stamp(timestampMillis, kind, flags);
        FrameCodec.putHeader(target, at, payload.length, offset, stamp, count, payloadCrc);
        if (flags == FrameCodec.PRODUCER_EXTENSION) {
            FrameCodec.putProducer(target, at, producerId, producerEpoch, firstSequence);
        }
        target.put(FrameCodec.payloadAt(target, at), payload);
        FrameCodec.putPadding(target, at);
        int headerCrc = FrameCodec.finish(target, at, header.salt(), at, synced, crc);
        frames.add(new Placed(kind, at, at + frameBytes, offset, offset + count, synced));
        if (kind != FrameKind.SEAL) {
            totals.add(count, payload.length, timestampMillis, headerCrc);
        }
        length += frameBytes;
        offset += count;
        return this;
    }

    /** Bytes behind the frames, as a torn write or prepared space leaves them. */
    public SegmentImage tail(byte... more) {
        growTo(length + more.length);
        System.arraycopy(more, 0, bytes, length, more.length);
        length += more.length;
        return this;
    }

    public SegmentImage zeros(int count) {
        return tail(new byte[count]);
    }

    public SegmentImage flip(int position, int mask) {
        bytes[position] ^= (byte) mask;
        return this;
    }

    public SegmentImage cutTo(int newLength) {
        Arrays.fill(bytes, newLength, Math.max(length, newLength), (byte) 0);
        length = newLength;
        return this;
    }

    public long offset() {
        return offset;
    }

    public int length() {
        return length;
    }

    public long timestampMillis() {
        return timestampMillis;
    }

    public List<Placed> frames() {
        return List.copyOf(frames);
    }

    public Placed frame(int index) {
        return frames.get(index);
    }

    public SegmentTotals totals() {
        return totals.totals();
    }

    /** Where the frames end, seal not counted. */
    public SegmentEnd end() {
        int endPosition = SegmentHeader.BYTES;
        for (Placed frame : frames) {
            endPosition = frame.kind() == FrameKind.SEAL ? endPosition : frame.endPosition();
        }
        return new SegmentEnd(header.segmentId(), header.name(), offset, endPosition, totals.runningChecksum());
    }

    public byte[] bytes() {
        return Arrays.copyOf(bytes, length);
    }

    private void growTo(int needed) {
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, bytes.length * 2));
        }
    }
}
