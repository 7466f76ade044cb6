package dev.tidemark.wal.format;

/**
 * One number for all the frames of a segment so far, in their order: begins at {@link #start}, takes in the {@code headerCrc} of every frame
 * with {@link #next}. A header checksum covers the payload's, so two segments with the same number hold the same bytes.
 *
 * <p>Not cryptographic: it notices accidents, a missing or exchanged frame among them, not an adversary.
 */
public final class RunningChecksum {

    private static final long FIRST_FACTOR = 0x9E37_79B9_7F4A_7C15L;
    private static final long SECOND_FACTOR = 0xD1B5_4A32_D192_ED03L;

    private RunningChecksum() {}

    /** The number of a segment without frames: its id. */
    public static long start(long segmentId) {
        return segmentId;
    }

    /** The number after one more frame. Each step is a bijection of {@code checksum}: what once differs stays different under equal frames. */
    public static long next(long checksum, int headerCrc) {
        return Long.rotateLeft((checksum ^ Integer.toUnsignedLong(headerCrc)) * FIRST_FACTOR, 29) * SECOND_FACTOR;
    }
}
