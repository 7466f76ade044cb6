package dev.tidemark.stress;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one pass over a partition has seen, and whether it can be: offsets without holes, the bytes of each record, and each producer's
 * records one after the other. A producer counts on only when the log has told him that a record is in it, so a record that is missing, or there
 * twice, shows.
 *
 * <p><b>Threads.</b> One.
 */
final class LoadOrder {
    private final long seed;
    private final Map<Integer, Long> last = new HashMap<>();
    private long expected;
    private long seen;

    LoadOrder(long seed, long from) {
        this.seed = seed;
        this.expected = from;
    }

    /** Null if the record may follow; otherwise what is wrong with it. */
    @Nullable
    String add(long offset, ByteBuffer record) {
        if (offset != expected) {
            return "offset " + offset + " where " + expected + " was to come";
        }
        if (!LoadRecord.isRight(seed, record)) {
            return "other bytes at offset " + offset;
        }
        int producer = LoadRecord.producer(record);
        long number = LoadRecord.number(record);
        Long before = last.put(producer, number);
        if (before != null && number != before + 1) {
            return "number " + number + " of producer " + producer + " behind " + before + " at offset " + offset;
        }
        expected = offset + 1;
        seen++;
        return null;
    }

    long seen() {
        return seen;
    }

    /** The offset that comes next. */
    long expected() {
        return expected;
    }

    /** The last record of this producer; -1 if none was seen. */
    long lastOf(int producer) {
        return last.getOrDefault(producer, -1L);
    }
}
