package dev.tidemark.wal.api;

/** What one entry handed out by a cursor is. */
public enum EntryKind {
    /** A single value. */
    RAW,
    /** One record of a batch, with its key, headers and timestamp. */
    RECORD,
    /** A whole batch of another protocol, verbatim, standing for {@link Cursor#count()} offsets. */
    OPAQUE
}
