package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.segment.Segment;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** A change of segment or a trim, as a reader beside it sees it: the list of segments, and the ends. */
public final class SegmentListStress {
    private SegmentListStress() {}

    private static final AppendRequest SYNCED =
            AppendRequest.of(new byte[] {1, 2, 3}).withDurability(Durability.SYNCED);

    /** A reader that loads the durable end and then looks for the segment of the last record below it. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the old end, whose record lies in the old segment")
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "the new end, whose record lies in the new segment")
    @Outcome(
            expect = FORBIDDEN,
            desc = "an end is seen, and the list that is loaded after it does not have the segment below it")
    @State
    public static class EndBeforeItsSegment {
        private final RacingLog log = RacingLog.withFlushersByHand();

        public EndBeforeItsSegment() {
            log.partition.enqueue(SYNCED);
            log.runTurns();
        }

        /** Changes the segment, and appends to the new one. */
        @Actor
        public void writer() {
            log.partition.rotate();
            log.partition.enqueue(SYNCED);
            log.runTurns();
        }

        /** Reads the last record. */
        @Actor
        public void reader(II_Result seen) {
            long end = log.partition.visibleEnd(Durability.SYNCED);
            Segment found = log.partition.pin(end - 1);
            seen.r1 = (int) end;
            seen.r2 = (int) found.baseOffset();
            found.release();
        }

        /** Lets go. */
        @Arbiter
        public void close(II_Result seen) {
            log.close();
        }
    }

    /** A reader that takes the first segment while the log is trimmed behind it. */
    @JCStressTest
    @Outcome(id = "0, false", expect = ACCEPTABLE, desc = "it holds the segment, which therefore is not deleted")
    @Outcome(id = "-1, true", expect = ACCEPTABLE, desc = "it is told that the log begins behind it now")
    @Outcome(
            expect = FORBIDDEN,
            desc =
                    "it holds a segment that may be deleted; or finds none, and the start from before, which does not explain it")
    @State
    public static class PinsWhileTrimming {
        private final RacingLog log = RacingLog.withFlushersByHand();

        public PinsWhileTrimming() {
            log.partition.enqueue(SYNCED);
            log.runTurns();
            log.partition.rotate();
        }

        /** Gives the first segment up. */
        @Actor
        public void trims() {
            log.partition.trimTo(1);
        }

        /** Takes it. */
        @Actor
        public void reader(IZ_Result seen) {
            try {
                Segment found = log.partition.pin(0);
                seen.r1 = (int) found.baseOffset();
                seen.r2 = found.isUnread();
                found.release();
            } catch (InvalidCallException e) {
                seen.r1 = -1;
                seen.r2 = e.code() == ErrorCode.OFFSET_TRIMMED
                        && String.valueOf(e.getMessage()).endsWith("first=1");
            }
        }

        /** Lets go. */
        @Arbiter
        public void close(IZ_Result seen) {
            log.runTurns();
            log.close();
        }
    }

    /** A reader that waits for the first segment to go, and then asks where the log begins. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the shorter list, and the start that explains it")
    @Outcome(expect = FORBIDDEN, desc = "a segment is gone from the list, and the log still seems to begin in it")
    @State
    public static class StartBeforeTheShorterList {
        private final RacingLog log = RacingLog.withFlushersByHand();
        private volatile boolean isOver;

        public StartBeforeTheShorterList() {
            log.partition.enqueue(SYNCED);
            log.runTurns();
            log.partition.rotate();
        }

        /** Gives the first segment up. */
        @Actor
        public void trims() {
            try {
                log.partition.trimTo(1);
            } finally {
                isOver = true;
            }
        }

        /** Looks at the list until it is shorter. */
        @Actor
        public void reader(II_Result seen) {
            while (log.partition.segments().size() > 1 && !isOver) {
                Thread.onSpinWait();
            }
            seen.r1 = log.partition.segments().size();
            seen.r2 = (int) log.partition.start();
        }

        /** Lets go. */
        @Arbiter
        public void close(II_Result seen) {
            log.runTurns();
            log.close();
        }
    }

    /** A reader that goes from the first segment on to the second, once there is one. */
    @JCStressTest
    @Outcome(
            id = {"1, false", "1, true"},
            expect = ACCEPTABLE,
            desc = "the list from before; its only segment may be sealed by now")
    @Outcome(
            id = "2, true",
            expect = ACCEPTABLE,
            desc = "there is a successor, and the first segment says where it ends")
    @Outcome(
            expect = FORBIDDEN,
            desc = "there is a successor, and the first segment is not sealed: a reader would wait at its end for ever")
    @State
    public static class SuccessorBeforeTheSeal {
        private final RacingLog log = RacingLog.withFlushersByHand();

        public SuccessorBeforeTheSeal() {
            log.partition.enqueue(SYNCED);
            log.runTurns();
        }

        /** Changes the segment. */
        @Actor
        public void writer() {
            log.partition.rotate();
        }

        /** Looks at the list. */
        @Actor
        public void reader(IZ_Result seen) {
            SegmentList segments = log.partition.segments();
            seen.r1 = segments.size();
            seen.r2 = segments.first().isSealed();
        }

        /** Lets go. */
        @Arbiter
        public void close(IZ_Result seen) {
            log.close();
        }
    }
}
