package dev.tidemark.crash;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a partition with gaps gives to who reads all of it.
 *
 * @param start where it starts
 * @param end where it ends
 * @param entries what stands for the bytes of each entry, by offset
 */
public record ServedLog(long start, long end, Map<Long, String> entries) {
    private static final long DAMAGE = -1;

    /** Of each partition that is open. */
    public static Map<PartitionId, ServedLog> all(SteppedStore store) {
        Map<PartitionId, ServedLog> logs = new TreeMap<>();
        store.engine().describe().stream()
                .filter(info -> info.failure().isEmpty())
                .forEach(info -> logs.put(info.id(), of(store.engine().partition(info.id()))));
        return logs;
    }

    /** All of it; what is not there must be told, and end where the next entry begins. */
    static ServedLog of(LocalPartition partition) {
        Map<Long, String> entries = new TreeMap<>();
        long start = partition.ends().start();
        long end = partition.ends().durable();
        long next = start;
        try (Cursor cursor = partition.read(From.start())) {
            while (true) {
                try {
                    if (!cursor.next()) {
                        break;
                    }
                } catch (DamageException e) {
                    if (e.code() != ErrorCode.RECORDS_LOST) {
                        // In a segment that opening does not read: as ever, and no concern of a quarantine.
                        entries.put(DAMAGE, "damaged at " + next);
                        return new ServedLog(start, end, entries);
                    }
                    if (e.damage().endOffset() <= next) {
                        throw new Oracle.Violation("a gap that is none: " + e, e);
                    }
                    next = e.damage().endOffset();
                    continue;
                }
                boolean isCutIn = cursor.offset() < start;
                if (cursor.offset() != next && !isCutIn) {
                    throw new Oracle.Violation("records are missing without a word: partition=" + partition.id()
                            + " expected=" + next + " found=" + cursor.offset());
                }
                entries.put(cursor.offset(), cursor.count() + ":" + Arrays.hashCode(cursor.value()));
                next = cursor.offset() + cursor.count();
            }
        }
        if (next != end) {
            throw new Oracle.Violation(
                    "the log does not read to its end: partition=" + partition.id() + " end=" + end + " read=" + next);
        }
        return new ServedLog(start, end, entries);
    }

    /** Whether reading ended at damage that is not on record. */
    public boolean isDamaged() {
        return entries.containsKey(DAMAGE);
    }
}
