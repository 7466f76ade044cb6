package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.ShortWriteException;
import dev.tidemark.wal.metrics.FlushReason;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.RoundEvent;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The right to write to the segment in use, and what its holder does with it: writes a round and publishes the written end.
 *
 * <p><b>Threads.</b> One holder at a time. The end of the segment, its totals and its index are changed only here.
 *
 * <p><b>Ordering.</b> A round is put among the unforced after its write has returned and before the right is released.
 *
 * <p><b>Crash.</b> What lies behind the durable end is any subset of the sectors of the rounds that were written and not forced.
 *
 * <p><b>Failure.</b> A full disk, a short write or the want of a descriptor only marks its round as refused: whoever gets both rights
 * undoes it ({@link CutBack}). Any other error stops the partition.
 */
final class WriteRight {
    private final PartitionServices services;
    private final PartitionId id;
    private final PartitionLife life;
    private final Positions positions;
    private final PartitionMetadata metadata;
    private final TailWaiters writtenTail;
    private final Intake intake;
    private final RoundsUnderway underway;
    private final SegmentInUse segment;
    private final Outcomes outcomes;
    private final ForceRight force;
    private final Background background;
    private final Proofs proofs;
    private final SpaceAhead ahead;
    private final Clock clock;
    private final PartitionMeters meters;
    private final CRC32C scratch = new CRC32C();

    private final Semaphore right = new Semaphore(1);
    /** The segment that was entered for a round, while that is neither written nor undone; for the holder. */
    private @Nullable ActiveSegment entered;

    private volatile long lastWritten;

    WriteRight(
            WriteParts write,
            Outcomes outcomes,
            ForceRight force,
            Background background,
            Proofs proofs,
            SpaceAhead ahead) {
        PartitionParts parts = write.parts();
        this.services = write.services();
        this.id = parts.id();
        this.life = parts.life();
        this.positions = parts.positions();
        this.metadata = parts.metadata();
        this.writtenTail = parts.written();
        this.intake = write.intake();
        this.underway = write.underway();
        this.segment = write.segment();
        this.outcomes = outcomes;
        this.force = force;
        this.background = background;
        this.proofs = proofs;
        this.ahead = ahead;
        this.clock = services.environment().clock();
        this.meters = services.meters();
    }

    // ---------------------------------------------------------------- the right

    boolean tryAcquire() {
        return right.tryAcquire();
    }

    /** Only closing waits for it. */
    boolean acquire(long deadlineNanos) throws InterruptedException {
        return right.tryAcquire(Math.max(0, deadlineNanos - clock.nanos()), TimeUnit.NANOSECONDS);
    }

    void release() {
        right.release();
    }

    boolean isFree() {
        return right.availablePermits() > 0;
    }

    /** The number of the round that was written last. */
    long lastWritten() {
        return lastWritten;
    }

    // ---------------------------------------------------------------- the holder

    /** Writes a round that was taken from the intake. */
    void write(Round round, FlushReason reason) {
        underway.beginWrite(round);
        if (life.hasFailed()) {
            // Whoever gave the partition up may have looked before the round was in hand.
            if (!wasGivenUp(round)) {
                outcomes.unknown(round, life.failure().orElseThrow());
            }
            return;
        }
        boolean isMine = false;
        try {
            // The stamp says that the last close was clean and that nothing has changed since. It goes before the
            // change.
            if (round.bytes() > 0 && metadata.current().cleanStamp().isPresent()) {
                metadata.withdrawCleanStamp();
            }
            put(round, reason);
            isMine = underway.endWrite(round);
            if (!isMine) {
                // Closing gave it up meanwhile and has told its waiters; only its memory was still in use.
                segment.active().leave();
                intake.recycle(round);
                return;
            }
            written(round);
        } catch (IOException e) {
            if (isMine || !wasGivenUp(round)) {
                writeFailed(round, e);
            }
        } catch (Throwable t) {
            if (isMine || !wasGivenUp(round)) {
                outcomes.fail(round, outcomes.failedBy(t));
            }
        } finally {
            ActiveSegment left = entered;
            entered = null;
            if (left != null) {
                left.leave();
            }
        }
    }

    private void writeFailed(Round round, IOException e) {
        boolean canBeUndone = DiskErrors.isPassing(e) || e instanceof ShortWriteException;
        if (!canBeUndone || metadata.isOutcomeUnknown()) {
            outcomes.fail(round, outcomes.storageFailed("write failed", e));
            return;
        }
        underway.addRefused(new RoundsUnderway.Refused(round, e, entered));
        entered = null;
        if (DiskErrors.isFull(e)) {
            services.room().full(e);
        }
        if (life.hasFailed()) {
            // A force failed beside this write: nothing is cut any more, and its holder may have looked before.
            outcomes.settleRefused(life.failure().orElseThrow());
        }
    }

    /** Whether closing has given the round up, so that no more is to be done than to give its memory back. */
    private boolean wasGivenUp(Round round) {
        if (underway.endWrite(round)) {
            return false;
        }
        intake.recycle(round);
        return true;
    }

    /** Fills in the headers and writes. Afterwards the file is entered still, by the round that is written and not forced. */
    private void put(Round round, FlushReason reason) throws IOException {
        ActiveSegment to = segment.active();
        assert round.filePosition == to.endPosition() || round.bytes() == 0
                : "round for " + round.filePosition + ", segment ends at " + to.endPosition();
        RoundEvent event = RoundEvent.beginIfRecorded();
        long began = clock.nanos();
        long durableEnd = positions.durable();
        OpenSegment file = to.enter();
        boolean isWritten = false;
        try {
            to.beginRound();
            round.memory().complete(to.segment.salt(), round.filePosition, durableEnd, scratch, to);
            meters.round(reason, to.roundAppends(), round.bytes());
            long end = (long) round.filePosition + round.bytes();
            boolean isGrowing = to.prefill.beforeGrowing(end);
            try {
                round.memory().writeTo(file.file(), round.filePosition);
                isWritten = true;
            } finally {
                if (isGrowing) {
                    to.prefill.afterGrowing(isWritten ? end : 0);
                }
            }
        } finally {
            if (!isWritten) {
                to.undoRound();
                entered = to;
            }
        }
        long ended = clock.nanos();
        meters.wrote(ended - began);
        if (event != null) {
            event.done(id, reason, round.firstOffset, to.roundAppends(), round.bytes());
        }
        proofs.roundWritten(ended, round.bytes() > 0 ? durableEnd : Proofs.NOTHING_TOLD);
    }

    /** Publishes a round whose write has returned. */
    private void written(Round round) {
        ActiveSegment to = segment.active();
        boolean isFirst = to.isEmpty() && round.endOffset > to.endOffset();
        to.advance(to.endPosition() + round.bytes(), round.endOffset);
        positions.advanceWritten(round.endOffset);
        intake.recycle(round);
        lastWritten = round.number;
        round.markWritten();
        if (round.appends == 0) {
            // Only a proof: nobody waits for it, and losing it would cost nothing.
            to.leave();
            intake.release(round.takeHeldBytes());
            return;
        }
        to.leaveUnforced();
        long unforcedBytes = force.addUnforcedBytes(round.bytes());
        // Once it is among the unforced, what it still holds is given back by whoever forces it.
        int released = round.wantsSynced ? 0 : round.takeHeldBytes();
        underway.addUnforced(round);
        if (round.wantsSynced) {
            force.want(round.number);
        } else {
            intake.release(released);
            leftUnforced(unforcedBytes);
        }
        if (round.hasWrittenStages) {
            outcomes.completeStages(round);
        }
        if (round.wantsWritten) {
            round.wakeAll();
        }
        writtenTail.advanced(round.endOffset);
        if (isFirst) {
            background.segmentBegan(0);
        }
        ahead.roundWritten(to, round.bytes(), isFirst);
        if (life.hasFailed()) {
            // A force failed beside this write: its holder may have looked through the unforced rounds before.
            outcomes.settleUnforced(life.failure().orElseThrow());
        }
    }

    private void leftUnforced(long unforcedBytes) {
        if (unforcedBytes >= services.config().maxUnforcedBytes()) {
            meters.backgroundForce(FlushReason.BYTES);
            force.want(lastWritten);
        } else {
            background.leftUnforced();
        }
    }
}
