package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/** The store or the partition cannot serve the call in its present state. */
public final class UnavailableException extends WalException {
    private static final long serialVersionUID = 1L;

    /** With no cause below it. */
    public UnavailableException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /** With the first cause. */
    public UnavailableException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
