package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Builds the frames that take no offsets, complete and ready to be written at one place of one segment. */
public final class FrameWithoutOffsets {

    private FrameWithoutOffsets() {}

    /**
     * A whole frame, header, payload and padding.
     *
     * @param offset the offset that the next record will have
     * @param synced the partition's durable end
     */
    public static ByteBuffer encode(
            FrameKind kind,
            byte[] payload,
            long offset,
            long timestampMillis,
            long synced,
            int salt,
            long filePosition) {
        CRC32C crc = new CRC32C();
        ByteBuffer frame = ByteBuffer.allocateDirect(FrameCodec.frameBytes(payload.length, 0));
        int payloadAt = FrameCodec.HEADER_BYTES;
        frame.put(payloadAt, payload);
        int payloadCrc = FrameCodec.crcOf(frame, payloadAt, payload.length, crc);
        long stamp = FrameCodec.stamp(timestampMillis, kind, FrameCodec.NO_EXTENSION);
        FrameCodec.putHeader(frame, 0, payload.length, offset, stamp, 0, payloadCrc);
        FrameCodec.putPadding(frame, 0);
        FrameCodec.finish(frame, 0, salt, filePosition, synced, crc);
        return frame;
    }

    /**
     * The seal of a segment whose frames end at {@code filePosition}; all of them are durable. The same segment always gives the same
     * bytes: the timestamp is the segment's newest.
     */
    public static ByteBuffer seal(SegmentHeader header, SealPayload payload, long filePosition) {
        long timestampMillis =
                Math.max(header.firstTimestampMillis(), payload.summary().maxTimestampMillis());
        long endOffset = payload.summary().endOffset();
        return encode(
                FrameKind.SEAL, payload.encode(), endOffset, timestampMillis, endOffset, header.salt(), filePosition);
    }
}
