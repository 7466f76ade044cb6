package dev.tidemark.wal.api;

/**
 * The positions of one partition, all of them exclusive ends but {@code start}:
 * {@code start <= readable <= durable <= written <= logEnd} holds in every snapshot (without replication, readable and
 * durable are equal).
 *
 * @param start the first offset that can still be read
 * @param readable up to where a default reader sees
 * @param durable up to where loss of power loses nothing
 * @param written up to where the end of the process loses nothing
 * @param logEnd the offset that the next append gets
 */
public record Ends(long start, long readable, long durable, long written, long logEnd) {}
