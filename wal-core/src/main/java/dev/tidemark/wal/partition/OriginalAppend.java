package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import org.jspecify.annotations.Nullable;

/**
 * An append of a producer on its way to the disk, with those that repeat it: all of them have the outcome of its round.
 *
 * <p><b>Threads.</b> Repeats join under the partition lock; whoever settles the round reads them without it.
 *
 * <p><b>Ordering.</b> A repeat joins first, then says what it waits for, then looks at the round's state. Whoever settles the round stores the
 * state first and looks for those who wait afterwards. All of it is volatile, so at least one side sees the other; see
 * {@link PendingAppend}.
 */
final class OriginalAppend extends PendingAppend {
    final long producerId;
    final ProducerBatch batch;

    /** What the log knew of the producer before, for the case that this one is refused. */
    final @Nullable ProducerState before;

    /** The one before of the same producer, while that is on its way; guarded by the partition lock. */
    @Nullable
    OriginalAppend previous;

    private final PendingAppend own;
    private volatile @Nullable Repeat newestRepeat;

    private record Repeat(PendingAppend pending, @Nullable Repeat older) {}

    OriginalAppend(PendingAppend own, long producerId, ProducerBatch batch, @Nullable ProducerState before) {
        super(own.round, own.offset(), own.wanted);
        this.own = own;
        this.producerId = producerId;
        this.batch = batch;
        this.before = before;
    }

    /** A repeat waits for the same round from now on; with the partition lock. */
    void join(PendingAppend repeat) {
        newestRepeat = new Repeat(repeat, newestRepeat);
        if (repeat.wanted == Durability.WRITTEN) {
            // The round may be in the writer's hands already: see Round.wantsWritten.
            round.wakeWhenWritten();
        }
    }

    @Override
    void wake() {
        own.wake();
        for (Repeat each = newestRepeat; each != null; each = each.older) {
            each.pending.wake();
        }
    }

    @Override
    void settleStages() {
        own.settleStages();
        for (Repeat each = newestRepeat; each != null; each = each.older) {
            each.pending.settleStages();
        }
    }
}
