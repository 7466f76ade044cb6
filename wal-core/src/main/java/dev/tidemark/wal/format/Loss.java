package dev.tidemark.wal.format;

import dev.tidemark.wal.bytes.Utf8;

/**
 * A range of offsets that this partition no longer has and will never have again, on record for good.
 *
 * @param firstOffset first offset lost
 * @param endOffset the offset after the last one lost
 * @param reason why, as an error code or a recovery case, for people and programs
 * @param atMillis when it was recorded
 */
public record Loss(long firstOffset, long endOffset, String reason, long atMillis) {

    public static final int MAX_REASON_BYTES = 200;

    public Loss {
        if (firstOffset < 0 || endOffset <= firstOffset || atMillis < 0) {
            throw new IllegalArgumentException(
                    "no such loss: firstOffset=" + firstOffset + " endOffset=" + endOffset + " atMillis=" + atMillis);
        }
        if (Utf8.encode(reason).length > MAX_REASON_BYTES) {
            throw new IllegalArgumentException("reason is too long: limitBytes=" + MAX_REASON_BYTES);
        }
    }
}
