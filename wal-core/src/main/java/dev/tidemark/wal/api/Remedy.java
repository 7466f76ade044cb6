package dev.tidemark.wal.api;

/** What a caller can do about an error. */
public enum Remedy {
    /** The call itself is wrong: the same call fails again. */
    FIX_CALL,
    /** Nothing was changed: the same call may succeed later. */
    RETRY,
    /** Something outside has to change first (room on the disk, a limit, another process); then retry. */
    FIX_ENVIRONMENT,
    /** The partition or store has to be closed and opened again. */
    REOPEN,
    /** The outcome is unknown: read the log at the offset to learn it. */
    READ_BACK,
    /** Data are damaged: run {@code wal verify}, then restore or repair before reopening. */
    RESTORE
}
