package dev.tidemark.wal.partition;

/**
 * The one order in which locks are taken: a thread that holds a lock takes only locks of a later rank. So no two threads
 * can wait for each other, and no lock is taken twice by one thread. {@code docs/concurrency.md} says what each guards.
 */
public enum LockRank {
    /** One partition's old end: held while it is trimmed and files are deleted. */
    TRIM("trim", true),
    /** One partition's {@code PARTITION} file: held while it is replaced. */
    METADATA("metadata", true),
    /** The store's {@code RESERVE}: held while it is freed, and while a piece of it is written. */
    RESERVE("reserve", true),
    /** The open file of one partition's active segment: held while that is opened. */
    SEGMENT_FILE("segment-file", true),
    /** The zeros ahead of one partition's active segment. */
    PREFILL("prefill", false),
    /** One partition's intake and rounds. Two partitions' locks are never held together. */
    PARTITION("partition", false),
    /** Those who wait for room in the store's append queue. */
    MEMORY("memory", false);

    private final String label;
    private final boolean allowsIo;

    LockRank(String label, boolean allowsIo) {
        this.label = label;
        this.allowsIo = allowsIo;
    }

    /** The value of the tag {@code lock}, and its name in messages. */
    public String label() {
        return label;
    }

    /** Whether it may be held during disk I/O. */
    public boolean allowsIo() {
        return allowsIo;
    }
}
