package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/**
 * The append may or may not be in the log, at {@link #offset()}: the wait for it ended before it did, or the partition
 * failed while it was on its way. Reading the log at that offset, after reopening where the partition failed, tells.
 */
public final class OutcomeUnknownException extends WalException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    /** For the append that was given {@code offset} provisionally. */
    public OutcomeUnknownException(ErrorCode code, String message, long offset, @Nullable Throwable cause) {
        super(code, message, cause);
        this.offset = offset;
    }

    /** The provisional offset of the append's first record. */
    public long offset() {
        return offset;
    }
}
