package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.DiskFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies bytes of files, a piece at a time, so that the memory does not depend on how many they are. */
final class FileCopy {

    private FileCopy() {}

    /**
     * Copies a range of a file to a place in a file, which may be the same.
     *
     * @param buffer direct; its position and limit are used as needed
     * @throws EOFException if the file ends before the range does
     */
    static void copy(DiskFile from, long begin, long end, DiskFile to, long toPosition, ByteBuffer buffer)
            throws IOException {
        for (long at = begin; at < end; at += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
            if (from.readFully(buffer, at) < buffer.limit()) {
                throw new EOFException(
                        "file became shorter: file=" + from.path().getFileName() + " at=" + at);
            }
            to.writeFully(buffer.flip(), toPosition + (at - begin));
        }
    }
}
