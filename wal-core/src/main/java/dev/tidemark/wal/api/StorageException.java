package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/** The disk did not do what it was asked; what this means for an append is said by the partition's state. */
public final class StorageException extends WalException {
    private static final long serialVersionUID = 1L;

    /** With no cause below it. */
    public StorageException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /** With the first cause. */
    public StorageException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
