package dev.tidemark.stress;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What an append holds, made from a seed and the append's id alone: so whoever reads it back knows every byte without having been
 * told. The id stands in the first 8 bytes of each value.
 *
 * @param id of the append: the round, the thread in it, and its number there
 */
record KillPayload(long seed, long id) {
    /** How an append is made. */
    enum Shape {
        VALUE,
        LARGE_VALUE,
        RECORDS,
        OPAQUE
    }

    /** How the caller learns of its outcome. */
    enum Call {
        WAITS,
        FUTURE,
        STAGES
    }

    private static final int THREAD_SHIFT = 32;
    private static final int ROUND_SHIFT = 40;

    static long id(int round, int thread, int number) {
        return (long) round << ROUND_SHIFT | (long) thread << THREAD_SHIFT | number;
    }

    /** Round and thread: whoever appended it did so in the order of the ids. */
    static long threadOf(long id) {
        return id >>> THREAD_SHIFT;
    }

    private long draw(int what) {
        long z = seed + (id * 31 + what) * 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    private int below(int what, int bound) {
        return (int) Long.remainderUnsigned(draw(what), bound);
    }

    Shape shape() {
        int drawn = below(1, 100);
        return drawn < 60 ? Shape.VALUE : drawn < 63 ? Shape.LARGE_VALUE : drawn < 85 ? Shape.RECORDS : Shape.OPAQUE;
    }

    Call call() {
        return Call.values()[below(2, Call.values().length)];
    }

    Durability durability() {
        int drawn = below(3, 100);
        return drawn < 50 ? Durability.SYNCED : drawn < 85 ? Durability.WRITTEN : Durability.ACCEPTED;
    }

    /** Most go to the first few, so that segments are changed there all the time; the others are many and mostly quiet. */
    int partition(int partitions) {
        return below(4, below(6, 100) < 75 ? Math.min(3, partitions) : partitions);
    }

    /** How many offsets it takes. */
    int count() {
        return switch (shape()) {
            case VALUE, LARGE_VALUE -> 1;
            case RECORDS -> 2 + below(5, 5);
            case OPAQUE -> 1 + below(5, 7);
        };
    }

    /** How many entries a cursor makes of it. */
    int entries() {
        return shape() == Shape.RECORDS ? count() : 1;
    }

    /** The value of one of its entries. */
    byte[] value(int entry) {
        int most = shape() == Shape.LARGE_VALUE ? 40_000 : 1_500;
        byte[] bytes = new byte[Long.BYTES + below(16 + entry, most)];
        for (int at = Long.BYTES; at < bytes.length; at++) {
            bytes[at] = (byte) (id * 7 + entry * 13L + at * (at >>> 8 | 1L));
        }
        ByteBuffer.wrap(bytes).putLong(0, id);
        return bytes;
    }

    AppendRequest request() {
        AppendRequest plain = switch (shape()) {
            case VALUE, LARGE_VALUE -> AppendRequest.of(value(0));
            case OPAQUE -> AppendRequest.opaque(value(0), count());
            case RECORDS -> {
                List<WalRecord> records = new ArrayList<>();
                for (int entry = 0; entry < count(); entry++) {
                    records.add(WalRecord.of(key(entry), value(entry)));
                }
                yield AppendRequest.of(records);
            }
        };
        return plain.withDurability(durability());
    }

    private static byte[] key(int entry) {
        return new byte[] {(byte) entry};
    }

    /** The id that a value claims to be of. */
    static long idIn(byte[] value) {
        return value.length < Long.BYTES ? -1 : ByteBuffer.wrap(value).getLong(0);
    }

    /** Whether an entry holds what was appended. */
    boolean holds(int entry, byte[] value, int count) {
        boolean hasCount = shape() == Shape.RECORDS ? count == 1 : count == count();
        return entry < entries() && hasCount && Arrays.equals(value, value(entry));
    }
}
