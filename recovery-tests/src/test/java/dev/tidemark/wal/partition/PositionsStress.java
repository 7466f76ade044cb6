package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.Ends;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The four positions of a partition: their order among each other, and what an end publishes. */
public final class PositionsStress {
    private PositionsStress() {}

    /** One append goes through all its ends while somebody asks how far the log has got. */
    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "0, 0, 1", "0, 1, 1", "1, 1, 1"},
            expect = ACCEPTABLE,
            desc = "durable <= written <= log end")
    @Outcome(expect = FORBIDDEN, desc = "an end is seen ahead of the one that it must not pass")
    @State
    public static class Snapshot {
        private final Positions positions = new Positions(0, 0);

        /** Accepts, writes and forces. */
        @Actor
        public void writer() {
            positions.accepted(1);
            positions.advanceWritten(1);
            positions.advanceDurable(1);
        }

        /** Asks. */
        @Actor
        public void reader(III_Result seen) {
            Ends ends = positions.snapshot();
            seen.r1 = (int) ends.durable();
            seen.r2 = (int) ends.written();
            seen.r3 = (int) ends.logEnd();
        }
    }

    /** The writer stores a record's place with plain stores and then moves an end over it. */
    @JCStressTest
    @Outcome(
            id = {"-1", "7"},
            expect = ACCEPTABLE,
            desc = "the end is not there yet, or the record below it is")
    @Outcome(expect = FORBIDDEN, desc = "an end is seen, and what was stored before it is not")
    @State
    public static class RecordBelowTheEnd {
        private final Positions positions = new Positions(0, 0);
        private int record;

        /** Stores, then publishes. */
        @Actor
        public void writer() {
            record = 7;
            positions.accepted(1);
            positions.advanceWritten(1);
        }

        /** Reads below the end. */
        @Actor
        public void reader(I_Result seen) {
            seen.r1 = positions.written() == 1 ? record : -1;
        }
    }

    /** The ends of a log go back while somebody asks how far it has got. */
    @JCStressTest
    @Outcome(
            id = {"5, 5, 5", "2, 5, 5", "2, 2, 5", "2, 2, 2"},
            expect = ACCEPTABLE,
            desc = "durable <= written <= log end, also meanwhile")
    @Outcome(expect = FORBIDDEN, desc = "an end is seen ahead of the one that it must not pass")
    @State
    public static class EndsGoBack {
        private final Positions positions = new Positions(0, 5);

        /** Truncates. */
        @Actor
        public void truncater() {
            positions.truncated(2);
        }

        /** Asks. */
        @Actor
        public void reader(III_Result seen) {
            Ends ends = positions.snapshot();
            seen.r1 = (int) ends.durable();
            seen.r2 = (int) ends.written();
            seen.r3 = (int) ends.logEnd();
        }
    }

    /** A truncation is told before an end goes back, so a reader that meets the lower end does not take what is missing for damage. */
    @JCStressTest
    @Outcome(
            id = {"5, 0", "5, 1", "2, 1"},
            expect = ACCEPTABLE,
            desc = "the end is the old one, or the truncation is known")
    @Outcome(expect = FORBIDDEN, desc = "the end went back, and nobody has said so")
    @State
    public static class TruncationToldBeforeTheEnds {
        private final Positions positions = new Positions(0, 5);
        private final Truncations truncations = new Truncations();

        /** Truncates. */
        @Actor
        public void truncater() {
            truncations.add(2);
            positions.truncated(2);
        }

        /** Reads to the end, then asks. */
        @Actor
        public void reader(II_Result seen) {
            seen.r1 = (int) positions.durable();
            seen.r2 = (int) truncations.count();
        }
    }
}
