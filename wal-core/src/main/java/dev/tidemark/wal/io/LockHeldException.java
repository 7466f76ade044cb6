package dev.tidemark.wal.io;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Somebody else holds the lock. */
public final class LockHeldException extends FileSystemException {
    private static final long serialVersionUID = 1L;

    private final boolean heldByThisProcess;

    public LockHeldException(Path file, boolean heldByThisProcess) {
        super(file.toString(), null, heldByThisProcess ? "locked by this process" : "locked by another process");
        this.heldByThisProcess = heldByThisProcess;
    }

    /** Whether the holder is in this process, and not in another. */
    public boolean heldByThisProcess() {
        return heldByThisProcess;
    }
}
