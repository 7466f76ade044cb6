package dev.tidemark.crashtest;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * What is appended: a seed and an id, and behind them bytes that follow from both. So nobody has to keep the bytes to know what they were, and a
 * record that nobody submitted cannot pass for one that somebody did.
 *
 * <p>An id tells the process, the thread and the number of the append: 24, 8 and 32 bits.
 */
final class Payload {
    private static final int HEAD_BYTES = 16;
    private static final int USUAL_BYTES = 300;
    private static final int LARGE_BYTES = 8 << 10;
    private static final int LARGE_ONE_IN = 32;

    private Payload() {}

    static long id(int round, int thread, int number) {
        return ((long) round << 40) | ((long) thread << 32) | (number & 0xffff_ffffL);
    }

    /** The appends of one thread of one process, as one number. */
    static long threadOf(long id) {
        return id >>> 32;
    }

    /** For people. */
    static String name(long id) {
        return String.format(Locale.ROOT, "process %d thread %d append %d", id >>> 40, (id >>> 32) & 0xff, (int) id);
    }

    /** The record with this id. */
    static byte[] of(long seed, long id) {
        SplittableRandom random = new SplittableRandom(seed ^ (id * 0x9E37_79B9_7F4A_7C15L));
        int most = random.nextInt(LARGE_ONE_IN) == 0 ? LARGE_BYTES : USUAL_BYTES;
        ByteBuffer record = ByteBuffer.allocate(HEAD_BYTES + random.nextInt(most));
        record.putLong(seed).putLong(id);
        while (record.remaining() >= Long.BYTES) {
            record.putLong(random.nextLong());
        }
        while (record.hasRemaining()) {
            record.put((byte) random.nextInt());
        }
        return record.array();
    }

    /** The id of a record, if it is exactly what was made with that seed. */
    static OptionalLong idOf(long seed, byte[] record) {
        if (record.length < HEAD_BYTES || ByteBuffer.wrap(record).getLong() != seed) {
            return OptionalLong.empty();
        }
        long id = ByteBuffer.wrap(record).getLong(Long.BYTES);
        return Arrays.equals(record, of(seed, id)) ? OptionalLong.of(id) : OptionalLong.empty();
    }
}
