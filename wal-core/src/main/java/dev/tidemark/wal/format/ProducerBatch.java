package dev.tidemark.wal.format;

/**
 * One append of a producer.
 *
 * @param firstSequence sequence of its first record; the others follow without gaps
 * @param count records, at least 1
 * @param firstOffset offset of its first record
 */
public record ProducerBatch(long firstSequence, int count, long firstOffset) {

    public ProducerBatch {
        if (count < 1 || firstOffset < 0 || firstOffset > Long.MAX_VALUE - count) {
            throw new IllegalArgumentException("no such batch: count=" + count + " firstOffset=" + firstOffset);
        }
    }

    /** Sequence of the last record. */
    public long lastSequence() {
        return firstSequence + count - 1;
    }

    /** Offset after the last record. */
    public long endOffset() {
        return firstOffset + count;
    }
}
