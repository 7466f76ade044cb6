package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.metrics.PartitionMeters;

/**
 * Sees to it that the log tells how far it is durable. Every frame tells it of the rounds before; when no round follows for a
 * while, a frame is written for nothing else.
 *
 * <p><b>Threads.</b> Told by the holder of the write right, or of both; looked at by the timer, which only stages the frame.
 *
 * <p><b>Crash.</b> Damage above the last proof cannot be told from a torn tail, so this keeps that window short. A proof that is
 * lost costs nothing else, and nobody forces it on purpose.
 */
final class Proofs {
    /** In place of an end: the round has no frame that could tell one. */
    static final long NOTHING_TOLD = -1;

    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final SegmentInUse segment;
    private final Clock clock;
    private final PartitionMeters meters;

    /** The highest durable end that any frame in the log, or {@code PARTITION}, tells. */
    private volatile long provenEnd;

    private volatile long lastRoundNanos;

    Proofs(WriteParts write) {
        this.life = write.parts().life();
        this.positions = write.parts().positions();
        this.intake = write.intake();
        this.segment = write.segment();
        this.clock = write.services().environment().clock();
        this.meters = write.services().meters();
        this.provenEnd = write.parts().metadata().current().provenEnd();
    }

    /**
     * A round was written.
     *
     * @param toldEnd the durable end that its frames tell, or {@link #NOTHING_TOLD}
     */
    void roundWritten(long nowNanos, long toldEnd) {
        lastRoundNanos = nowNanos;
        if (toldEnd != NOTHING_TOLD) {
            provenEnd = toldEnd;
        }
    }

    /** A new segment's header, and {@code PARTITION}, say that everything below this end is durable. */
    void segmentBegan(long durableEnd) {
        provenEnd = durableEnd;
    }

    /** How long no round has been written. */
    long quietNanos() {
        return clock.nanos() - lastRoundNanos;
    }

    /** Stages a proof, if the log does not tell the durable end yet. Without I/O, and without waiting. */
    Intake.ProofOffer stage() {
        if (!life.isOpen() || positions.durable() <= provenEnd || segment.isClosed()) {
            return Intake.ProofOffer.DROPPED;
        }
        Intake.ProofOffer offer = intake.offerProof();
        if (offer != Intake.ProofOffer.LATER) {
            meters.proof(offer == Intake.ProofOffer.STAGED);
        }
        return offer;
    }
}
