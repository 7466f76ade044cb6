package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.PartitionId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads everything back and compares it with what the child said: what was acknowledged is there, in order, byte for byte; batches are whole; what was
 * never submitted is not there.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class DemoCheck {
    private static final int MAX_PROBLEMS = 20;

    private final DemoPlan plan;
    private final DemoLedger ledger;
    private final long[] nextSequence;
    private final List<String> problems = new ArrayList<>();
    private long records;
    private long bytes;
    private long acknowledgedFound;

    DemoCheck(DemoPlan plan, DemoLedger ledger) {
        this.plan = plan;
        this.ledger = ledger;
        this.nextSequence = new long[plan.writers().size()];
    }

    /** Reads all partitions of the plan from start to end. */
    void read(Wal wal) {
        for (int i = 0; i < plan.partitions(); i++) {
            PartitionId id = new PartitionId(DemoPlan.NAME, i);
            try (Cursor cursor = wal.partition(id).read(From.start())) {
                long expected = 0;
                while (cursor.next()) {
                    check(
                            i,
                            cursor.offset() == expected,
                            "offsets are not dense: expected=" + expected,
                            cursor.offset());
                    entry(i, cursor.offset(), cursor.value());
                    expected = cursor.nextOffset();
                }
            }
        }
        finish();
    }

    /** Takes in one value that was read. */
    void entry(int partition, long offset, byte[] value) {
        records++;
        bytes += value.length;
        int writer = DemoPayload.hasHead(value) ? DemoPayload.writer(value) : -1;
        boolean isKnown = writer >= 0
                && writer < plan.writers().size()
                && plan.writers().get(writer).partition() == partition;
        check(partition, isKnown, "a value that no thread wrote to this partition", offset);
        if (!isKnown) {
            return;
        }
        long sequence = DemoPayload.sequence(value);
        String which = "writer=" + writer + " sequence=" + sequence;
        check(
                partition,
                sequence < ledger.submittedRecords(writer),
                "a value that was never submitted: " + which,
                offset);
        check(
                partition,
                sequence == nextSequence[writer],
                "not in the order of submission: " + which + " expected=" + nextSequence[writer],
                offset);
        nextSequence[writer] = sequence + 1;
        check(
                partition,
                Arrays.equals(value, DemoPayload.of(plan.seed(), writer, sequence)),
                "other bytes than were submitted: " + which,
                offset);
        if (ledger.isAcknowledged(writer, sequence)) {
            acknowledgedFound++;
            long acknowledgedAt = ledger.offset(writer, sequence);
            check(
                    partition,
                    acknowledgedAt == offset,
                    "acknowledged at another offset: " + which + " at=" + acknowledgedAt,
                    offset);
        }
    }

    /** Compares the sums, when everything has been read. */
    void finish() {
        if (acknowledgedFound != ledger.acknowledgedRecords()) {
            problem("acknowledged records are missing: found=" + acknowledgedFound + " acknowledged="
                    + ledger.acknowledgedRecords());
        }
        for (DemoPlan.Writer writer : plan.writers()) {
            if (nextSequence[writer.number()] % writer.batchRecords() != 0) {
                problem("a batch is not whole: writer=" + writer.number() + " records=" + nextSequence[writer.number()]
                        + " batchRecords=" + writer.batchRecords());
            }
        }
    }

    private void check(int partition, boolean holds, String otherwise, long offset) {
        if (!holds) {
            problem(otherwise + " partition=" + DemoPlan.NAME + '-' + partition + " offset=" + offset);
        }
    }

    private void problem(String problem) {
        if (problems.size() < MAX_PROBLEMS) {
            problems.add(problem);
        }
    }

    /** What is wrong; empty when every promise held. */
    List<String> problems() {
        return List.copyOf(problems);
    }

    long records() {
        return records;
    }

    long bytes() {
        return bytes;
    }

    long acknowledgedFound() {
        return acknowledgedFound;
    }
}
