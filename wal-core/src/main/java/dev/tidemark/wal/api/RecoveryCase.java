package dev.tidemark.wal.api;

/** What recovery found in a partition: the rows of the table in {@code docs/recovery.md}. */
public enum RecoveryCase {
    /** The last close was clean: metadata and one frame were read. */
    CLEAN,
    /** Only zeros, all of them read, or the end of the file behind the good frames: everything kept, goes on here. */
    R1,
    /** Something else behind the good frames, and no later proof: cut, kept aside, reported as undecided. */
    R2,
    /** The same below a proof: damage to acknowledged data. */
    R3,
    /** A sealed segment or a header under a final name fails its checks. */
    R4,
    /** A segment is missing, or an offset does not follow. */
    R5,
    /** An interrupted rotation, creation, deletion, trim or truncation: finished or undone. */
    R6,
    /** Something could not be read. */
    R7,
    /** The partition's metadata are missing beside segments, or bad. */
    R8;

    /** Whether the partition is refused in this case. */
    public boolean isRefusal() {
        return this == R3 || this == R4 || this == R5 || this == R7 || this == R8;
    }
}
