package dev.tidemark.server;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.concurrent.CompletionException;

/** Makes of everything that can be thrown here what a client is told. */
final class Errors {
    private Errors() {}

    /** The engine's error, also from within the wrapping of a future. What is none of the engine's is a mistake of ours, and says so. */
    static WalException of(Throwable thrown) {
        Throwable cause = thrown;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof WalException known) {
            return known;
        }
        return new StorageException(
                ErrorCode.STORAGE_FAILED,
                "the server has failed inside: " + cause.getClass().getSimpleName(),
                cause);
    }

    /** What a request is told that comes when the server is about to stop. */
    static WalException stopping(boolean isAppend) {
        String said = "the server is stopping and takes nothing new";
        return isAppend
                ? new AppendRefusedException(ErrorCode.SERVER_STOPPING, said)
                : new UnavailableException(ErrorCode.SERVER_STOPPING, said);
    }
}
