package dev.tidemark.wal.api;

/**
 * Offsets whose records a partition no longer has, and never will have again: damage that was quarantined or repaired.
 *
 * @param firstOffset the first offset lost
 * @param endOffset the offset after the last one lost
 * @param reason why, as an error code
 * @param atMillis when it was put on record
 */
public record LostRange(long firstOffset, long endOffset, String reason, long atMillis) {}
