package dev.tidemark.wal.partition;

import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.List;

/**
 * Has space made before rounds need it: zeros behind the end of the segment in use, and a file for the next segment.
 *
 * <p><b>Threads.</b> Asked by the holder of the write right; done by a flusher, beside the rounds' way.
 *
 * <p><b>Crash.</b> See {@link Prefill} and {@link Rotation}. What fails here only means that the next round, or the next
 * rotation, does the work itself.
 */
final class SpaceAhead {
    private final PartitionServices services;
    private final PartitionLife life;
    private final SegmentInUse segment;
    private final ForceRight force;
    private final Rotation rotation;
    private final RoundWriter writer;
    private final PartitionMeters meters;

    /** Whether space for the next segment has been asked for; the write right. */
    private boolean isPrepareAsked;

    SpaceAhead(WriteParts write, ForceRight force, Rotation rotation, RoundWriter writer) {
        this.services = write.services();
        this.life = write.parts().life();
        this.segment = write.segment();
        this.force = force;
        this.rotation = rotation;
        this.writer = writer;
        this.meters = services.meters();
    }

    /**
     * A round was written, so there is less.
     *
     * @param isFirst whether its record is the first in the segment
     */
    void roundWritten(ActiveSegment to, int roundBytes, boolean isFirst) {
        if (isFirst) {
            isPrepareAsked = false;
        }
        if (!isPrepareAsked && to.endPosition() > services.config().segmentBytes() / 2) {
            isPrepareAsked = true;
            services.flushers().submit(rotation::prepare);
        }
        if (to.prefill.wants(to.endPosition(), roundBytes) && services.room().mayGrow()) {
            services.flushers().submit(() -> prefillTurn(to));
        }
    }

    private void prefillTurn(ActiveSegment ahead) {
        if (ahead != segment.active() || life.hasFailed()) {
            return;
        }
        try {
            OpenSegment file = ahead.enter();
            try {
                long before = ahead.prefill.filledEnd();
                boolean isFilled = ahead.prefill.run(file.file());
                if (isFilled) {
                    meters.prefilled(ahead.prefill.filledEnd() - before);
                    forceZeros(ahead);
                }
            } finally {
                ahead.leave();
            }
        } catch (IOException e) {
            // The file could not be opened. The next round meets the same error itself, if it lasts.
            meters.prefillFailed();
        }
        writer.handOver();
    }

    /** Zeros that are forced beside the rounds' way keep the first round over them from paying for it; not if a force is under way. */
    private void forceZeros(ActiveSegment ahead) {
        List<Round> covered = List.of();
        if (force.tryAcquire()) {
            try {
                if (ahead == segment.active() && !life.hasFailed()) {
                    covered = force.force(ahead);
                }
            } finally {
                force.release();
            }
        }
        writer.finish(covered);
    }
}
