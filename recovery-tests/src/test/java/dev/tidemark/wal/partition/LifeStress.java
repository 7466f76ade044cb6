package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.StorageException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** The state machine of a partition and of a store: steps that race. */
public final class LifeStress {
    private LifeStress() {}

    private static Life open() {
        Life life = new Life();
        if (!life.open()) {
            throw new IllegalStateException("a new life did not open");
        }
        return life;
    }

    private static StorageException cause(String message) {
        return new StorageException(ErrorCode.PARTITION_FAILED, message, null);
    }

    /** Two threads close. */
    @JCStressTest
    @Outcome(
            id = {"true, false, DRAINING", "false, true, DRAINING"},
            expect = ACCEPTABLE,
            desc = "exactly one has the duty to close")
    @Outcome(expect = FORBIDDEN, desc = "both close, or nobody does")
    @State
    public static class TwoDrain {
        private final Life life = open();

        /** One. */
        @Actor
        public void first(ZZL_Result made) {
            made.r1 = life.drain();
        }

        /** The other. */
        @Actor
        public void second(ZZL_Result made) {
            made.r2 = life.drain();
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZL_Result made) {
            made.r3 = life.state();
        }
    }

    /** Two forces fail. */
    @JCStressTest
    @Outcome(
            id = {"true, false, PARTITION_FAILED first", "false, true, PARTITION_FAILED second"},
            expect = ACCEPTABLE,
            desc = "exactly one failed it, and the cause is the one it gave")
    @Outcome(expect = FORBIDDEN, desc = "two first causes, none, or another's")
    @State
    public static class TwoFail {
        private final Life life = open();

        /** One. */
        @Actor
        public void first(ZZL_Result made) {
            made.r1 = life.fail(cause("first"));
        }

        /** The other. */
        @Actor
        public void second(ZZL_Result made) {
            made.r2 = life.fail(cause("second"));
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZL_Result made) {
            made.r3 = life.failure().map(Throwable::getMessage).orElse("no cause");
        }
    }

    /** A force fails while somebody closes. */
    @JCStressTest
    @Outcome(
            id = {"true, true, FAILED", "false, true, FAILED"},
            expect = ACCEPTABLE,
            desc = "it has failed, whether or not closing had begun")
    @Outcome(expect = FORBIDDEN, desc = "the failure is lost, or closing overwrote it")
    @State
    public static class FailsWhileDraining {
        private final Life life = open();

        /** Closes. */
        @Actor
        public void closer(ZZL_Result made) {
            made.r1 = life.drain();
        }

        /** Fails. */
        @Actor
        public void writer(ZZL_Result made) {
            made.r2 = life.fail(cause("force failed"));
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZL_Result made) {
            made.r3 = life.state();
        }
    }

    /** A drained partition is closed while it fails. */
    @JCStressTest
    @Outcome(
            id = {"true, true, CLOSED", "true, false, CLOSED"},
            expect = ACCEPTABLE,
            desc = "it is closed; the failure came before that, or too late")
    @Outcome(expect = FORBIDDEN, desc = "nobody closed it, or it failed after it was closed")
    @State
    public static class FailsWhileClosing {
        private final Life life = open();

        /** Opened and drained. */
        public FailsWhileClosing() {
            if (!life.drain()) {
                throw new IllegalStateException("an open life did not drain");
            }
        }

        /** Closes. */
        @Actor
        public void closer(ZZL_Result made) {
            made.r1 = life.closed();
        }

        /** Fails. */
        @Actor
        public void writer(ZZL_Result made) {
            made.r2 = life.fail(cause("force failed"));
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZL_Result made) {
            made.r3 = life.state();
        }
    }

    /** Somebody asks for the cause when he sees that it has failed. */
    @JCStressTest
    @Outcome(
            id = {"0", "7"},
            expect = ACCEPTABLE,
            desc = "open still, or failed with its cause and all that was stored before")
    @Outcome(expect = FORBIDDEN, desc = "FAILED is seen without the cause, or without what was stored before")
    @State
    public static class CauseOfAFailure {
        private final Life life = open();
        private int before;

        /** Fails. */
        @Actor
        public void writer() {
            before = 7;
            life.fail(cause("force failed"));
        }

        /** Looks. */
        @Actor
        public void caller(I_Result seen) {
            if (life.state() == LifeState.FAILED) {
                seen.r1 = life.failure().isPresent() ? before : -1;
            }
        }
    }
}
