package dev.tidemark.wal.partition;

/**
 * What the parts of one partition's write path share.
 *
 * @param services what all partitions share
 * @param parts what all parts of this partition share
 * @param intake where rounds come from
 * @param underway where they are until their outcome is known
 * @param segment where they are written to
 */
record WriteParts(
        PartitionServices services,
        PartitionParts parts,
        Intake intake,
        RoundsUnderway underway,
        SegmentInUse segment) {}
