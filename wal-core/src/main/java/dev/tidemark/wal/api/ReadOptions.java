package dev.tidemark.wal.api;

import java.util.Objects;

/**
 * How a cursor reads.
 *
 * @param visibility {@link Durability#SYNCED} (default): only what survives loss of power, so nothing that was read can
 *     vanish in a crash; {@link Durability#WRITTEN}: also what the operating system has but the device may not
 * @param readAheadBytes how much one disk read asks for, 4 KiB to 16 MiB; default 256 KiB. A larger append is read whole.
 */
public record ReadOptions(Durability visibility, int readAheadBytes) {
    /** Durable data, 256 KiB of read-ahead. */
    public static final ReadOptions DEFAULT = new ReadOptions(Durability.SYNCED, 256 << 10);

    /** Checks the ranges. */
    public ReadOptions {
        Objects.requireNonNull(visibility, "visibility");
        if (visibility == Durability.ACCEPTED) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "a cursor reads SYNCED or WRITTEN data: visibility=" + visibility);
        }
        if (readAheadBytes < 4 << 10 || readAheadBytes > 16 << 20) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "read-ahead must be 4096 to 16777216 bytes: readAheadBytes=" + readAheadBytes);
        }
    }

    /** The same with another visibility. */
    public ReadOptions withVisibility(Durability newVisibility) {
        return new ReadOptions(newVisibility, readAheadBytes);
    }

    /** The same with another read-ahead. */
    public ReadOptions withReadAheadBytes(int newReadAheadBytes) {
        return new ReadOptions(visibility, newReadAheadBytes);
    }
}
