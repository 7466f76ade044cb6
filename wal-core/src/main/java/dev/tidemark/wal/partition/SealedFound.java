package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.segment.Segment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A segment with a successor, which was found good or can be completed.
 *
 * @param segment sealed as far as readers are concerned
 * @param header as read
 * @param end where the successor says that its frames end
 * @param sealEnd where the file ends once it is complete
 * @param missingSeal the seal to be written at {@code end}, if there is no good one
 * @param isCutNeeded whether there are bytes behind the seal
 */
record SealedFound(
        Segment segment,
        SegmentHeader header,
        SegmentEnd end,
        long sealEnd,
        Optional<ByteBuffer> missingSeal,
        boolean isCutNeeded) {

    /** Whether a rotation has to be finished here: R6. */
    boolean isUnfinished() {
        return missingSeal.isPresent() || isCutNeeded;
    }
}
