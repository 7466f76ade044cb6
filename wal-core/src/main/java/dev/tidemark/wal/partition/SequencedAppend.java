package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ProducerIdentity;

/**
 * The producer and sequence that came with an append, on the append's way through the intake; afterwards also whether it was a repeat.
 *
 * <p><b>Threads.</b> Confined to the thread that appends.
 */
final class SequencedAppend {
    final long producerId;
    final long epoch;
    final long firstSequence;

    private boolean isRepeat;

    SequencedAppend(ProducerIdentity producer, long firstSequence) {
        this.producerId = producer.id();
        this.epoch = producer.epoch();
        this.firstSequence = firstSequence;
    }

    /** The log has it already, or has it on its way: nothing was staged for it. */
    void isAnsweredByItsOriginal() {
        isRepeat = true;
    }

    boolean isRepeat() {
        return isRepeat;
    }
}
