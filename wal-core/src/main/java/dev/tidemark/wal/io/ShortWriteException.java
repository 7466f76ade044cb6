package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.file.Path;

/** The system wrote none of the bytes it was given, and gave no reason. */
public final class ShortWriteException extends IOException {
    private static final long serialVersionUID = 1L;

    ShortWriteException(Path file, long at, int remainingBytes) {
        super("write made no progress: file=" + file + " at=" + at + " bytes=" + remainingBytes);
    }
}
