package dev.tidemark.damage;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What lies where in a segment file that nobody has damaged.
 *
 * @param bytes the file
 * @param header its header
 * @param frames its good frames, one behind the other, up to the first place that is none; the seal is one of them
 */
record Anatomy(byte[] bytes, SegmentHeader header, List<Frame> frames) {

    /** A frame; {@code payloadEnd} is where its padding begins. */
    record Frame(
            int position,
            int payloadEnd,
            int end,
            long offset,
            int count,
            long synced,
            long timestampMillis,
            FrameKind kind) {
        long endOffset() {
            return offset + count;
        }

        boolean holdsRecords() {
            return count > 0;
        }

        int headerEnd(byte[] file) {
            return FrameCodec.payloadAt(ByteBuffer.wrap(file), position);
        }
    }

    /** Nothing if the header is not good. */
    static Optional<Anatomy> of(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        return SegmentHeader.decode(file, 0, bytes.length)
                .value()
                .map(header -> new Anatomy(bytes, header, frames(file, header)));
    }

    private static List<Frame> frames(ByteBuffer file, SegmentHeader header) {
        List<Frame> frames = new ArrayList<>();
        CRC32C crc = new CRC32C();
        int at = SegmentHeader.BYTES;
        long offset = header.name().baseOffset();
        while (isGood(file, at, header.salt(), offset, crc)) {
            int end = at + FrameCodec.frameBytes(file, at);
            int payloadEnd = FrameCodec.payloadAt(file, at) + FrameCodec.length(file, at);
            frames.add(new Frame(
                    at,
                    payloadEnd,
                    end,
                    offset,
                    FrameCodec.count(file, at),
                    FrameCodec.synced(file, at),
                    FrameCodec.timestampMillis(file, at),
                    FrameCodec.kind(file, at)));
            offset = FrameCodec.endOffset(file, at);
            at = end;
        }
        return frames;
    }

    private static boolean isGood(ByteBuffer file, int at, int salt, long offset, CRC32C crc) {
        int size = file.capacity();
        FrameVerdict verdict = FrameCodec.checkHeader(file, at, size - at, salt, at, size, offset, crc);
        return verdict.isValid() && FrameCodec.checkPayload(file, at, crc).isValid();
    }

    /** Where the good frames end. */
    int end() {
        return frames.isEmpty()
                ? SegmentHeader.BYTES
                : frames.get(frames.size() - 1).end();
    }

    /** The offset behind the last record. */
    long endOffset() {
        return frames.isEmpty()
                ? header.name().baseOffset()
                : frames.get(frames.size() - 1).endOffset();
    }

    /** Whether the header stands in this file as well. */
    boolean hasHeaderIn(byte @Nullable [] file) {
        return file != null
                && file.length >= SegmentHeader.BYTES
                && Arrays.equals(file, 0, SegmentHeader.BYTES, bytes, 0, SegmentHeader.BYTES);
    }

    /** Whether the frame stands at its place in this file as well; its padding does not count. */
    boolean isIn(byte @Nullable [] file, Frame frame) {
        return file != null
                && file.length >= frame.end()
                && Arrays.equals(
                        file, frame.position(), frame.payloadEnd(), bytes, frame.position(), frame.payloadEnd());
    }
}
