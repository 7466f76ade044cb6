package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/** The append is not in the log and never will be: it may be submitted again. */
public final class AppendRefusedException extends WalException {
    private static final long serialVersionUID = 1L;

    /** With no cause below it. */
    public AppendRefusedException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /** With the first cause. */
    public AppendRefusedException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
