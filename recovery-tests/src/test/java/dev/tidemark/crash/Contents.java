package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ProducerIdentity;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
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

    /** The appends that were found and have a sequence, in the order of the log. */
    List<Submission> numbered() {
        return begins.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue)
                .filter(submission -> submission.request().producer().isPresent())
                .toList();
    }

    /**
     * Each sequence of a producer once, and each where it belongs: behind the one before, or at 0 in a higher epoch.
     *
     * @param isTrimmed whether earlier ones may be gone
     */
    void requireNumberedInOrder(boolean isTrimmed) {
        Map<Long, Submission> last = new HashMap<>();
        for (Submission next : numbered()) {
            Submission before = last.put(next.producer().id(), next);
            boolean isSameEpoch = before != null
                    && before.producer().epoch() == next.producer().epoch();
            long expected = before != null && isSameEpoch ? before.request().sequence() + before.count() : 0;
            boolean isOlder = before != null
                    && before.producer().epoch() > next.producer().epoch();
            boolean isFirst = before == null && isTrimmed;
            if (isOlder || (!isFirst && next.request().sequence() != expected)) {
                throw new Oracle.Violation(
                        "the sequences of a producer are not in order: before=" + before + " next=" + next);
            }
        }
    }

    /** What its producers can repeat: the newest appends of the newest epoch of each. */
    List<Submission> repeatable() {
        Map<ProducerIdentity, List<Submission>> newest = new HashMap<>();
        Map<Long, ProducerIdentity> epochs = new HashMap<>();
        for (Submission next : numbered()) {
            epochs.put(next.producer().id(), next.producer());
            newest.computeIfAbsent(next.producer(), producer -> new ArrayList<>())
                    .add(next);
        }
        List<Submission> repeatable = new ArrayList<>();
        for (ProducerIdentity producer : epochs.values()) {
            List<Submission> all = newest.getOrDefault(producer, List.of());
            repeatable.addAll(all.subList(Math.max(0, all.size() - AppendRequest.REPEATABLE_APPENDS), all.size()));
        }
        return repeatable;
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
