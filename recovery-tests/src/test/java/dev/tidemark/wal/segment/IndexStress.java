package dev.tidemark.wal.segment;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.format.SegmentName;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;

/** What a reader finds in an index beside its writer, and beside whoever lets go of the segment. */
public class IndexStress {

    @JCStressTest
    @Outcome(id = "-1", expect = ACCEPTABLE, desc = "The reader saw the old end and did not look.")
    @Outcome(id = "5000", expect = ACCEPTABLE, desc = "The entry that the end covers.")
    @Outcome(
            id = "4096",
            expect = FORBIDDEN,
            desc = "The end covers the frame, and the index does not have it, although it is added before.")
    @State
    public static class EntryBeforeEnd {
        private final SparseIndex index = new SparseIndex();
        private final AtomicLong end = new AtomicLong();

        public EntryBeforeEnd() {
            index.keepEvery(8);
            index.add(0, 4096, 1);
        }

        @Actor
        public void write() {
            index.add(1, 5000, 1);
            end.setRelease(2);
        }

        @Actor
        public void read(J_Result result) {
            long seen = end.getAcquire();
            result.r1 = seen == 0 ? -1 : index.floorPosition(seen - 1);
        }

        @Arbiter
        public void afterwards(J_Result result) {
            index.unload();
        }
    }

    @JCStressTest
    @Outcome(id = "-1", expect = ACCEPTABLE, desc = "The reader came too late and was told so.")
    @Outcome(id = "5000", expect = ACCEPTABLE, desc = "The reader holds the segment, and its index is there.")
    @Outcome(id = "4096", expect = FORBIDDEN, desc = "The reader holds the segment, and its index is gone.")
    @State
    public static class PinOrRelease {
        private static final SegmentName NAME = new SegmentName(0, 1);
        private static final Path PATH = Path.of("orders-0", NAME.segmentFile());

        private final Segment segment = new Segment(PATH, NAME, 10, 8192);

        public PinOrRelease() {
            segment.index().add(1, 5000, 1);
        }

        /** The list that held it was replaced. */
        @Actor
        public void release() {
            segment.release();
        }

        @Actor
        public void read(J_Result result) {
            if (segment.tryRetain()) {
                result.r1 = segment.index().floorPosition(1);
                segment.release();
            } else {
                result.r1 = -1;
            }
        }
    }
}
