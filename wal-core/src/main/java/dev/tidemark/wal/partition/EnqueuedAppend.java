package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * An append whose caller has got the offset and may ask for stages that complete later. A stage exists when somebody has asked for
 * it.
 *
 * <p><b>Threads.</b> Any thread may ask.
 *
 * <p><b>Ordering.</b> See {@link PendingAppend}. Whoever asks for a stage settles that stage alone, where its outcome is known already;
 * the other one is left to the completion pool, since code that depends on it is not the asking thread's to run. When both sides
 * settle a stage, the second does nothing.
 */
final class EnqueuedAppend extends PendingAppend implements Appended {
    private static final VarHandle WRITTEN;
    private static final VarHandle DURABLE;

    static {
        try {
            MethodHandles.Lookup own = MethodHandles.lookup();
            WRITTEN = own.findVarHandle(EnqueuedAppend.class, "written", LogStage.class);
            DURABLE = own.findVarHandle(EnqueuedAppend.class, "durable", LogStage.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int count;

    private volatile @Nullable LogStage written;
    private volatile @Nullable LogStage durable;

    EnqueuedAppend(Round round, long offset, int count, Durability wanted) {
        super(round, offset, wanted);
        this.count = count;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public CompletionStage<Long> written() {
        return writtenStage(false);
    }

    @Override
    public CompletionStage<Long> durable() {
        return durableStage(false);
    }

    /**
     * A future that completes when the durability the append asked for is reached. It belongs to the caller, who may do with it what
     * any future allows; so only who has asked for no stage of this append may ask for it, once.
     */
    CompletableFuture<Long> outcome() {
        return switch (wanted) {
            case SYNCED -> durableStage(true);
            case WRITTEN -> writtenStage(true);
            case ACCEPTED -> CompletableFuture.completedFuture(offset());
        };
    }

    private LogStage writtenStage(boolean isCallers) {
        LogStage stage = written;
        if (stage == null) {
            WRITTEN.compareAndSet(this, null, new LogStage(isCallers));
            round.hasWrittenStages = true;
            stage = Objects.requireNonNull(written);
            settle(stage, Durability.WRITTEN);
        }
        return stage;
    }

    private LogStage durableStage(boolean isCallers) {
        LogStage stage = durable;
        if (stage == null) {
            DURABLE.compareAndSet(this, null, new LogStage(isCallers));
            round.hasDurableStages = true;
            stage = Objects.requireNonNull(durable);
            settle(stage, Durability.SYNCED);
        }
        return stage;
    }

    @Override
    void wake() {
        // Nobody waits for it in a call.
    }

    @Override
    void settleStages() {
        settle(written, Durability.WRITTEN);
        settle(durable, Durability.SYNCED);
    }

    private void settle(@Nullable LogStage stage, Durability level) {
        if (stage == null || stage.isDone() || !round.isSettled(level)) {
            return;
        }
        if (round.hasReached(level)) {
            stage.settle(offset());
        } else {
            stage.settle(round.failureOf(offset()));
        }
    }
}
