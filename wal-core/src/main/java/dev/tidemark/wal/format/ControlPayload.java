package dev.tidemark.wal.format;

import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.ByteSource;
import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.MalformedBytesException;
import java.nio.ByteBuffer;
import java.util.List;

/** Payload of a {@code CONTROL} frame: something the log tells its later self. Begins with the number of the subtype. */
public sealed interface ControlPayload {

    /** No such payload is longer; to be compared before one is copied. */
    int MAX_BYTES = Producers.MAX_SNAPSHOT_BYTES;

    /** The whole payload. */
    byte[] encode();

    /** Reads the whole payload, {@code length} bytes at index {@code at}, which has passed its checksum. */
    static Decoded<ControlPayload> decode(ByteBuffer buffer, int at, int length) {
        return Producers.decode(buffer, at, length, ControlPayload::read);
    }

    private static ControlPayload read(ByteSource source) throws MalformedBytesException {
        int subtype = source.readInt();
        return switch (subtype) {
            case Proof.SUBTYPE -> Proof.INSTANCE;
            case CloseSnapshot.SUBTYPE ->
                new CloseSnapshot(SegmentSummary.read(source), source.readLong(), Producers.read(source));
            default -> throw new MalformedBytesException("no such control frame: subtype=" + subtype);
        };
    }

    /** Nothing but the subtype: the news is the frame's {@code synced}, where a quiet partition has become durable up to. */
    record Proof() implements ControlPayload {
        public static final int SUBTYPE = 1;
        public static final Proof INSTANCE = new Proof();

        @Override
        public byte[] encode() {
            ByteSink sink = BytesChoice.current().newSink(Integer.BYTES);
            sink.putInt(SUBTYPE);
            return sink.toByteArray();
        }
    }

    /**
     * The last frame that a close in order writes; {@link CleanStamp} says where it lies. Opening reads it instead of scanning the segment.
     *
     * @param summary of the segment's frames before this one; its end is the end of the log
     * @param lastTimestampMillis newest timestamp in the log; no later frame is older
     * @param producers at the end of the log
     */
    record CloseSnapshot(SegmentSummary summary, long lastTimestampMillis, List<ProducerState> producers)
            implements ControlPayload {
        public static final int SUBTYPE = 2;

        public CloseSnapshot {
            producers = Producers.checked(producers);
            if (lastTimestampMillis < 0) {
                throw new IllegalArgumentException("no such time: lastTimestampMillis=" + lastTimestampMillis);
            }
        }

        @Override
        public byte[] encode() {
            ByteSink sink = BytesChoice.current().newSink(64);
            sink.putInt(SUBTYPE);
            summary.put(sink);
            sink.putLong(lastTimestampMillis);
            Producers.put(sink, producers);
            return sink.toByteArray();
        }
    }
}
