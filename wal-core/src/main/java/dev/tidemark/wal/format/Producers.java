package dev.tidemark.wal.format;

import static dev.tidemark.wal.format.MetadataEnvelope.readAny;
import static dev.tidemark.wal.format.MetadataEnvelope.readInt;

import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.ByteSource;
import dev.tidemark.wal.bytes.MalformedBytesException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The snapshot of producers at the end of a {@code SEAL} and of a clean close: a count, then each producer's state. */
final class Producers {

    /** A payload with a snapshot is never longer: 10,000 producers with 8 batches each fit. Compared before it is copied. */
    static final int MAX_SNAPSHOT_BYTES = 4 << 20;

    private Producers() {}

    static List<ProducerState> checked(List<ProducerState> producers) {
        if (producers.size() > ProducerState.MAX_PRODUCERS) {
            throw new IllegalArgumentException("too many producers for a snapshot: producers=" + producers.size());
        }
        return List.copyOf(producers);
    }

    static void put(ByteSink sink, List<ProducerState> producers) {
        sink.putCount(producers.size());
        for (ProducerState producer : producers) {
            sink.putLong(producer.producerId());
            sink.putLong(producer.producerEpoch());
            sink.putCount(producer.lastTimestampMillis());
            sink.putCount(producer.recent().size());
            for (ProducerBatch batch : producer.recent()) {
                sink.putLong(batch.firstSequence());
                sink.putCount(batch.count());
                sink.putCount(batch.firstOffset());
            }
        }
    }

    static List<ProducerState> read(ByteSource source) throws MalformedBytesException {
        int count = readInt(source, ProducerState.MAX_PRODUCERS);
        List<ProducerState> producers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            producers.add(
                    new ProducerState(source.readLong(), source.readLong(), readAny(source), readBatches(source)));
        }
        return producers;
    }

    private static List<ProducerBatch> readBatches(ByteSource source) throws MalformedBytesException {
        int count = readInt(source, ProducerState.MAX_RECENT);
        List<ProducerBatch> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            batches.add(new ProducerBatch(source.readLong(), readInt(source, Integer.MAX_VALUE), readAny(source)));
        }
        return batches;
    }

    /** Reads a payload that ends in a snapshot. */
    static <T> Decoded<T> decode(ByteBuffer buffer, int at, int length, MetadataEnvelope.BodyReader<T> reader) {
        if (length < 0 || length > MAX_SNAPSHOT_BYTES) {
            return new Decoded.Damaged<>("payload with a snapshot is too long: bytes=" + length);
        }
        byte[] payload = new byte[length];
        buffer.get(at, payload);
        return MetadataEnvelope.read(payload, reader);
    }
}
