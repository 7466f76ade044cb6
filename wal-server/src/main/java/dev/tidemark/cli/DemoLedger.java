package dev.tidemark.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * What the child said before it was killed: which records it was about to submit, and which were acknowledged, at which offset and after what
 * time.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class DemoLedger {
    private static final long NOT_ACKNOWLEDGED = -1;

    private final List<LongList> offsets = new ArrayList<>();
    private final long[] submitted;
    private final LongList waitedNanos = new LongList();
    private long submittedAppends;
    private long acknowledgedAppends;
    private long acknowledgedRecords;
    private long firstNanos;
    private long lastNanos;

    DemoLedger(DemoPlan plan) {
        submitted = new long[plan.writers().size()];
        plan.writers().forEach(writer -> offsets.add(new LongList()));
    }

    /**
     * Takes in one message.
     *
     * @param nowNanos when it came
     */
    void add(DemoMessage message, long nowNanos) {
        if (message.kind() == DemoMessage.Kind.SUBMITTED) {
            submittedAppends++;
            submitted[message.writer()] = message.sequence() + message.records();
            return;
        }
        if (acknowledgedAppends == 0) {
            firstNanos = nowNanos;
        }
        lastNanos = nowNanos;
        acknowledgedAppends++;
        acknowledgedRecords += message.records();
        for (int i = 0; i < message.records(); i++) {
            offsets.get(message.writer()).set((int) message.sequence() + i, message.offset() + i, NOT_ACKNOWLEDGED);
        }
        if (message.nanos() >= 0) {
            waitedNanos.add(message.nanos());
        }
    }

    /** Whether the record was acknowledged. */
    boolean isAcknowledged(int writer, long sequence) {
        return offset(writer, sequence) != NOT_ACKNOWLEDGED;
    }

    /** The offset at which the record was acknowledged, or -1. */
    long offset(int writer, long sequence) {
        return offsets.get(writer).get((int) sequence, NOT_ACKNOWLEDGED);
    }

    /** Records that the thread had submitted, or was about to. */
    long submittedRecords(int writer) {
        return submitted[writer];
    }

    long acknowledgedAppends() {
        return acknowledgedAppends;
    }

    long acknowledgedRecords() {
        return acknowledgedRecords;
    }

    /** Appends that were submitted, or about to be, and not acknowledged. */
    long underWay() {
        return submittedAppends - acknowledgedAppends;
    }

    /** From the first acknowledgement to the last. */
    long nanos() {
        return lastNanos - firstNanos;
    }

    /** How long after the first acknowledgement this is; 0 before it. */
    long nanosSinceFirst(long nowNanos) {
        return acknowledgedAppends == 0 ? 0 : nowNanos - firstNanos;
    }

    /** How long each append took that a thread waited for. */
    LongList waitedNanos() {
        return waitedNanos;
    }
}
