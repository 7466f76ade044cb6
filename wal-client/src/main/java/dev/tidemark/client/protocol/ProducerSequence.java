package dev.tidemark.client.protocol;

/**
 * Whose append it is, and its place among that producer's appends.
 *
 * @param producer the producer's id
 * @param epoch 0 and up
 * @param first the sequence of its first record: 0 and up
 */
public record ProducerSequence(long producer, long epoch, long first) {}
