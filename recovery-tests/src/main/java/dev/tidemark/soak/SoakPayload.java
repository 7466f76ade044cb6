package dev.tidemark.soak;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * What is appended: who did it, where, its number there, and bytes that follow from these and the seed. So a reader knows what it must find.
 *
 * @param writer which thread appended it
 * @param partition where
 * @param number the writer's how many-th record there, from 0 on
 */
record SoakPayload(int writer, int partition, long number) {
    private static final int HEAD_BYTES = 16;
    private static final int USUAL_BYTES = 1 << 10;
    private static final int LARGE_BYTES = 64 << 10;
    private static final int LARGE_ONE_IN = 200;

    byte[] bytes(long seed) {
        SplittableRandom random = new SplittableRandom(
                seed ^ (number * 0x9E37_79B9_7F4A_7C15L) ^ ((long) writer << 48) ^ ((long) partition << 32));
        int most = random.nextInt(LARGE_ONE_IN) == 0 ? LARGE_BYTES : USUAL_BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + random.nextInt(most));
        bytes.putInt(writer).putInt(partition).putLong(number);
        while (bytes.remaining() >= Long.BYTES) {
            bytes.putLong(random.nextLong());
        }
        return bytes.array();
    }

    /** Who appended this, if it says so at all; whether the rest is right is for the caller to compare. */
    static SoakPayload parse(byte[] value) {
        if (value.length < HEAD_BYTES) {
            return new SoakPayload(-1, -1, -1);
        }
        ByteBuffer bytes = ByteBuffer.wrap(value);
        return new SoakPayload(bytes.getInt(), bytes.getInt(), bytes.getLong());
    }
}
