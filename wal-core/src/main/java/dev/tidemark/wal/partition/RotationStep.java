package dev.tidemark.wal.partition;

/**
 * How far a change of segment has got: each constant says what is done when it is reached, so a crash between two of them
 * leaves what {@code docs/recovery.md} says for the first. Up to {@link #HEADER_FORCED} the old segment goes on as if nothing
 * had happened; from {@link #RENAMED} on there is only forward.
 */
enum RotationStep {
    /** Everything in the old segment is forced; its end and running checksum are fixed. */
    OLD_FORCED,
    /** The new file has its header, forced, under a temporary name. */
    HEADER_FORCED,
    /** It has its final name. */
    RENAMED,
    /** The directory is forced: the name survives loss of power. */
    NAME_FORCED,
    /** {@code PARTITION} names the new segment. */
    NAMED_ACTIVE,
    /** The old segment has its seal, and is cut behind it. */
    SEAL_WRITTEN,
    /** That is forced. */
    OLD_SEALED,
    /** Readers see the new segment, and the next round goes there. */
    SWAPPED
}
