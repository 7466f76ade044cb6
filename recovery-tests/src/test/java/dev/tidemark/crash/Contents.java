package dev.tidemark.crash;

import dev.tidemark.wal.api.Cursor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a partition was found to hold: whose append begins at which offset, and a print of each entry's bytes.
 *
 * <p><b>Threads.</b> One.
 */
public final class Contents {
    private final Map<Long, Submission> begins = new HashMap<>();
    private final Map<Long, Long> prints = new HashMap<>();

    /** The entry on which the cursor stands was found, and is this append's. */
    void found(Cursor cursor, Submission submission) {
        prints.put(cursor.offset(), print(cursor));
        if (cursor.offset() == submission.offset()) {
            begins.put(cursor.offset(), submission);
        }
    }

    @Nullable
    Submission submissionAt(long offset) {
        return begins.get(offset);
    }

    /** Whether another append lies where this one should; if nothing does, the ends tell. */
    boolean isOther(Submission submission) {
        Submission found = begins.get(submission.offset());
        return found != null && found != submission && !found.hasSameBytes(submission);
    }

    boolean isOther(long offset, long print) {
        Long found = prints.get(offset);
        return found != null && found != print;
    }

    /** All that a cursor tells of an entry, in one number. */
    static long print(Cursor cursor) {
        CRC32C bytes = new CRC32C();
        ByteBuffer value = cursor.buffer();
        bytes.update(value.duplicate());
        int rest = Arrays.hashCode(cursor.key().orElse(null));
        rest = rest * 31 + cursor.headers().hashCode();
        rest = rest * 31 + cursor.kind().ordinal();
        rest = rest * 31 + Long.hashCode(cursor.timestampMillis());
        rest = rest * 31 + cursor.count();
        return bytes.getValue() << 32 | rest & 0xFFFF_FFFFL;
    }
}
