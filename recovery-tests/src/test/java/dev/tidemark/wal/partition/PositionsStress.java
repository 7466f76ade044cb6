package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.Ends;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
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
}
