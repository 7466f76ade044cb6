package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.WalException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One append between its acceptance and its outcome. The outcome is that of its round; this object knows who waits.
 *
 * <p><b>Threads.</b> Created under the partition lock. Any thread may ask for the stages; one thread, that of a blocking
 * call, may wait.
 *
 * <p><b>Ordering.</b> A waiter or stage is stored first and the round's state is looked at afterwards; whoever settles the
 * round stores the state first and looks for waiters and stages afterwards. All four are volatile, so at least one side sees
 * the other: nobody sleeps through an outcome, and no stage stays open. When both sides settle a stage, the second does
 * nothing.
 */
final class PendingAppend implements Appended {
    private static final VarHandle WRITTEN;
    private static final VarHandle DURABLE;

    static {
        try {
            MethodHandles.Lookup own = MethodHandles.lookup();
            WRITTEN = own.findVarHandle(PendingAppend.class, "written", LogStage.class);
            DURABLE = own.findVarHandle(PendingAppend.class, "durable", LogStage.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Round round;
    final Durability wanted;

    private final long offset;
    private final int count;

    private volatile @Nullable LogStage written;
    private volatile @Nullable LogStage durable;
    private volatile @Nullable Thread waiter;

    PendingAppend(Round round, long offset, int count, Durability wanted) {
        this.round = round;
        this.offset = offset;
        this.count = count;
        this.wanted = wanted;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public CompletionStage<Long> written() {
        return writtenStage();
    }

    @Override
    public CompletionStage<Long> durable() {
        return durableStage();
    }

    private LogStage writtenStage() {
        LogStage stage = written;
        if (stage == null) {
            WRITTEN.compareAndSet(this, null, new LogStage());
            round.hasWrittenStages = true;
            settleStages();
            stage = Objects.requireNonNull(written);
        }
        return stage;
    }

    private LogStage durableStage() {
        LogStage stage = durable;
        if (stage == null) {
            DURABLE.compareAndSet(this, null, new LogStage());
            round.hasDurableStages = true;
            settleStages();
            stage = Objects.requireNonNull(durable);
        }
        return stage;
    }

    /** The stage that completes when the durability the append asked for is reached. */
    CompletionStage<Long> wantedStage() {
        return switch (wanted) {
            case SYNCED -> durableStage();
            case WRITTEN -> writtenStage();
            case ACCEPTED -> {
                LogStage accepted = new LogStage();
                accepted.settle(offset);
                yield accepted;
            }
        };
    }

    /** Whether the outcome that the append asked for is known. */
    boolean isSettled() {
        return wanted == Durability.ACCEPTED || round.isSettled(wanted);
    }

    /** The offset, or the failure as an exception; only once settled. */
    long result() {
        if (wanted == Durability.ACCEPTED || round.hasReached(wanted)) {
            return offset;
        }
        throw round.failureOf(offset);
    }

    /** The calling thread is about to park until the outcome; null when it no longer is. */
    void waiter(@Nullable Thread thread) {
        waiter = thread;
    }

    /** Wakes the blocking caller, if there is one and its outcome is known. */
    void wake() {
        Thread thread = waiter;
        if (thread != null && isSettled()) {
            LockSupport.unpark(thread);
        }
    }

    /** Settles the stages that exist as far as the round's state says. */
    void settleStages() {
        settle(written, Durability.WRITTEN);
        settle(durable, Durability.SYNCED);
    }

    private void settle(@Nullable LogStage stage, Durability level) {
        if (stage == null || stage.isDone() || !round.isSettled(level)) {
            return;
        }
        if (round.hasReached(level)) {
            stage.settle(offset);
        } else {
            WalException failure = round.failureOf(offset);
            stage.settle(failure);
        }
    }
}
