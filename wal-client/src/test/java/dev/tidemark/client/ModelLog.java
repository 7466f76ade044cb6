package dev.tidemark.client;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The rules of ADR 7 and nothing else: what a log says to numbered appends, and what is in it. */
final class ModelLog {
    private static final int REPEATABLE = 8;

    /** One accepted batch of a producer. */
    private record Taken(long sequence, int count, long offset) {}

    private static final class Known {
        private final long epoch;
        private final List<Taken> newest = new ArrayList<>();

        Known(long epoch) {
            this.epoch = epoch;
        }

        Known copy() {
            Known copy = new Known(epoch);
            copy.newest.addAll(newest);
            return copy;
        }

        long next() {
            Taken last = newest.get(newest.size() - 1);
            return last.sequence + last.count;
        }
    }

    private List<Integer> values = new ArrayList<>();
    private Map<Long, Known> producers = new HashMap<>();
    private List<Integer> durableValues = List.of();
    private Map<Long, Known> durableProducers = Map.of();

    List<Integer> values() {
        return values;
    }

    /** Everything up to now survives a crash. */
    void sync() {
        durableValues = List.copyOf(values);
        durableProducers = copyOf(producers);
    }

    /** What was not synced is gone, and so is what was known of it. */
    void crash() {
        values = new ArrayList<>(durableValues);
        producers = new HashMap<>(copyOf(durableProducers));
    }

    void forgetProducers() {
        producers.clear();
    }

    private static Map<Long, Known> copyOf(Map<Long, Known> from) {
        Map<Long, Known> copy = new HashMap<>();
        from.forEach((id, known) -> copy.put(id, known.copy()));
        return copy;
    }

    /** Takes a batch, or recognises it. Returns its first offset. */
    long append(ProducerIdentity producer, long sequence, List<Integer> batch) throws WalException {
        Known known = producers.get(producer.id());
        if (known == null) {
            if (sequence != 0) {
                throw new InvalidCallException(ErrorCode.PRODUCER_UNKNOWN, "model");
            }
            return take(new Known(producer.epoch()), producer, sequence, batch);
        }
        if (known.epoch > producer.epoch()) {
            throw new InvalidCallException(ErrorCode.PRODUCER_FENCED, "model");
        }
        if (known.epoch < producer.epoch()) {
            if (sequence != 0) {
                throw gap();
            }
            return take(new Known(producer.epoch()), producer, sequence, batch);
        }
        for (Taken taken : known.newest) {
            if (taken.sequence == sequence && taken.count == batch.size()) {
                return taken.offset;
            }
        }
        if (sequence > known.next()) {
            throw gap();
        }
        if (sequence < known.next()) {
            boolean isForgotten = sequence < known.newest.get(0).sequence;
            throw new InvalidCallException(
                    isForgotten ? ErrorCode.SEQUENCE_FORGOTTEN : ErrorCode.SEQUENCE_MISMATCH, "model");
        }
        return take(known, producer, sequence, batch);
    }

    private static AppendRefusedException gap() {
        return new AppendRefusedException(ErrorCode.SEQUENCE_GAP, "model");
    }

    private long take(Known known, ProducerIdentity producer, long sequence, List<Integer> batch) {
        long offset = values.size();
        values.addAll(batch);
        known.newest.add(new Taken(sequence, batch.size(), offset));
        if (known.newest.size() > REPEATABLE) {
            known.newest.remove(0);
        }
        producers.put(producer.id(), known);
        return offset;
    }
}
