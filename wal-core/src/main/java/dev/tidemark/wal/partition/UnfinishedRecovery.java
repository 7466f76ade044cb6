package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalException;
import java.io.IOException;

/**
 * The steps of a recovery that found no room: the partition serves what it has, and refuses appends until they are done.
 *
 * <p><b>Threads.</b> One at a time; the partition's owner sees to it.
 *
 * <p><b>Crash.</b> Whenever it comes, the next recovery finds what this one found and does the same.
 */
interface UnfinishedRecovery {

    /** Why appends are refused until then. */
    WalException refusal();

    /**
     * Goes on where the disk was full. When it returns the partition may append.
     *
     * @return where the writer goes on
     * @throws IOException if it failed; {@code DiskErrors.isFull} tells whether a later attempt may succeed
     */
    ActiveState finish() throws IOException;
}
