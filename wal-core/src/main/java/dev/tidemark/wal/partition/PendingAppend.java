package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;

/**
 * One append between its acceptance and its outcome. The outcome is that of its round; the kinds differ in who waits for it.
 *
 * <p><b>Threads.</b> Created under the partition lock.
 *
 * <p><b>Ordering.</b> Whoever waits is stored first and the round's state is looked at afterwards; whoever settles the round stores the
 * state first and looks for those who wait afterwards. Both are volatile, so at least one side sees the other: nobody sleeps
 * through an outcome, and no stage stays open.
 */
abstract sealed class PendingAppend permits AwaitedAppend, EnqueuedAppend, OriginalAppend {
    final Round round;
    final Durability wanted;

    private final long offset;

    PendingAppend(Round round, long offset, Durability wanted) {
        this.round = round;
        this.offset = offset;
        this.wanted = wanted;
    }

    /** The offset of its first record. */
    public long offset() {
        return offset;
    }

    /** Whether the outcome that the append asked for is known. */
    boolean isSettled() {
        return wanted == Durability.ACCEPTED || round.isSettled(wanted);
    }

    /** Wakes the blocking caller, if there is one and its outcome is known. */
    abstract void wake();

    /** Settles the stages that exist as far as the round's state says. */
    abstract void settleStages();
}
