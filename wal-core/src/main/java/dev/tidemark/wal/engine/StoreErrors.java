package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.io.DiskErrors;
import java.io.IOException;
import java.nio.file.Path;

/** Turns what the disk said about the store's own files into what a caller is told. */
final class StoreErrors {
    private StoreErrors() {}

    /** For a failed operation on the store as a whole. */
    static StorageException of(String what, Path directory, IOException cause) {
        ErrorCode code = DiskErrors.isFull(cause)
                ? ErrorCode.STORAGE_FULL
                : DiskErrors.isTooManyOpenFiles(cause) ? ErrorCode.TOO_MANY_OPEN_FILES : ErrorCode.STORAGE_FAILED;
        return new StorageException(
                code, what + ": directory=" + directory + " (" + DiskErrors.said(cause) + ")", cause);
    }
}
