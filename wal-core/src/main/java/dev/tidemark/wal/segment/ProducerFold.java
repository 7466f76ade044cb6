package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be remembered of producers, folded from frames that are scanned: the snapshot in the seal before, and every frame since. An opening
 * after a crash needs it, and a seal that is written again.
 *
 * <p><b>Threads.</b> Confined to the thread that scans.
 */
public final class ProducerFold {

    /** The producer heard of last stands last, so that the first one is the one to forget. */
    private final Map<Long, ProducerState> producers = new LinkedHashMap<>();

    /** Begins with nothing. */
    public ProducerFold() {
        this(List.of());
    }

    /** Begins with a snapshot. */
    public ProducerFold(List<ProducerState> snapshot) {
        snapshot.stream()
                .sorted((a, b) -> Long.compare(a.lastTimestampMillis(), b.lastTimestampMillis()))
                .forEach(state -> producers.put(state.producerId(), state));
    }

    /** Takes in the next frame. */
    public void add(ScannedFrame frame) {
        if (!frame.hasProducer() || frame.count() == 0) {
            return;
        }
        ProducerState before = producers.remove(frame.producerId());
        ProducerBatch batch = new ProducerBatch(frame.firstSequence(), frame.count(), frame.offset());
        producers.put(
                frame.producerId(),
                ProducerState.after(before, frame.producerId(), frame.producerEpoch(), frame.timestampMillis(), batch));
        forgetLongestSilent();
    }

    /** Takes in what was folded from the frames behind, alone. */
    public void add(ProducerFold later) {
        later.producers.forEach((producerId, state) -> {
            ProducerState before = producers.remove(producerId);
            producers.put(producerId, before == null ? state : ProducerState.joined(before, state));
            forgetLongestSilent();
        });
    }

    private void forgetLongestSilent() {
        if (producers.size() > ProducerState.MAX_PRODUCERS) {
            Iterator<Long> longestSilent = producers.keySet().iterator();
            longestSilent.next();
            longestSilent.remove();
        }
    }

    /** Everything that is remembered, by producer id, so that the same frames always give the same bytes. */
    public List<ProducerState> snapshot() {
        return producers.values().stream()
                .sorted((a, b) -> Long.compare(a.producerId(), b.producerId()))
                .toList();
    }
}
