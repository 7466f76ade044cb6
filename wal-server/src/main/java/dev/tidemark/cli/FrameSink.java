package dev.tidemark.cli;

import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.segment.ScannedFrame;
import java.nio.file.Path;

/** Is told what a {@link SegmentDump} comes across, in the order of the file. */
interface FrameSink {
    /** A segment begins, with a good header. */
    void header(Path file, long fileBytes, SegmentHeader header);

    /** A segment begins, with a bad header; where the id was found elsewhere, its frames can still be checked. */
    void badHeader(Path file, long fileBytes, String reason, long segmentId);

    /** A frame whose header verifies. The verdict says what else does. */
    void frame(ScannedFrame frame, FrameVerdict verdict);

    /** A record in the frame before. */
    void record(long offset, WalRecord record);

    /** What can be said of the frame before, beside its header. */
    void note(String text);

    /** Bytes that are no frame. */
    void bad(long fromPosition, long toPosition, FrameVerdict verdict);

    /** Zeros, with something behind them or up to the end of the file. */
    void zeros(long fromPosition, long toPosition);

    /** The segment ends here; or the dump of it, when it was to show no more. */
    void end(long position, long frames, boolean isComplete);
}
