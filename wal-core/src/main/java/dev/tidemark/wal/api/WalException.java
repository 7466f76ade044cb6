package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/**
 * Everything that leaves a public call because of a fault, of bad bytes, or of a refused request.
 *
 * <p>The type says what is known about the data, the {@linkplain #code() code} says why, the {@linkplain #remedy()
 * remedy} what to do:
 *
 * <ul>
 *   <li>{@link InvalidCallException}: the call was wrong, nothing happened;
 *   <li>{@link AppendRefusedException}: the append is not in the log and never will be;
 *   <li>{@link OutcomeUnknownException}: the append may or may not be in the log;
 *   <li>{@link DamageException}: acknowledged data are damaged, with the place;
 *   <li>{@link UnavailableException}: the store or partition cannot serve the call in its present state;
 *   <li>{@link StorageException}: the disk did not do what it was asked.
 * </ul>
 */
public abstract sealed class WalException extends RuntimeException
        permits InvalidCallException,
                AppendRefusedException,
                OutcomeUnknownException,
                DamageException,
                UnavailableException,
                StorageException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    WalException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code + " " + message, cause);
        this.code = code;
    }

    /** The stable reason. */
    public final ErrorCode code() {
        return code;
    }

    /** What a caller can do about it. */
    public Remedy remedy() {
        return code.remedy();
    }
}
