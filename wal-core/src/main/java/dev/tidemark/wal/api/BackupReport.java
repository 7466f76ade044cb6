package dev.tidemark.wal.api;

import java.nio.file.Path;
import java.util.List;

/**
 * What a backup has copied. All of it was read back and checked when this is handed out.
 *
 * @param directory where the copy lies; opening it is the restore
 * @param partitions what was copied of each, by name
 * @param bytes of all files that were copied
 * @param nanos how long it took
 */
public record BackupReport(Path directory, List<PartitionBackup> partitions, long bytes, long nanos) {
    /** Copies the list. */
    public BackupReport {
        partitions = List.copyOf(partitions);
    }

    /**
     * The copy of one partition, as it was at one moment.
     *
     * @param partition its directory's name
     * @param start the first offset in it
     * @param end the offset after the last one in it
     * @param segments how many segments it has
     * @param bytes of its segments
     */
    public record PartitionBackup(String partition, long start, long end, int segments, long bytes) {}
}
