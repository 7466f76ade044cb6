package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Removes the directory of a partition that was never finished, or that is deleted. The same for who opens a store, who recovers a
 * partition, and who gives up making one.
 *
 * <p>A partition's directory holds files only. A directory inside was put there by somebody else: it stays, with all that is in it,
 * and so does the one around it.
 *
 * <p><b>Threads.</b> Any; one for each directory.
 *
 * <p><b>Crash.</b> What is left has a temporary name still, so the next opening goes on.
 */
public final class DoomedDirectory {

    private DoomedDirectory() {}

    /** Returns what to tell an operator if something stays; nothing if all of it is gone. */
    public static Optional<String> remove(Disk disk, Path directory) throws IOException {
        boolean isAllOurs = true;
        for (DiskEntry entry : disk.list(directory)) {
            if (entry.directory()) {
                isAllOurs = false;
            } else {
                disk.delete(directory.resolve(entry.name()));
            }
        }
        if (isAllOurs) {
            disk.delete(directory);
            return Optional.empty();
        }
        return Optional.of(
                "a directory that was to be removed holds one that is not ours, and stays: directory=" + directory);
    }
}
