package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.RotationEvent;
import dev.tidemark.wal.metrics.RotationReason;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Changes the segment a partition writes to, because the first round needs another one or because somebody asked.
 *
 * <p><b>Threads.</b> Any thread may ask; the change is made by the holder of both rights.
 *
 * <p><b>Ordering.</b> The first round of the new segment is taken from the intake by whoever made the change, with both rights
 * still held.
 *
 * <p><b>Crash.</b> See {@link Rotation}, whose steps these are.
 *
 * <p><b>Failure.</b> A rotation that can be repeated refuses what is staged, and the next append tries again. Any other error stops
 * the partition.
 */
final class SegmentChange {
    private final PartitionServices services;
    private final PartitionId id;
    private final Positions positions;
    private final Intake intake;
    private final Rotation rotation;
    private final SegmentInUse segment;
    private final Outcomes outcomes;
    private final Proofs proofs;
    private final Background background;
    private final Clock clock;
    private final PartitionMeters meters;

    private volatile RotationReason nextReason = RotationReason.SIZE;

    /** With both rights. */
    private @Nullable IOException refusedBy;

    SegmentChange(WriteParts write, Rotation rotation, Outcomes outcomes, Proofs proofs, Background background) {
        this.services = write.services();
        this.id = write.parts().id();
        this.positions = write.parts().positions();
        this.intake = write.intake();
        this.rotation = rotation;
        this.segment = write.segment();
        this.outcomes = outcomes;
        this.proofs = proofs;
        this.background = background;
        this.clock = services.environment().clock();
        this.meters = services.meters();
    }

    /** Stages a change of segment; null when the present one is empty. The caller waits for it or hands it over. */
    @Nullable
    AwaitedAppend ask(RotationReason why) {
        AwaitedAppend asked = intake.offerRotation();
        if (asked != null) {
            nextReason = why;
        }
        return asked;
    }

    /** Makes the change, with everything in the old segment forced. Returns the first round for the new one, to be written now. */
    @Nullable
    Round run() {
        refusedBy = null;
        ActiveSegment old = segment.active();
        RotationEvent event = RotationEvent.beginIfRecorded();
        long began = clock.nanos();
        try {
            Rotation.Outcome outcome = rotation.advance(old);
            if (outcome.isOldClosed()) {
                segment.close();
            }
            ActiveSegment next = outcome.next();
            if (next == null) {
                IOException cause = Objects.requireNonNull(outcome.cause());
                refusedBy = cause;
                if (DiskErrors.isFull(cause)) {
                    services.room().full(cause);
                }
                outcomes.refuseWithoutSegment(cause);
                return null;
            }
            RotationReason why = reason();
            meters.rotated(why, clock.nanos() - began);
            if (event != null) {
                event.done(id, why, old.segment.displayName(), next.segment.baseOffset());
            }
            segment.changeTo(next, false);
            proofs.segmentBegan(positions.durable());
            intake.segmentChanged(next);
            background.segmentEnded();
            return intake.take(true);
        } catch (IOException e) {
            outcomes.fail(outcomes.storageFailed("rotation failed", e));
            return null;
        } catch (Throwable t) {
            outcomes.fail(outcomes.failedBy(t));
            return null;
        }
    }

    /** Whether a change has begun and is to be repeated: its steps so far are on the disk. */
    boolean isHalfDone() {
        return rotation.isHalfDone();
    }

    /** What a caller is told whose call needs the change that could not be made. */
    StorageException refusal(String what) {
        IOException cause = refusedBy;
        ErrorCode code = ErrorCode.STORAGE_FAILED;
        if (cause != null && DiskErrors.isFull(cause)) {
            code = ErrorCode.STORAGE_FULL;
        } else if (cause == null || DiskErrors.isTooManyOpenFiles(cause)) {
            // Without a cause it was not even begun: the segment in use could not be opened.
            code = ErrorCode.TOO_MANY_OPEN_FILES;
        }
        return new StorageException(
                code,
                what + ", a change of segment has to come to its end first: partition=" + id
                        + (cause == null ? "" : " (" + DiskErrors.said(cause) + ")"),
                cause);
    }

    private RotationReason reason() {
        RotationReason why = segment.isClosed() ? RotationReason.RECOVERY : nextReason;
        nextReason = RotationReason.SIZE;
        return why;
    }
}
