package dev.tidemark.wal.segment;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.stress.NowhereDisk;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.J_Result;

/** Segments and their open files: the last release beside whoever still wants one. */
public final class SegmentStress {
    private SegmentStress() {}

    private static final NowhereDisk DISK = new NowhereDisk();
    private static final SegmentFiles FILES = new SegmentFiles(DISK, 16, false);
    private static final SegmentName NAME = new SegmentName(0, 1);
    private static final Path PATH = Path.of("/data/orders-0").resolve(NAME.segmentFile());
    private static final SegmentHeader HEADER = new SegmentHeader(new UUID(1, 2), 7, 99, NAME, Optional.empty(), 0, 0);

    /** The cache lets go of a file while a reader takes it. */
    @JCStressTest
    @Outcome(
            id = {"-1, 1", "1, 1"},
            expect = ACCEPTABLE,
            desc = "too late, or open while in use; closed once")
    @Outcome(expect = FORBIDDEN, desc = "a closed file was used, or it was closed twice or never")
    @State
    public static class FileIsClosed {
        private final NowhereDisk.NowhereFile file = DISK.file(PATH);
        private final OpenSegment open = new OpenSegment(FILES, new Segment(PATH, HEADER), file);

        /** Lets go. */
        @Actor
        public void cache() {
            open.release();
        }

        /** Uses it. */
        @Actor
        public void reader(II_Result seen) {
            if (!open.tryRetain()) {
                seen.r1 = -1;
                return;
            }
            seen.r1 = open.file().isOpen() ? 1 : 0;
            open.release();
        }

        /** When both are done. */
        @Arbiter
        public void look(II_Result seen) {
            seen.r2 = file.closings();
        }
    }

    /** The list lets go of a segment while a reader takes it and looks into its index. */
    @JCStressTest
    @Outcome(
            id = {"-1", "8192"},
            expect = ACCEPTABLE,
            desc = "too late, or the index is whole")
    @Outcome(expect = FORBIDDEN, desc = "the segment was retained and its index was gone")
    @State
    public static class SegmentIsDropped {
        private final Segment segment = new Segment(PATH, HEADER);

        /** With two entries. */
        public SegmentIsDropped() {
            segment.index().add(0, SparseIndex.FIRST_FRAME, 1);
            segment.index().add(5, 8192, 1);
        }

        /** Lets go. */
        @Actor
        public void list() {
            segment.release();
        }

        /** Looks. */
        @Actor
        public void reader(J_Result seen) {
            if (!segment.tryRetain()) {
                seen.r1 = -1;
                return;
            }
            seen.r1 = segment.index().floorPosition(6);
            segment.release();
        }
    }

    /** A trim leaves the file to whoever reads it last, while that one gives it back. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "left to the reader, who has it deleted")
    @Outcome(
            id = {"0, 0", "0, 1"},
            expect = ACCEPTABLE,
            desc = "the trim saw that nobody reads any more, and deletes; the reader may ask for it as well")
    @Outcome(expect = FORBIDDEN, desc = "left to the reader, who had gone without seeing that: nobody deletes the file")
    @State
    public static class LastReaderOfATrimmedSegment {
        private final Segment segment = new Segment(PATH, HEADER);
        private int deletions;

        /** Read by one. */
        public LastReaderOfATrimmedSegment() {
            if (!segment.tryRetain()) {
                throw new IllegalStateException("a new segment could not be retained");
            }
        }

        /** As Trimmer does it. */
        @Actor
        public void trim(II_Result seen) {
            segment.release();
            seen.r1 = segment.whenUnread(() -> deletions++) ? 1 : 0;
        }

        /** Gives it back. */
        @Actor
        public void reader() {
            segment.release();
        }

        /** When both are done. */
        @Arbiter
        public void look(II_Result seen) {
            seen.r2 = deletions;
        }
    }

    /** The writer seals; a reader that sees that asks where the segment ends. */
    @JCStressTest
    @Outcome(
            id = {"-1", "77"},
            expect = ACCEPTABLE,
            desc = "in use still, or sealed with its end")
    @Outcome(expect = FORBIDDEN, desc = "the segment is seen as sealed without its end")
    @State
    public static class SegmentIsSealed {
        private final Segment segment = new Segment(PATH, HEADER);

        /** Seals. */
        @Actor
        public void writer() {
            segment.seal(new SegmentEnd(99, NAME, 70, 8192, 7), 8200);
        }

        /** Looks. */
        @Actor
        public void reader(J_Result seen) {
            seen.r1 = segment.isSealed()
                    ? segment.endOffset() + segment.end().orElseThrow().checksum()
                    : -1;
        }

        /** Gives the index back. */
        @Arbiter
        public void free(J_Result seen) {
            segment.release();
        }
    }

    /** A refused write takes index entries back while a reader looks below them. */
    @JCStressTest
    @Outcome(id = "4096", expect = ACCEPTABLE, desc = "the place of what stays")
    @Outcome(expect = FORBIDDEN, desc = "a reader fell over an entry that was taken back")
    @State
    public static class IndexIsCut {
        private final Segment segment = new Segment(PATH, HEADER);

        /** With two entries. */
        public IndexIsCut() {
            segment.index().add(0, SparseIndex.FIRST_FRAME, 1);
            segment.index().add(5, 8192, 1);
        }

        /** Takes the second back. */
        @Actor
        public void writer() {
            segment.index().cutTo(5);
        }

        /** Looks below it. */
        @Actor
        public void reader(J_Result seen) {
            seen.r1 = segment.index().floorPosition(3);
        }

        /** Gives the index back. */
        @Arbiter
        public void free(J_Result seen) {
            segment.release();
        }
    }
}
