package dev.tidemark.wal.api;

import java.util.List;
import java.util.Optional;

/**
 * One partition at a glance.
 *
 * @param id its name
 * @param state where it is in its life
 * @param ends start and ends
 * @param segments the segments, oldest first
 * @param failure why it failed or cannot be used, if so
 */
public record PartitionInfo(
        PartitionId id, LifeState state, Ends ends, List<SegmentInfo> segments, Optional<WalException> failure) {
    /** Copies the list. */
    public PartitionInfo {
        segments = List.copyOf(segments);
    }

    /**
     * One segment.
     *
     * @param file its name in the partition's directory
     * @param baseOffset the offset of its first record
     * @param endOffset the offset after its last record
     * @param usedBytes bytes of header and frames
     * @param fileBytes the size of the file, with space prepared for later
     * @param isSealed whether it is complete
     */
    public record SegmentInfo(
            String file, long baseOffset, long endOffset, long usedBytes, long fileBytes, boolean isSealed) {}

    /** Bytes of all files together. */
    public long fileBytes() {
        return segments.stream().mapToLong(SegmentInfo::fileBytes).sum();
    }
}
