package dev.tidemark.wal.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * An exclusive lock on a file, held until it is closed or the process ends.
 *
 * <p><b>Threads.</b> Any thread may close it.
 */
public interface DiskLock extends Closeable {

    /** The lock file. */
    Path path();

    /** Whether the lock has not been given back. */
    boolean isHeld();

    /** Gives the lock back; does nothing if that has been done. The file stays. */
    @Override
    void close() throws IOException;
}
