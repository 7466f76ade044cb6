package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.metrics.PartitionMeters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells the appends of a round how it ended, and stops the partition where the disk leaves no other way.
 *
 * <p><b>Threads.</b> Whoever has taken a round out of its place ({@link RoundsUnderway}) tells its outcome; refusing what is
 * staged needs both rights. Any thread may stop the partition. Blocking callers are woken here, all other code that depends on an
 * append runs on the store's completion pool.
 *
 * <p><b>Ordering.</b> The state of the partition changes first, and then every place a round can be in is looked through.
 *
 * <p><b>Failure.</b> Rounds that were written, or perhaps, have an unknown outcome; what was only staged is refused. All of them get
 * the first cause.
 */
final class Outcomes {
    private final PartitionId id;
    private final int stripe;
    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final RoundsUnderway underway;
    private final SegmentInUse segment;
    private final TailWaiters tail;
    private final TailWaiters writtenTail;
    private final Completions completions;
    private final Events events;
    private final PartitionMeters meters;

    Outcomes(WriteParts write) {
        PartitionParts parts = write.parts();
        PartitionServices services = write.services();
        this.id = parts.id();
        this.stripe = parts.id().hashCode();
        this.life = parts.life();
        this.positions = parts.positions();
        this.intake = write.intake();
        this.underway = write.underway();
        this.segment = write.segment();
        this.tail = parts.readable();
        this.writtenTail = parts.written();
        this.completions = services.completions();
        this.events = services.events();
        this.meters = services.meters();
    }

    /** Has the stages of a round completed, as far as its state says; handed in here, and run, in the order of the rounds. */
    void completeStages(Round round) {
        completions.execute(stripe, round);
    }

    // ---------------------------------------------------------------- refused, and the partition goes on

    /** Refuses everything that is staged, since there is no new segment for it: none of it is in the log, or will be. */
    void refuseWithoutSegment(IOException cause) {
        refuse(null, "a new segment could not be made, nothing was appended", cause);
    }

    /** Refuses a round whose write was undone, and everything behind it: none of it is in the log, or will be. */
    void refuseStaged(@Nullable Round first, IOException cause) {
        refuse(first, "a write was refused and undone, nothing was appended", cause);
    }

    private void refuse(@Nullable Round first, String what, IOException cause) {
        List<Round> rounds = new ArrayList<>();
        if (first != null) {
            rounds.add(first);
        }
        ActiveSegment active = segment.active();
        rounds.addAll(intake.withdraw(first, active, segment.isClosed()));
        ErrorCode code = refusalFor(cause);
        String message = whatRefused(code, what) + ": file=" + active.segment.displayName() + " at="
                + active.endPosition() + " (" + DiskErrors.said(cause) + ")";
        meters.failure(code);
        for (Round round : rounds) {
            round.markFailed(Round.Doom.REFUSED, code, message, cause);
        }
        settled(rounds);
    }

    private static ErrorCode refusalFor(IOException cause) {
        if (DiskErrors.isFull(cause)) {
            return ErrorCode.STORAGE_FULL;
        }
        return DiskErrors.isTooManyOpenFiles(cause) ? ErrorCode.TOO_MANY_OPEN_FILES : ErrorCode.STORAGE_REFUSED;
    }

    private static String whatRefused(ErrorCode code, String otherwise) {
        return switch (code) {
            case STORAGE_FULL -> "the disk is full, nothing was appended";
            case TOO_MANY_OPEN_FILES -> "too many open files, nothing was appended";
            default -> otherwise;
        };
    }

    /** Refuses rounds that are staged no more. */
    void refuse(List<Round> withdrawn, WalException cause) {
        for (Round round : withdrawn) {
            round.markFailed(Round.Doom.REFUSED, cause.code(), String.valueOf(cause.getMessage()), cause);
        }
        settled(withdrawn);
    }

    /** Rounds that have failed: gives their memory back, wakes and completes whoever waits. */
    private void settled(List<Round> rounds) {
        for (Round round : rounds) {
            intake.recycle(round);
            answer(round);
        }
    }

    private void answer(Round round) {
        intake.release(round.takeHeldBytes());
        if (round.hasStagesToSettle()) {
            completeStages(round);
        }
        round.wakeAll();
    }

    // ---------------------------------------------------------------- stopped

    /** An I/O error that ends it. */
    StorageException storageFailed(String what, IOException cause) {
        return new StorageException(
                ErrorCode.PARTITION_FAILED,
                what + ", so later writes cannot be trusted: partition=" + id + " file="
                        + segment.active().segment.displayName() + " synced=" + positions.durable() + " ("
                        + DiskErrors.said(cause) + "); reopen to recover",
                cause);
    }

    /** Anything else that ends it. */
    StorageException failedBy(Throwable cause) {
        return new StorageException(
                ErrorCode.PARTITION_FAILED,
                "the log stopped itself: partition=" + id + " synced=" + positions.durable() + " (" + cause
                        + "); reopen to recover",
                cause);
    }

    /** Stops the partition, with nothing at hand. */
    void fail(WalException cause) {
        fail(List.of(), cause);
    }

    /** Stops the partition, with one round at hand. */
    void fail(Round current, WalException cause) {
        fail(List.of(current), cause);
    }

    /**
     * Stops the partition. The rounds at hand, and those written and not forced, have an unknown outcome; what was only
     * staged is refused, since nothing is written any more.
     */
    void fail(List<Round> current, WalException cause) {
        boolean isFirst = life.fail(cause);
        WalException firstCause = life.failure().orElse(cause);
        for (Round round : current) {
            unknown(round, firstCause);
        }
        settleRefused(firstCause);
        settleUnforced(firstCause);
        List<Round> staged = intake.withdrawForGood();
        for (Round round : staged) {
            round.markFailed(
                    Round.Doom.REFUSED, codeOf(firstCause), "not written: " + firstCause.getMessage(), firstCause);
        }
        settled(staged);
        intake.wakeAll();
        tail.close(() -> firstCause);
        writtenTail.close(() -> firstCause);
        if (isFirst) {
            meters.failure(cause.code());
            events.failed(id, cause);
        }
    }

    /**
     * Fails what a closed deadline leaves behind, also what the disk is still at: a force that hangs keeps nobody waiting but
     * the thread that is in it.
     */
    void abandon(WalException cause) {
        // First the state, then a look at what is in hand: a holder takes it in hand first and looks at the state
        // afterwards.
        fail(cause);
        List<Round> forced = underway.takeBeingForced();
        if (!forced.isEmpty()) {
            fail(forced, cause);
        }
        Round written = underway.takeBeingWritten();
        if (written != null) {
            // Not recycled: the write reads its memory, and gives it back when it returns.
            markUnknown(written, life.failure().orElse(cause));
            answer(written);
        }
    }

    /** A round whose write was refused stays in the file as far as it got there, since nothing is cut any more. */
    void settleRefused(WalException cause) {
        RoundsUnderway.Refused left = underway.takeRefused();
        if (left != null) {
            left.leave();
            unknown(left.round(), cause);
        }
    }

    /** Rounds that were written and will not be forced. */
    void settleUnforced(WalException cause) {
        List<Round> left = new ArrayList<>();
        underway.takeUnforced(left);
        for (Round round : left) {
            unknown(round, cause);
        }
    }

    /** The round is in the file, or a part of it, or nothing: nobody knows before the next opening. */
    void unknown(Round round, WalException cause) {
        markUnknown(round, cause);
        settled(List.of(round));
    }

    /** An append of a deleted partition need not be looked for after reopening. */
    private static ErrorCode codeOf(WalException cause) {
        return cause.code() == ErrorCode.PARTITION_DELETED ? cause.code() : ErrorCode.PARTITION_FAILED;
    }

    private static void markUnknown(Round round, WalException cause) {
        round.markFailed(Round.Doom.UNKNOWN, codeOf(cause), String.valueOf(cause.getMessage()), cause);
    }
}
