package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.openjdk.jcstress.infra.results.ZZZ_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** Bytes that are given back beside callers that want them. */
public final class QueueMemoryStress {
    private static final Clock CLOCK = Environment.real().clock();
    private static final Timer NOBODY_COUNTS = new CompositeMeterRegistry().timer("waits");
    /** Passes only if a wake-up was lost. */
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(10);

    private QueueMemoryStress() {}

    private static QueueMemory oneByte() {
        return new QueueMemory(1, CLOCK, RankedLock.exclusive(LockRank.MEMORY, NOBODY_COUNTS, CLOCK, LONG_NANOS));
    }

    private static boolean take(QueueMemory memory) {
        try {
            return memory.take(1, CLOCK.nanos() + LONG_NANOS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The last byte is given back while a caller lines up for it. */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "the caller gets it")
    @Outcome(expect = FORBIDDEN, desc = "the caller slept until its deadline beside a free byte: its wake-up was lost")
    @State
    public static class GivenBackWhileSomebodyLinesUp {
        private final QueueMemory memory = oneByte();

        public GivenBackWhileSomebodyLinesUp() {
            memory.tryTake(1);
        }

        /** Gives it back. */
        @Actor
        public void giver() {
            memory.give(1);
        }

        /** Wants it. */
        @Actor
        public void taker(Z_Result taken) {
            taken.r1 = take(memory);
        }
    }

    /** Two callers line up for one byte; the first gives it back when it has it. */
    @JCStressTest
    @Outcome(
            id = "true, true, true",
            expect = ACCEPTABLE,
            desc = "both had it, one after the other, and it is free again")
    @Outcome(expect = FORBIDDEN, desc = "somebody slept until the deadline, or the byte is lost or there twice")
    @State
    public static class HandedOnFromOneToTheNext {
        private final QueueMemory memory = oneByte();

        /** One. */
        @Actor
        public void first(ZZZ_Result had) {
            had.r1 = takeAndGive();
        }

        /** The other. */
        @Actor
        public void second(ZZZ_Result had) {
            had.r2 = takeAndGive();
        }

        private boolean takeAndGive() {
            boolean isTaken = take(memory);
            if (isTaken) {
                memory.give(1);
            }
            return isTaken;
        }

        /** When both are done. */
        @Arbiter
        public void look(ZZZ_Result had) {
            had.r3 = memory.takenBytes() == 0 && memory.waitingCallers() == 0;
        }
    }

    /** Whoever takes the bytes sees what was done with them before. */
    @JCStressTest
    @Outcome(
            id = {"false, 0", "false, 7", "true, 7"},
            expect = ACCEPTABLE,
            desc = "too early, or what was stored before is there")
    @Outcome(
            expect = FORBIDDEN,
            desc = "the bytes are taken, and what was stored before they were given back is not seen")
    @State
    public static class StoredBeforeGivenBack {
        private final QueueMemory memory = oneByte();
        private int stored;

        public StoredBeforeGivenBack() {
            memory.tryTake(1);
        }

        /** Stores, then gives back. */
        @Actor
        public void giver() {
            stored = 7;
            memory.give(1);
        }

        /** Takes, then loads. */
        @Actor
        public void taker(ZI_Result seen) {
            seen.r1 = memory.tryTake(1);
            seen.r2 = stored;
        }
    }

    /** The budget is closed while a caller lines up. */
    @JCStressTest
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the caller is sent away at once")
    @Outcome(expect = FORBIDDEN, desc = "the caller got bytes that nobody gave, or waited at a budget that is closed")
    @State
    public static class ClosedWhileSomebodyLinesUp {
        private final QueueMemory memory = oneByte();

        public ClosedWhileSomebodyLinesUp() {
            memory.tryTake(1);
        }

        /** Closes. */
        @Actor
        public void closer() {
            memory.close();
        }

        /** Wants a byte. */
        @Actor
        public void taker(ZZ_Result seen) {
            long deadline = CLOCK.nanos() + LONG_NANOS;
            seen.r1 = take(memory);
            seen.r2 = CLOCK.nanos() < deadline;
        }
    }
}
