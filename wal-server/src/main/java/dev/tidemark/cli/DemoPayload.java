package dev.tidemark.cli;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * A payload that says who wrote it and as which one, and whose other bytes follow from that and the seed: whoever has the seed can make it again and
 * compare every byte.
 */
final class DemoPayload {
    private static final int HEAD_BYTES = Integer.BYTES + Long.BYTES;
    private static final int MIN_BYTES = 32;
    private static final int MAX_BYTES = 2048;

    private DemoPayload() {}

    static byte[] of(long seed, int writer, long sequence) {
        SplittableRandom random =
                new SplittableRandom(seed + writer * 0x9E3779B97F4A7C15L + sequence * 0xD1B54A32D192ED03L);
        byte[] payload = new byte[random.nextInt(MIN_BYTES, MAX_BYTES)];
        random.nextBytes(payload);
        ByteBuffer.wrap(payload).putInt(writer).putLong(sequence);
        return payload;
    }

    /** Whether it is long enough to say where it comes from. */
    static boolean hasHead(byte[] payload) {
        return payload.length >= HEAD_BYTES;
    }

    static int writer(byte[] payload) {
        return ByteBuffer.wrap(payload).getInt(0);
    }

    static long sequence(byte[] payload) {
        return ByteBuffer.wrap(payload).getLong(Integer.BYTES);
    }
}
