package dev.tidemark.wal.format;

import java.util.List;

/**
 * What the log remembers of one producer, to answer a repeated append with the offset of the first: its newest batches.
 *
 * @param producerId as in the frames' extension
 * @param producerEpoch likewise; the highest seen
 * @param lastTimestampMillis of the newest batch, for forgetting producers that are long silent
 * @param recent 1 to 8 batches of this epoch, oldest first
 */
public record ProducerState(long producerId, long producerEpoch, long lastTimestampMillis, List<ProducerBatch> recent) {

    /** Batches remembered: how many appends a producer may have in flight and still repeat any of them. */
    public static final int MAX_RECENT = 8;
    /** Producers in one snapshot. */
    public static final int MAX_PRODUCERS = 10_000;

    public ProducerState {
        recent = List.copyOf(recent);
        if (recent.isEmpty() || recent.size() > MAX_RECENT) {
            throw new IllegalArgumentException("a producer is remembered by 1 to 8 batches: batches=" + recent.size());
        }
        if (lastTimestampMillis < 0 || lastTimestampMillis > FrameCodec.MAX_TIMESTAMP_MILLIS) {
            throw new IllegalArgumentException("no such time: lastTimestampMillis=" + lastTimestampMillis);
        }
        for (int i = 1; i < recent.size(); i++) {
            if (recent.get(i).firstOffset() < recent.get(i - 1).endOffset()) {
                throw new IllegalArgumentException("batches of a producer are out of order: producerId=" + producerId);
            }
        }
    }

    /** The newest batch. */
    public ProducerBatch last() {
        return recent.get(recent.size() - 1);
    }

    /** Sequence of the newest record. */
    public long lastSequence() {
        return last().lastSequence();
    }

    /** Offset of the newest record. */
    public long lastOffset() {
        return last().endOffset() - 1;
    }
}
