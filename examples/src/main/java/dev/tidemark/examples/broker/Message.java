package dev.tidemark.examples.broker;

/**
 * One message, and where it lies.
 *
 * @param topic the topic
 * @param partition which of the topic's partitions
 * @param offset its number in that partition
 * @param key what decides the partition
 * @param value the message itself
 */
public record Message(String topic, int partition, long offset, String key, String value) {}
