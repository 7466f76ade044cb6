package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** One append and its round: whoever waits for the outcome, and whoever settles it. */
public final class PendingAppendStress {
    private PendingAppendStress() {}

    private static final class Staged {
        final Round round = new Round(1, false, 4096, 41, new RoundMemory(UnpooledByteBufAllocator.DEFAULT));
        final EnqueuedAppend append = new EnqueuedAppend(round, 41, 1, Durability.SYNCED);
        final AwaitedAppend awaited = new AwaitedAppend(round, 42, Durability.SYNCED);

        Staged() {
            round.add(append, 1);
            round.add(awaited, 1);
        }

        /** As RoundWriter does it: the state, then the stages if there are any, in the completion executor. */
        void settleStages() {
            if (round.hasStagesToSettle()) {
                round.settleStages();
            }
        }
    }

    /** A caller asks for both stages while the round is written and forced. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both stages are complete")
    @Outcome(expect = FORBIDDEN, desc = "a stage stays open for ever: neither side saw the other")
    @State
    public static class StageWhileTheRoundIsForced {
        private final Staged staged = new Staged();
        private CompletableFuture<Long> written = new CompletableFuture<>();
        private CompletableFuture<Long> durable = new CompletableFuture<>();

        /** Settles. */
        @Actor
        public void writer() {
            staged.round.markWritten();
            if (staged.round.hasWrittenStages) {
                staged.round.settleStages();
            }
            staged.round.markSynced();
            staged.settleStages();
        }

        /** Asks. */
        @Actor
        public void caller() {
            written = staged.append.written().toCompletableFuture();
            durable = staged.append.durable().toCompletableFuture();
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZ_Result complete) {
            complete.r1 = written.getNow(-1L) == 41;
            complete.r2 = durable.getNow(-1L) == 41;
        }
    }

    /** A caller asks for both stages while the round, already written, fails. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "written it was, durable it will not be")
    @Outcome(expect = FORBIDDEN, desc = "a stage stays open, or lost its own outcome")
    @State
    public static class StageWhileTheRoundFails {
        private final Staged staged = new Staged();
        private CompletableFuture<Long> written = new CompletableFuture<>();
        private CompletableFuture<Long> durable = new CompletableFuture<>();

        /** Settles. */
        @Actor
        public void writer() {
            staged.round.markWritten();
            if (staged.round.hasWrittenStages) {
                staged.round.settleStages();
            }
            staged.round.markFailed(
                    Round.Doom.UNKNOWN, ErrorCode.PARTITION_FAILED, "force failed", new IOException("planted"));
            staged.settleStages();
        }

        /** Asks. */
        @Actor
        public void caller() {
            written = staged.append.written().toCompletableFuture();
            durable = staged.append.durable().toCompletableFuture();
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZ_Result complete) {
            complete.r1 = written.isDone() && !written.isCompletedExceptionally() && written.getNow(-1L) == 41;
            complete.r2 = durable.isCompletedExceptionally();
        }
    }

    /** The failure is a plain field, stored before the state. */
    @JCStressTest
    @Outcome(
            id = {"0", "1"},
            expect = ACCEPTABLE,
            desc = "not settled yet, or failed with its cause")
    @Outcome(expect = FORBIDDEN, desc = "the round is seen as failed, and why is not")
    @State
    public static class CauseOfAFailure {
        private final Staged staged = new Staged();
        private final IOException cause = new IOException("planted");

        /** Fails it. */
        @Actor
        public void writer() {
            staged.round.markFailed(Round.Doom.REFUSED, ErrorCode.STORAGE_FULL, "full", cause);
        }

        /** Looks. */
        @Actor
        public void caller(I_Result seen) {
            if (!staged.append.isSettled()) {
                seen.r1 = 0;
            } else {
                seen.r1 = staged.round.failureOf(41).getCause() == cause ? 1 : 2;
            }
        }
    }

    /**
     * A caller is about to park while the round settles. The two meet at the start, so that each run is close, and the caller
     * waits for the writer at the end: whatever permit it then has was given for this round.
     */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "the outcome was seen, or the caller was woken")
    @Outcome(expect = FORBIDDEN, desc = "the caller saw no outcome, and nobody wakes it")
    @State
    public static class WaiterWhileTheRoundIsForced {
        /** Never waited out unless the wake-up is lost. */
        private static final long LOST_NANOS = TimeUnit.SECONDS.toNanos(5);

        private final Staged staged = new Staged();
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
            staged.round.markWritten();
            staged.round.markSynced();
            staged.round.wakeAll();
            isWriterDone = true;
        }

        /** As RoundWriter.park does it. */
        @Actor
        public void caller(Z_Result fine) {
            callerIsHere = true;
            while (!writerIsHere) {
                Thread.onSpinWait();
            }
            staged.awaited.waiter(Thread.currentThread());
            boolean isSettled = staged.awaited.isSettled();
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
