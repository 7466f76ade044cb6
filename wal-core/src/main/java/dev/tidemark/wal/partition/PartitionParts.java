package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What the parts of one partition share.
 *
 * @param id its name
 * @param directory where its files lie
 * @param life where it is in its life
 * @param positions how far it has got
 * @param metadata its {@code PARTITION} file
 * @param files the open files of the store
 * @param readable who waits for the durable end
 * @param written who waits for the written end
 * @param producers what is known of those who number their appends
 * @param segmentAdded publishes a new segment to readers
 */
record PartitionParts(
        PartitionId id,
        Path directory,
        PartitionLife life,
        Positions positions,
        PartitionMetadata metadata,
        SegmentFiles files,
        TailWaiters readable,
        TailWaiters written,
        ProducerTable producers,
        Consumer<Segment> segmentAdded) {}
