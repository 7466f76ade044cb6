package dev.tidemark.wal.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * One open file. All access is positional; there is no current position to share.
 *
 * <p>Buffers on a hot path are direct: a heap buffer is copied on its way.
 *
 * <p><b>Threads.</b> Any number of threads may use one file at the same time. A {@link #close()} beside an operation under
 * way waits until that operation has returned. Every method may block, except {@link #path()} and {@link #isOpen()}.
 *
 * <p><b>Crash.</b> See the {@linkplain dev.tidemark.wal.io package description}. The kernel reports a failed write-back
 * once per open file, so whoever writes keeps the file open until what it wrote is forced.
 */
public interface DiskFile extends Closeable {

    /**
     * Writes at most {@code source.remaining()} bytes, beginning at file position {@code at}, and moves the buffer's
     * position by as much. Like the operating system it may write less.
     *
     * @return how many bytes were written
     */
    int write(ByteBuffer source, long at) throws IOException;

    /**
     * Writes everything that remains in the buffer.
     *
     * <p>When it throws, the buffer's position tells how much was written for certain; more may have been.
     *
     * @throws ShortWriteException if a call writes nothing and gives no reason
     */
    default void writeFully(ByteBuffer source, long at) throws IOException {
        long next = at;
        while (source.hasRemaining()) {
            int written = write(source, next);
            if (written <= 0) {
                // Trying again could go on for ever: the system refused the bytes without an error to report.
                throw new ShortWriteException(path(), next, source.remaining());
            }
            next += written;
        }
    }

    /**
     * Reads at most {@code target.remaining()} bytes from file position {@code at} on. It may read less.
     *
     * @return how many bytes were read, or -1 if {@code at} is at or behind the end of the file
     */
    int read(ByteBuffer target, long at) throws IOException;

    /**
     * Reads until the buffer is full or the file ends.
     *
     * @return how many bytes were read; less than were asked for only at the end of the file, 0 behind it
     */
    default int readFully(ByteBuffer target, long at) throws IOException {
        int total = 0;
        while (target.hasRemaining()) {
            int read = read(target, at + total);
            if (read <= 0) {
                break;
            }
            total += read;
        }
        return total;
    }

    /**
     * Makes durable what was written by calls that returned before this one began, and the size of the file.
     *
     * <p>A failed force is final: what it should have covered may be lost although it can still be read, and another force
     * would report success. It must never be repeated.
     *
     * @param metadata also times and the like, which nothing in the engine needs
     */
    void force(boolean metadata) throws IOException;

    /** Cuts the file to this size. A file that is not longer is left as it is. */
    void truncate(long sizeBytes) throws IOException;

    /** The size of the file. */
    long size() throws IOException;

    /** The path by which the file was opened; it may have been renamed since. */
    Path path();

    /** Whether the file has not been closed. */
    boolean isOpen();

    /** Closes the file; does nothing if it is closed already. It forces nothing. */
    @Override
    void close() throws IOException;
}
