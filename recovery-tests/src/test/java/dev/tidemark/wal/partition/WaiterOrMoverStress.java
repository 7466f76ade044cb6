package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/** One moves an end, the other begins to wait for it: at least one of them must see the other. */
public class WaiterOrMoverStress {

    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "The future was completed by one of the two.")
    @Outcome(
            id = "false",
            expect = FORBIDDEN,
            desc =
                    "The waiter saw the old end and the mover nobody: it would wait for the next append, if there is one.")
    @State
    public static class Move {
        private final AtomicLong end = new AtomicLong();
        private final TailWaiters waiters = new TailWaiters(end::getAcquire, Runnable::run);
        private CompletableFuture<Long> future = new CompletableFuture<>();

        /** As the holder of the force right does it: no more than a release store. */
        @Actor
        public void move() {
            end.setRelease(1);
            waiters.advanced(1);
        }

        @Actor
        public void waitFor() {
            future = waiters.whenBeyond(0);
        }

        @Arbiter
        public void afterwards(Z_Result result) {
            result.r1 = future.isDone();
        }
    }

    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "The future was failed by one of the two.")
    @Outcome(id = "false", expect = FORBIDDEN, desc = "The log is closed and the future waits for it for ever.")
    @State
    public static class Close {
        private static final UnavailableException CLOSED =
                new UnavailableException(ErrorCode.PARTITION_CLOSED, "closed");

        private final TailWaiters waiters = new TailWaiters(() -> 0, Runnable::run);
        private CompletableFuture<Long> future = new CompletableFuture<>();

        @Actor
        public void close() {
            waiters.close(() -> CLOSED);
        }

        @Actor
        public void waitFor() {
            future = waiters.whenBeyond(0);
        }

        @Arbiter
        public void afterwards(Z_Result result) {
            result.r1 = future.isCompletedExceptionally();
        }
    }
}
