package dev.tidemark.wal.metrics;

import java.util.Locale;

/** Why a round was closed and written, or why bytes that nobody waited for were forced. */
public enum FlushReason {
    /** The round, or what was not forced yet, reached its limit in bytes. */
    BYTES,
    /** The round reached its limit in appends. */
    APPENDS,
    /** A caller that waits for its own append took the round along at once. */
    LEADER,
    /** Nothing was on its way to the disk, so a flusher took the round at once. */
    IDLE,
    /** The round before it had just been done, and this one had gathered meanwhile. */
    NEXT,
    /** The linger time had passed. */
    LINGER,
    /** Bytes that nobody waited for had been unforced for long enough. */
    AGE,
    /** Somebody asked for everything to be durable. */
    SYNC,
    /** The segment was being sealed. */
    ROTATE,
    /** The partition was being closed. */
    CLOSE;

    private final String label;

    FlushReason() {
        label = name().toLowerCase(Locale.ROOT);
    }

    /** The value of the tag {@code reason}. */
    public String label() {
        return label;
    }
}
