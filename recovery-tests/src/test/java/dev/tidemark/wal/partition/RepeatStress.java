package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.format.ProducerBatch;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** A repeat that joins an append on its way, and whoever settles the round of that append. */
public final class RepeatStress {
    private RepeatStress() {}

    /** An append that nobody waits for, in a round that is in its writer's hands. */
    private static final class Original {
        final Round round = new Round(1, false, 4096, 41, new RoundMemory(UnpooledByteBufAllocator.DEFAULT));
        final OriginalAppend original = new OriginalAppend(
                new EnqueuedAppend(round, 41, 1, Durability.ACCEPTED), 7, new ProducerBatch(0, 1, 41), null);

        Original() {
            round.add(original, 1);
        }

        /** As WriteRight does it. */
        void written() {
            round.markWritten();
            if (round.hasWrittenStages) {
                round.settleStages();
            }
            if (round.wantsWritten) {
                round.wakeAll();
            }
        }

        /** As ForceRight does it. */
        void forced() {
            round.markSynced();
            if (round.hasStagesToSettle()) {
                round.settleStages();
            }
        }
    }

    /** A repeat joins and asks for both stages while the round is written and forced. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both stages of the repeat are complete")
    @Outcome(expect = FORBIDDEN, desc = "a stage of the repeat stays open for ever: neither side saw the other")
    @State
    public static class StagesOfARepeat {
        private final Original staged = new Original();
        private CompletableFuture<Long> written = new CompletableFuture<>();
        private CompletableFuture<Long> durable = new CompletableFuture<>();

        /** Settles. */
        @Actor
        public void writer() {
            staged.written();
            staged.forced();
        }

        /** Repeats. */
        @Actor
        public void caller() {
            EnqueuedAppend repeat = new EnqueuedAppend(staged.round, 41, 1, Durability.SYNCED);
            staged.original.join(repeat);
            written = repeat.written().toCompletableFuture();
            durable = repeat.durable().toCompletableFuture();
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZ_Result complete) {
            complete.r1 = written.getNow(-1L) == 41;
            complete.r2 = durable.getNow(-1L) == 41;
        }
    }

    /**
     * A repeat joins, and is about to park until the write, while the round is written; nobody has wanted to be woken for that before.
     * The two meet at the start, and the caller waits for the writer at the end, as in {@link PendingAppendStress}.
     */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "the repeat saw the outcome, or was woken")
    @Outcome(expect = FORBIDDEN, desc = "the repeat saw no outcome, and nobody wakes it")
    @State
    public static class RepeatThatWaitsForTheWrite {
        /** Never waited out unless the wake-up is lost. */
        private static final long LOST_NANOS = TimeUnit.SECONDS.toNanos(5);

        private final Original staged = new Original();
        private volatile boolean writerIsHere;
        private volatile boolean callerIsHere;
        private volatile boolean isWriterDone;

        /** Settles and wakes. */
        @Actor
        public void writer() {
            writerIsHere = true;
            while (!callerIsHere) {
                Thread.onSpinWait();
            }
            staged.written();
            isWriterDone = true;
        }

        /** As RoundWriter.park does it. */
        @Actor
        public void caller(Z_Result fine) {
            callerIsHere = true;
            while (!writerIsHere) {
                Thread.onSpinWait();
            }
            AwaitedAppend repeat = new AwaitedAppend(staged.round, 41, Durability.WRITTEN);
            staged.original.join(repeat);
            repeat.waiter(Thread.currentThread());
            boolean isSettled = repeat.isSettled();
            while (!isWriterDone) {
                Thread.onSpinWait();
            }
            if (isSettled) {
                fine.r1 = true;
                // A permit left over would be taken for the next round's.
                LockSupport.unpark(Thread.currentThread());
                LockSupport.park(this);
            } else {
                long began = System.nanoTime();
                LockSupport.parkNanos(this, LOST_NANOS);
                fine.r1 = System.nanoTime() - began < LOST_NANOS;
            }
        }
    }
}
