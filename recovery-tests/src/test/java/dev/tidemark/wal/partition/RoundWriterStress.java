package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The two rights: work that is brought beside work that ends. Where the flushers of a {@link RacingLog} do nothing by themselves,
 * work that nobody is at shows when their queue has run empty and something is still not durable. Where callers wait there is a
 * flusher, and lost work shows as a deadline that passes.
 */
public final class RoundWriterStress {
    private RoundWriterStress() {}

    private static final AppendRequest SYNCED =
            AppendRequest.of(new byte[] {1, 2, 3}).withDurability(Durability.SYNCED);
    private static final AppendRequest WRITTEN =
            AppendRequest.of(new byte[] {4, 5, 6}).withDurability(Durability.WRITTEN);
    /** Never waited out unless work is lost. */
    private static final AppendRequest PATIENT = SYNCED.withTimeout(Duration.ofSeconds(10));

    private static boolean isDurable(Appended append) {
        return append.durable().toCompletableFuture().isDone();
    }

    /** A flusher does a turn, releases, looks and goes; beside it another append is staged, which looks for somebody at work. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both appends become durable without anybody's help")
    @Outcome(expect = FORBIDDEN, desc = "an append is left staged or unforced, and nobody is at it")
    @State
    public static class StagedBesideAFlusher {
        private final RacingLog log = RacingLog.withFlushersByHand();
        private final Appended first = log.partition.enqueue(SYNCED);
        private Appended second = first;

        /** The flusher. */
        @Actor
        public void flusher() {
            log.runTurn();
        }

        /** Brings more. */
        @Actor
        public void caller() {
            second = log.partition.enqueue(SYNCED);
        }

        /** Nobody brings work any more. */
        @Arbiter
        public void look(ZZ_Result durable) {
            log.runTurns();
            durable.r1 = isDurable(first);
            durable.r2 = isDurable(second);
            log.close();
        }
    }

    /** Two flushers: one writes the next round while the other forces, or both want the same right. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both appends become durable without anybody's help")
    @Outcome(expect = FORBIDDEN, desc = "an append is left staged or unforced, and nobody is at it")
    @State
    public static class TwoFlushers {
        private final RacingLog log = RacingLog.withFlushersByHand();
        private final Appended first = log.partition.enqueue(SYNCED);
        private Appended second = first;

        /** One, which brings more before it. */
        @Actor
        public void busy() {
            second = log.partition.enqueue(WRITTEN);
            log.runTurns();
        }

        /** The other. */
        @Actor
        public void flusher() {
            log.runTurns();
        }

        /** Nobody brings work any more; what is only written becomes durable by a sync. */
        @Arbiter
        public void look(ZZ_Result durable) {
            log.runTurns();
            durable.r1 = isDurable(first);
            durable.r2 = second.written().toCompletableFuture().isDone();
            log.close();
        }
    }

    /** A caller leads its own append, or parks, beside another caller that leads, releases and looks. */
    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE,
            desc = "both callers return, with two offsets")
    @Outcome(expect = FORBIDDEN, desc = "a caller slept until its deadline: nobody did its work, or nobody woke it")
    @State
    public static class TwoLeaders {
        private final RacingLog log = RacingLog.withAFlusher();

        /** One. */
        @Actor
        public void first(II_Result offsets) {
            offsets.r1 = append();
        }

        /** The other. */
        @Actor
        public void second(II_Result offsets) {
            offsets.r2 = append();
        }

        private int append() {
            try {
                return (int) log.partition.append(PATIENT);
            } catch (WalException e) {
                return -1;
            }
        }

        /** Lets go. */
        @Arbiter
        public void close(II_Result offsets) {
            log.close();
        }
    }

    /** A segment is changed, which needs both rights, beside an append that takes one. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "the segment is changed, and the append durable")
    @Outcome(expect = FORBIDDEN, desc = "the change of segment or the append behind it is left with nobody at it")
    @State
    public static class RotatesBesideAnAppend {
        private final RacingLog log = RacingLog.withFlushersByHand();
        private final Appended first = log.partition.enqueue(SYNCED);
        private Appended second = first;
        private long base;

        /** Wants a new segment. */
        @Actor
        public void rotates() {
            base = log.partition.rotate();
        }

        /** Brings more. */
        @Actor
        public void caller() {
            second = log.partition.enqueue(SYNCED);
        }

        /** Nobody brings work any more. */
        @Arbiter
        public void look(ZZ_Result fine) {
            log.runTurns();
            fine.r1 = base > 0 && log.partition.segments().size() == 2;
            fine.r2 = isDurable(first) && isDurable(second);
            log.close();
        }
    }

    /** The store closes while somebody appends. */
    @JCStressTest
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "accepted, and made durable by the close")
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "refused as closed")
    @Outcome(
            expect = FORBIDDEN,
            desc = "accepted, and then neither made durable nor refused; or the close was not clean")
    @State
    public static class AppendsWhileClosing {
        private final RacingLog log = RacingLog.withAFlusher();
        private boolean isClean;
        private int accepted;
        private long offset = -1;

        /** Closes. */
        @Actor
        public void closer() {
            isClean = log.partition.close(RacingLog.deadlineNanos());
        }

        /** Appends. */
        @Actor
        public void caller() {
            try {
                offset = log.partition.append(PATIENT);
                accepted = 1;
            } catch (WalException e) {
                accepted = e.code() == ErrorCode.PARTITION_CLOSED && e.getCause() == null ? 0 : -1;
            }
        }

        /** When both are done. */
        @Arbiter
        public void look(ZI_Result seen) {
            seen.r1 = isClean;
            seen.r2 = accepted == 1 && log.partition.ends().durable() != offset + 1 ? -2 : accepted;
        }
    }

    /** The same with an append that nobody waits for. */
    @JCStressTest
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "accepted, and its stage says that it is durable")
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "refused as closed")
    @Outcome(expect = FORBIDDEN, desc = "accepted, and its stage stays open or fails; or the close was not clean")
    @State
    public static class EnqueuesWhileClosing {
        private final RacingLog log = RacingLog.withAFlusher();
        private boolean isClean;
        private int outcome;
        private @Nullable Appended appended;

        /** Closes. */
        @Actor
        public void closer() {
            isClean = log.partition.close(RacingLog.deadlineNanos());
        }

        /** Appends. */
        @Actor
        public void caller() {
            try {
                appended = log.partition.enqueue(SYNCED);
            } catch (WalException e) {
                outcome = e.code() == ErrorCode.PARTITION_CLOSED ? 0 : -1;
            }
        }

        /** When both are done. */
        @Arbiter
        public void look(ZI_Result seen) {
            Appended accepted = appended;
            seen.r1 = isClean;
            seen.r2 = accepted == null
                    ? outcome
                    : accepted.durable().toCompletableFuture().getNow(-2L) == 0 ? 1 : -2;
        }
    }
}
