package dev.tidemark.wal.api;

/** What opening does with a partition whose acknowledged data are damaged. */
public enum DamagePolicy {
    /** It is not opened, and nothing in it is changed: to restore a backup, or to open it with {@code QUARANTINE}, is for people to decide. */
    FAIL,
    /**
     * What is damaged is copied aside, what can be read is served, and what cannot is put on record as lost: readers are told of it where it was
     * ({@link ErrorCode#RECORDS_LOST}). Appends go on above every offset that was proven or read. What cannot be read because the disk refuses it is not given up:
     * such a partition is not opened.
     */
    QUARANTINE
}
