package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentTotals;
import java.util.Optional;

/**
 * The newest segment, which was found good up to some place, and what was decided about the rest.
 *
 * @param row CLEAN, R1 or R2
 * @param segment with the index of what was scanned
 * @param end where the good frames end
 * @param totals of these
 * @param fileBytes size of the file
 * @param lastTimestampMillis newest timestamp up to there
 * @param provenEnd greatest offset below which everything was proven durable, by a frame or by {@code PARTITION}
 * @param rewriteFrom file position from which the bytes up to the end have to be written again
 * @param isClosed whether no more frames may be added
 * @param producers what the frames of this segment tell of producers; after a clean close all that is known of them
 * @param cut what is to be cut away, if anything
 */
record TailFound(
        RecoveryCase row,
        Segment segment,
        SegmentEnd end,
        SegmentTotals totals,
        long fileBytes,
        long lastTimestampMillis,
        long provenEnd,
        long rewriteFrom,
        boolean isClosed,
        ProducerFold producers,
        Optional<Cut> cut) {

    /**
     * Bytes behind the end that must go.
     *
     * @param usedEnd behind the last of them that is not zero
     * @param reason why
     * @param undecided what is reported about them, unless they held no records for certain
     */
    record Cut(long usedEnd, CutReason reason, Optional<Undecided> undecided) {}

    /** Why bytes are cut away, and so in which order. */
    enum CutReason {
        /** They are not the next good frame: they are kept aside, the segment is closed in {@code PARTITION}, then they are cut. */
        UNDECIDED,
        /**
         * An earlier recovery came as far as closing the segment, so the side file is whole and durable. It is not written again: of these bytes some may
         * be gone by now, because a cut that a loss of power interrupted may have zeroed the rest of its block.
         */
        ALREADY_KEPT,
        /** A truncation asked for it: they are cut before {@code PARTITION} forgets the intent, and nothing is kept. */
        TRUNCATION
    }

    boolean hasFrames() {
        return totals.frames() > 0;
    }
}
