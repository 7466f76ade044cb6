package dev.tidemark.stress;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * What the load test appends: who appends it, the how-manyth of his it is, and bytes that follow from both, so that any reader can tell
 * whether each of them is right.
 */
final class LoadRecord {
    private static final int HEAD_BYTES = Integer.BYTES + Long.BYTES;
    private static final int MOST_SMALL_BYTES = 600;
    /** One in so many is large. */
    private static final int LARGE_ONE_IN = 64;

    private static final int LARGE_BYTES = 20_000;

    private LoadRecord() {}

    static byte[] of(long seed, int producer, long number) {
        SplittableRandom random = random(seed, producer, number);
        int length = lengthFrom(random);
        ByteBuffer record = ByteBuffer.allocate(HEAD_BYTES + length);
        record.putInt(producer).putLong(number);
        byte[] rest = new byte[length];
        random.nextBytes(rest);
        return record.put(rest).array();
    }

    static int producer(ByteBuffer record) {
        return record.getInt(record.position());
    }

    static long number(ByteBuffer record) {
        return record.getLong(record.position() + Integer.BYTES);
    }

    /** Whether every byte is what its producer appended. */
    static boolean isRight(long seed, ByteBuffer record) {
        return record.remaining() >= HEAD_BYTES
                && ByteBuffer.wrap(of(seed, producer(record), number(record))).equals(record);
    }

    private static SplittableRandom random(long seed, int producer, long number) {
        return new SplittableRandom(seed ^ ((long) producer << 40) ^ number);
    }

    private static int lengthFrom(SplittableRandom random) {
        return random.nextInt(LARGE_ONE_IN) == 0 ? LARGE_BYTES : random.nextInt(MOST_SMALL_BYTES);
    }
}
