package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/** The call was wrong: nothing was changed, and the same call fails again. */
public final class InvalidCallException extends WalException {
    private static final long serialVersionUID = 1L;

    /** With no cause below it. */
    public InvalidCallException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /** With the first cause. */
    public InvalidCallException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
