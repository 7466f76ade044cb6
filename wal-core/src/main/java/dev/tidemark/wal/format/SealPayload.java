package dev.tidemark.wal.format;

import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.BytesChoice;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Payload of a {@code SEAL} frame, the last one of a finished segment.
 *
 * @param summary of all frames before the seal
 * @param producers what is to be remembered of them at the end of the segment
 */
public record SealPayload(SegmentSummary summary, List<ProducerState> producers) {

    /** No such payload is longer; to be compared before one is copied. */
    public static final int MAX_BYTES = Producers.MAX_SNAPSHOT_BYTES;

    public SealPayload {
        producers = Producers.checked(producers);
    }

    /** The whole payload. */
    public byte[] encode() {
        ByteSink sink = BytesChoice.current().newSink(128);
        summary.put(sink);
        Producers.put(sink, producers);
        return sink.toByteArray();
    }

    /** Reads the whole payload, {@code length} bytes at index {@code at}, which has passed its checksum. */
    public static Decoded<SealPayload> decode(ByteBuffer buffer, int at, int length) {
        return Producers.decode(
                buffer, at, length, source -> new SealPayload(SegmentSummary.read(source), Producers.read(source)));
    }
}
