package dev.tidemark.wal.format;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

    /**
     * What is remembered once another batch has been taken. One that follows on the newest in the same epoch is added, anything else begins anew:
     * by this rule alone the state can be made again from the frames.
     *
     * @param before null when nothing was known
     * @param timestampMillis of the batch's frame
     */
    public static ProducerState after(
            @Nullable ProducerState before,
            long producerId,
            long producerEpoch,
            long timestampMillis,
            ProducerBatch batch) {
        if (before == null
                || before.producerEpoch != producerEpoch
                || before.lastSequence() + 1 != batch.firstSequence()) {
            return new ProducerState(producerId, producerEpoch, timestampMillis, List.of(batch));
        }
        List<ProducerBatch> kept = before.recent;
        int first = kept.size() == MAX_RECENT ? 1 : 0;
        List<ProducerBatch> recent = new ArrayList<>(MAX_RECENT);
        recent.addAll(kept.subList(first, kept.size()));
        recent.add(batch);
        return new ProducerState(producerId, producerEpoch, timestampMillis, recent);
    }

    /**
     * What is remembered after all that {@code later} tells, which was made from the frames behind {@code before} alone.
     */
    public static ProducerState joined(ProducerState before, ProducerState later) {
        ProducerBatch first = later.recent.get(0);
        boolean follows = before.producerEpoch == later.producerEpoch
                && before.lastSequence() + 1 == first.firstSequence()
                && later.recent.size() < MAX_RECENT;
        if (!follows) {
            return later;
        }
        int spare = Math.max(0, before.recent.size() + later.recent.size() - MAX_RECENT);
        List<ProducerBatch> recent = new ArrayList<>(MAX_RECENT);
        recent.addAll(before.recent.subList(spare, before.recent.size()));
        recent.addAll(later.recent);
        return new ProducerState(later.producerId, later.producerEpoch, later.lastTimestampMillis, recent);
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
