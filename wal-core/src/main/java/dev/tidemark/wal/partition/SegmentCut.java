package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;

/**
 * Ends a segment at a position, for good: nothing follows there but, one day, its seal. Whatever says where it ends is durable already.
 *
 * <p>A cut alone is not enough on a file system that does not order data before metadata. The blocks that it gives back may be given to the seal, and a loss of
 * power before that is forced shows what they held: frames that verify at their old places, behind an end that the successor's header records, which is damage. So
 * what the seal may take is overwritten first, and the zeros are forced; the rest is never part of this file again. {@link CutBack} does the same for a round.
 *
 * <p><b>Threads.</b> Whoever has the segment to himself.
 *
 * <p><b>Crash.</b> Between any two steps: who opens the log finds the intent, or the segment closed at this position, believes nothing behind it, and cuts again.
 */
final class SegmentCut {

    /** No seal is longer, with its header and the zeros behind it. */
    private static final long MAX_SEAL_BYTES = SealPayload.MAX_BYTES + 4096L;

    private SegmentCut() {}

    /** Cuts, and forces it. What is there has blocks of its own, so this finds room, but on a file system that never writes in place. */
    static void make(DiskFile file, long endPosition, DiskRoom room) throws IOException {
        long behind = file.size() - endPosition;
        if (behind > 0) {
            room.withReserve(() -> {
                Prefill.writeZeros(file, endPosition, Math.min(behind, MAX_SEAL_BYTES));
                return file;
            });
            file.force(false);
        }
        file.truncate(endPosition);
        file.force(false);
    }
}
