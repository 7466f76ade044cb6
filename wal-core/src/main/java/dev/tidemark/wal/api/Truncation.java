package dev.tidemark.wal.api;

/** What {@link LocalPartition#truncateAfter(long, Truncation)} may take away. */
public enum Truncation {
    /** Only what no reader can have been given: an end below the readable end is refused. */
    OF_WHAT_IS_NOT_READABLE,
    /** Also what is durable and readable. For who knows that the log is to be another one from there on, as in replication. */
    ALSO_OF_WHAT_IS_READABLE
}
