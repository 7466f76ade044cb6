package dev.tidemark.soak;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import java.time.Duration;
import java.util.Arrays;

/**
 * Follows one partition, and compares every record with what must come: the next one of its writer, byte for byte, at the next offset. What it has read it lets the
 * store trim.
 *
 * <p><b>Threads.</b> One.
 */
final class SoakReader implements Runnable {
    static final String CHECKPOINT = "soak";

    private static final Duration PATIENCE = Duration.ofMillis(100);
    private static final int CHECKPOINT_EACH = 500;
    private static final int TRIM_EACH = 4;

    private final SoakState state;
    private final LocalPartition log;
    private final int partition;
    private final long seed;

    SoakReader(SoakState state, LocalPartition log, int partition, long seed) {
        this.state = state;
        this.log = log;
        this.partition = partition;
        this.seed = seed;
    }

    @Override
    public void run() {
        try {
            requireWhereItWas();
            follow();
            log.checkpoint(CHECKPOINT, state.position[partition]);
        } catch (RuntimeException | Error e) {
            state.wrong("reader of partition " + partition + ": " + e);
        }
    }

    /** The checkpoint is where this reader was when the store was closed. */
    private void requireWhereItWas() {
        Long checkpoint = log.checkpoints().get(CHECKPOINT);
        if (checkpoint == null) {
            log.checkpoint(CHECKPOINT, 0);
        } else if (checkpoint != state.position[partition]) {
            state.wrong("partition " + partition + ": the checkpoint has moved: found=" + checkpoint + " expected="
                    + state.position[partition]);
        }
    }

    private void follow() {
        int checkpoints = 0;
        try (Cursor cursor = log.read(From.offset(state.position[partition]))) {
            while (true) {
                if (cursor.next(PATIENCE)) {
                    check(cursor);
                    if (cursor.offset() % CHECKPOINT_EACH == 0) {
                        log.checkpoint(CHECKPOINT, state.position[partition]);
                        if (++checkpoints % TRIM_EACH == 0) {
                            log.trimTo(state.position[partition]);
                        }
                    }
                } else if (!state.problems().isEmpty()
                        || (state.isWritten()
                                && cursor.nextOffset() >= log.ends().logEnd())) {
                    return;
                }
            }
        }
    }

    private void check(Cursor cursor) {
        byte[] value = cursor.value();
        SoakPayload found = SoakPayload.parse(value);
        long[] read = state.read[partition];
        boolean isNext = found.partition() == partition
                && found.writer() >= 0
                && found.writer() < read.length
                && found.number() == read[found.writer()]
                && cursor.offset() == state.position[partition];
        if (!isNext || !Arrays.equals(value, found.bytes(seed))) {
            state.wrong("partition " + partition + ": wrong record: offset=" + cursor.offset() + " found=" + found
                    + " expected=" + Arrays.toString(read) + " at=" + state.position[partition] + " bytesRight="
                    + (isNext ? "false" : "unknown"));
            throw new IllegalStateException("a wrong record, see above");
        }
        read[found.writer()]++;
        state.position[partition] = cursor.nextOffset();
        state.hasRead(partition);
    }
}
