package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentOwner;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a directory holds, after recovery: all that a partition needs to begin.
 *
 * @param id its name
 * @param directory where it lies
 * @param owner what its segments' headers say
 * @param metadata the {@code PARTITION} file
 * @param segments oldest first, the active one last; each holds its first reference
 * @param active where the writer goes on
 * @param start the first offset that can be read
 * @param end the offset after the last record. All below is durable and readable, unless the store is open for reading only
 * @param provenEnd what lies below was proven durable before recovery looked; in a read-only store, what lies above it is unproven
 * @param lastTimestampMillis no later frame may be older
 * @param producers what is known of producers
 * @param unfinished what recovery could not write for want of room: until it is done, appends are refused
 * @param report what was found and done
 */
record RecoveredLog(
        PartitionId id,
        Path directory,
        SegmentOwner owner,
        PartitionMetadata metadata,
        List<Segment> segments,
        ActiveState active,
        long start,
        long end,
        long provenEnd,
        long lastTimestampMillis,
        List<ProducerState> producers,
        Optional<UnfinishedRecovery> unfinished,
        PartitionRecovery report) {

    RecoveredLog {
        segments = List.copyOf(segments);
        producers = List.copyOf(producers);
    }

    /** The same with another report. */
    RecoveredLog with(PartitionRecovery newReport) {
        return new RecoveredLog(
                id,
                directory,
                owner,
                metadata,
                segments,
                active,
                start,
                end,
                provenEnd,
                lastTimestampMillis,
                producers,
                unfinished,
                newReport);
    }
}
