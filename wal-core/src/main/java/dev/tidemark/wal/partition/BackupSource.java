package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentOwner;
import java.util.ArrayList;
import java.util.List;

/**
 * A partition as it was at one moment, to be copied (ADR 0010). Holds a reference of each segment, so that no trim of this process deletes one until
 * it is closed.
 *
 * <p><b>Threads.</b> Confined to the one that copies.
 *
 * <p><b>Crash.</b> Nothing here is stored.
 */
final class BackupSource implements AutoCloseable {

    private final PartitionId id;
    private final SegmentOwner owner;
    private final PartitionFile metadata;
    private final List<Segment> segments;
    private final long start;
    private final long end;

    /**
     * @param metadata {@code PARTITION} of that moment
     * @param segments oldest first, the first that in which the log starts; retained, and given back by {@link #close}
     * @param start the first offset
     * @param end where the copy is to end: where a frame of the last segment ends, or where that segment begins
     */
    BackupSource(
            PartitionId id, SegmentOwner owner, PartitionFile metadata, List<Segment> segments, long start, long end) {
        this.id = id;
        this.owner = owner;
        this.metadata = metadata;
        this.segments = List.copyOf(segments);
        this.start = start;
        this.end = end;
    }

    /** Takes over the references of what a recovery that changes nothing has found. */
    static BackupSource of(RecoveredLog found) {
        return new BackupSource(
                found.id(), found.owner(), found.metadata().current(), found.segments(), found.start(), found.end());
    }

    /**
     * Retains all of them.
     *
     * @throws UnavailableException if the partition was closed meanwhile
     */
    static List<Segment> retained(PartitionId id, SegmentList segments) {
        List<Segment> retained = new ArrayList<>();
        for (Segment segment : segments.asList()) {
            if (!segment.tryRetain()) {
                retained.forEach(Segment::release);
                throw new UnavailableException(
                        ErrorCode.PARTITION_CLOSED, "partition was closed during a backup: partition=" + id);
            }
            retained.add(segment);
        }
        return retained;
    }

    PartitionId id() {
        return id;
    }

    SegmentOwner owner() {
        return owner;
    }

    PartitionFile metadata() {
        return metadata;
    }

    List<Segment> segments() {
        return segments;
    }

    Segment newest() {
        return segments.get(segments.size() - 1);
    }

    long start() {
        return start;
    }

    long end() {
        return end;
    }

    @Override
    public void close() {
        segments.forEach(Segment::release);
    }
}
