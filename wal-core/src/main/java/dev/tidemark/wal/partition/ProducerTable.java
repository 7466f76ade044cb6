package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.metrics.PartitionMeters;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one partition knows of its producers: for each its epoch and its newest batches. Decides whether an append is the next one, a repeat, or
 * neither ({@code docs/adr/0007-idempotent-producers.md} has the table).
 *
 * <p>A producer is forgotten when it was silent for too long, and for no other reason: one that is forgotten and repeats its first batch looks like
 * a new one.
 *
 * <p><b>Threads.</b> Everything is guarded by the partition lock; only {@link #at}, {@link #isEmpty} and {@link #close} take it themselves.
 *
 * <p><b>Ordering.</b> An append is noted in the hold of the lock in which it is staged, and undone in the one in which the end of the log goes
 * back. So what is known here always belongs to the log's end.
 *
 * <p><b>Crash.</b> Nothing here is stored by itself. Seals and close snapshots have it, and recovery adds the frames since.
 */
final class ProducerTable {
    /** What a repeat is answered with whose original is durable. */
    private static final Round DURABLE = Round.durable();

    private final PartitionId id;
    private final int maxProducers;
    private final long expiryMillis;
    private final RankedLock lock;
    private final Positions positions;
    private final PartitionMeters meters;

    private final Map<Long, Known> producers = new HashMap<>();
    /** What is not durable yet, in the order of the log. */
    private final ArrayDeque<OriginalAppend> underway = new ArrayDeque<>(1);
    /** Before this time looking for expired producers would find none. */
    private long nextExpiryMillis;

    /** One producer. */
    private static final class Known {
        ProducerState state;
        /** The newest of its appends that is on its way; the others hang onto it. */
        @Nullable
        OriginalAppend newest;

        Known(ProducerState state) {
            this.state = state;
        }
    }

    /**
     * For one partition.
     *
     * @param lock the partition's
     * @param recovered what recovery has found
     */
    ProducerTable(
            PartitionServices services,
            PartitionId id,
            RankedLock lock,
            Positions positions,
            List<ProducerState> recovered) {
        this.id = id;
        this.maxProducers = services.config().maxProducers();
        this.expiryMillis = services.config().producerExpiry().toMillis();
        this.lock = lock;
        this.positions = positions;
        this.meters = services.meters();
        for (ProducerState state : recovered) {
            producers.put(state.producerId(), new Known(state));
        }
        meters.producersKnown(producers.size());
    }

    // ---------------------------------------------------------------- an append comes

    /**
     * Says what an append is, or refuses it.
     *
     * @param nowMillis the log's time
     * @return the batch that it repeats; null when it is the producer's next one
     */
    @Nullable
    ProducerBatch find(SequencedAppend append, int count, long nowMillis) {
        Known known = producers.get(append.producerId);
        if (known == null || isExpired(known.state, nowMillis)) {
            requireFirst(append);
            if (known == null) {
                requirePlace(append, nowMillis);
            }
            return null;
        }
        ProducerState state = known.state;
        if (append.epoch < state.producerEpoch()) {
            throw new InvalidCallException(
                    ErrorCode.PRODUCER_FENCED,
                    "a producer of this id has appended with a higher epoch: " + words(append) + " newest="
                            + state.producerEpoch());
        }
        long expected = append.epoch > state.producerEpoch() ? 0 : state.lastSequence() + 1;
        if (append.firstSequence == expected) {
            return null;
        }
        if (append.firstSequence > expected) {
            throw new AppendRefusedException(
                    ErrorCode.SEQUENCE_GAP,
                    "sequences are missing before it: " + words(append) + " expected=" + expected);
        }
        return repeated(append, count, state);
    }

    private void requireFirst(SequencedAppend append) {
        if (append.firstSequence != 0) {
            throw new InvalidCallException(
                    ErrorCode.PRODUCER_UNKNOWN,
                    "nothing is known of this producer, and its sequence is not 0: " + words(append)
                            + "; read what is there, then go on with a higher epoch");
        }
    }

    private void requirePlace(SequencedAppend append, long nowMillis) {
        if (producers.size() >= maxProducers) {
            forgetExpired(nowMillis);
        }
        if (producers.size() >= maxProducers) {
            throw new AppendRefusedException(
                    ErrorCode.PRODUCERS_FULL,
                    "as many producers are known as may be, and none has expired: " + words(append) + " producers="
                            + producers.size() + " maxProducers=" + maxProducers);
        }
    }

    private ProducerBatch repeated(SequencedAppend append, int count, ProducerState state) {
        List<ProducerBatch> recent = state.recent();
        for (ProducerBatch batch : recent) {
            if (batch.firstSequence() == append.firstSequence && batch.count() == count) {
                return batch;
            }
        }
        long oldest = recent.get(0).firstSequence();
        if (append.firstSequence < oldest) {
            throw new InvalidCallException(
                    ErrorCode.SEQUENCE_FORGOTTEN,
                    "the log has it, or had it, and does not know where any more: " + words(append) + " oldest="
                            + oldest);
        }
        throw new InvalidCallException(
                ErrorCode.SEQUENCE_MISMATCH,
                "the sequence was another batch's: " + words(append) + " count=" + count + " next="
                        + (state.lastSequence() + 1));
    }

    private String words(SequencedAppend append) {
        return "partition=" + id + " producer=" + append.producerId + " epoch=" + append.epoch + " sequence="
                + append.firstSequence;
    }

    // ---------------------------------------------------------------- a repeat

    /**
     * What the caller of a repeat waits for: the outcome of the original, with the offset of the original.
     *
     * @param batch what {@link #find} has returned
     * @param isAwaited see {@link Intake#offer}
     */
    PendingAppend answer(SequencedAppend append, ProducerBatch batch, Durability wanted, boolean isAwaited) {
        forgetDurable();
        OriginalAppend original = originalOf(append.producerId, batch);
        Round round = original == null ? DURABLE : original.round;
        PendingAppend repeat = isAwaited
                ? new AwaitedAppend(round, batch.firstOffset(), wanted)
                : new EnqueuedAppend(round, batch.firstOffset(), batch.count(), wanted);
        if (original != null) {
            original.join(repeat);
        }
        append.isAnsweredByItsOriginal();
        meters.repeated(original == null);
        return repeat;
    }

    /** Null where it is durable. */
    private @Nullable OriginalAppend originalOf(long producerId, ProducerBatch batch) {
        Known known = producers.get(producerId);
        OriginalAppend original = known == null ? null : known.newest;
        while (original != null && !original.batch.equals(batch)) {
            original = original.previous;
        }
        return original;
    }

    // ---------------------------------------------------------------- a new one

    /**
     * An append that {@link #find} has let through was staged.
     *
     * @param own what its caller waits for
     * @return what belongs into the round in its place
     */
    OriginalAppend staged(SequencedAppend append, PendingAppend own, int count, long timestampMillis) {
        forgetDurable();
        Known known = producers.get(append.producerId);
        ProducerState before = known == null ? null : known.state;
        ProducerBatch batch = new ProducerBatch(append.firstSequence, count, own.offset());
        ProducerState after = ProducerState.after(before, append.producerId, append.epoch, timestampMillis, batch);
        OriginalAppend original = new OriginalAppend(own, append.producerId, batch, before);
        if (known == null) {
            known = new Known(after);
            producers.put(append.producerId, known);
            meters.producersKnown(1);
        } else {
            known.state = after;
            original.previous = known.newest;
        }
        known.newest = original;
        underway.add(original);
        return original;
    }

    /** Lets go of what nobody can have to wait for or to undo any more. */
    void forgetDurable() {
        long durableEnd = positions.durable();
        for (OriginalAppend first = underway.peek();
                first != null && first.batch.endOffset() <= durableEnd;
                first = underway.peek()) {
            underway.remove();
            letGo(first);
        }
    }

    /** The one behind it still points to it, until that is let go of as well. */
    private void letGo(OriginalAppend original) {
        original.previous = null;
        Known known = producers.get(original.producerId);
        if (known != null && known.newest == original) {
            known.newest = null;
        }
    }

    // ---------------------------------------------------------------- back

    /** The end of the log has gone back to here: what was staged behind it was refused, and its sequences are free again. */
    void backTo(long logEnd) {
        forgetDurable();
        long durableEnd = positions.durable();
        for (OriginalAppend last = underway.peekLast();
                last != null && last.offset() >= logEnd;
                last = underway.peekLast()) {
            underway.removeLast();
            ProducerState before = last.before;
            if (before == null) {
                producers.remove(last.producerId);
                meters.producersKnown(-1);
                continue;
            }
            Known known = producers.get(last.producerId);
            if (known != null) {
                known.state = before;
                OriginalAppend previous = last.previous;
                known.newest = previous == null || previous.batch.endOffset() <= durableEnd ? null : previous;
            }
        }
        // What has come back may be older than anything the last look has seen.
        nextExpiryMillis = 0;
    }

    /** The log was truncated: what is known is what was known at its new end. */
    void truncated(List<ProducerState> then) {
        meters.producersKnown(then.size() - producers.size());
        producers.clear();
        underway.clear();
        then.forEach(state -> producers.put(state.producerId(), new Known(state)));
        nextExpiryMillis = 0;
    }

    // ---------------------------------------------------------------- forgetting

    private boolean isExpired(ProducerState state, long nowMillis) {
        return nowMillis - state.lastTimestampMillis() > expiryMillis;
    }

    private void forgetExpired(long nowMillis) {
        if (nowMillis < nextExpiryMillis) {
            return;
        }
        forgetDurable();
        int before = producers.size();
        // What is on its way may be refused, and then what was before is needed.
        producers.values().removeIf(known -> known.newest == null && isExpired(known.state, nowMillis));
        int forgotten = before - producers.size();
        meters.producersKnown(-forgotten);
        meters.producersExpired(forgotten);
        long oldestMillis = nowMillis;
        for (Known known : producers.values()) {
            oldestMillis = Math.min(oldestMillis, known.state.lastTimestampMillis());
        }
        nextExpiryMillis = oldestMillis + expiryMillis + 1;
    }

    // ---------------------------------------------------------------- for the disk

    /**
     * What was known at an offset, by producer id: for a snapshot there. Appends may be staged behind it, and none of those is durable.
     *
     * @param endOffset the durable end
     * @param nowMillis who has expired by then is left out
     */
    List<ProducerState> at(long endOffset, long nowMillis) {
        Map<Long, ProducerState> then = new HashMap<>();
        lock.lockForWork();
        try {
            producers.forEach((producer, known) -> then.put(producer, known.state));
            Iterator<OriginalAppend> newestFirst = underway.descendingIterator();
            while (newestFirst.hasNext()) {
                OriginalAppend append = newestFirst.next();
                if (append.offset() < endOffset) {
                    break;
                }
                if (append.before == null) {
                    then.remove(append.producerId);
                } else {
                    then.put(append.producerId, append.before);
                }
            }
        } finally {
            lock.unlock();
        }
        return then.values().stream()
                .filter(state -> !isExpired(state, nowMillis))
                .sorted(Comparator.comparingLong(ProducerState::producerId))
                .toList();
    }

    /** Whether nobody is known. */
    boolean isEmpty() {
        lock.lockForWork();
        try {
            return producers.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** The partition is closed: it knows nobody any more. */
    void close() {
        lock.lockForWork();
        try {
            meters.producersKnown(-producers.size());
            producers.clear();
            underway.clear();
        } finally {
            lock.unlock();
        }
    }
}
