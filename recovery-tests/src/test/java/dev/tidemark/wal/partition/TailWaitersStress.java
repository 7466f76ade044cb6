package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** Readers that wait at the tail, and whoever moves the end or closes the log. */
public final class TailWaitersStress {
    private TailWaitersStress() {}

    /** A reader begins to wait for offset 0 while the end moves to 1. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "the reader is told, and nobody is left in the queue")
    @Outcome(expect = FORBIDDEN, desc = "the reader saw the old end, and the mover found nobody; or the count is wrong")
    @State
    public static class EntersWhileTheEndMoves {
        private final Positions positions = new Positions(0, 0);
        private final TailWaiters tail = new TailWaiters(positions::written, Runnable::run);
        private CompletableFuture<Long> readable = new CompletableFuture<>();

        /** Moves the end. */
        @Actor
        public void mover() {
            positions.advanceWritten(1);
            tail.advanced(1);
        }

        /** Waits. */
        @Actor
        public void reader() {
            readable = tail.whenBeyond(0);
        }

        /** When both are done. */
        @Arbiter
        public void look(ZI_Result seen) {
            seen.r1 = readable.getNow(-1L) == 1;
            seen.r2 = tail.waiting();
        }
    }

    /** A reader begins to wait while the log is closed. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "the reader is told")
    @Outcome(expect = FORBIDDEN, desc = "the reader waits at a log that is closed")
    @State
    public static class EntersWhileTheLogIsClosed {
        private static final WalException CLOSED = new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed");

        private final TailWaiters tail = new TailWaiters(() -> 0, Runnable::run);
        private CompletableFuture<Long> readable = new CompletableFuture<>();

        /** Closes. */
        @Actor
        public void closer() {
            tail.close(() -> CLOSED);
        }

        /** Waits. */
        @Actor
        public void reader() {
            readable = tail.whenBeyond(0);
        }

        /** When both are done. */
        @Arbiter
        public void look(ZI_Result seen) {
            seen.r1 = readable.isCompletedExceptionally();
            seen.r2 = tail.waiting();
        }
    }

    /** A thread waits, rather than a future, while the end moves. */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "the thread returns with the new end")
    @Outcome(expect = FORBIDDEN, desc = "the thread slept through the new end until its deadline")
    @State
    public static class AwaitsWhileTheEndMoves {
        private static final long NEVER_NANOS = 10_000_000_000L;

        private final Positions positions = new Positions(0, 0);
        private final TailWaiters tail = new TailWaiters(positions::written, Runnable::run);

        /** Moves the end. */
        @Actor
        public void mover() {
            positions.advanceWritten(1);
            tail.advanced(1);
        }

        /** Waits. */
        @Actor
        public void reader(Z_Result seen) {
            try {
                seen.r1 = tail.await(0, NEVER_NANOS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                seen.r1 = false;
            }
        }
    }
}
