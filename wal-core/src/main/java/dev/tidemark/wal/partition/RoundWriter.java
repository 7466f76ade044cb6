package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.ShortWriteException;
import dev.tidemark.wal.metrics.FlushReason;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.RotationEvent;
import dev.tidemark.wal.metrics.RotationReason;
import dev.tidemark.wal.metrics.RoundEvent;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Gets rounds to the disk: closes, writes, forces, publishes, acknowledges.
 *
 * <p><b>Threads.</b> There are two rights, <em>write</em> and <em>force</em>, each held by one thread at a time: a caller that
 * leads its own append, a flusher, or whoever closes. A right is taken by an attempt, never by waiting, except when closing.
 * What needs both (a new segment, a cut) takes <em>force</em> first.
 *
 * <p><b>Ordering.</b> Work is published before it is asked whether a right is free, and a right is released before it is asked
 * whether there is work. So of a thread that brings work and one that has just finished some, at least one sees the other, and
 * no work is left with nobody at it. A force covers the rounds that were in {@code unforced} before it began: a round is put
 * there after its write has returned.
 *
 * <p><b>Crash.</b> Write, force, publish, acknowledge, in that order. What lies behind the durable end is any subset of the
 * sectors of the rounds that were written and not forced.
 *
 * <p><b>Failure.</b> A full disk or a short write is undone: the file is cut back to the last good round, that cut is forced,
 * and only then are the appends refused. Any other failed write, and any failed force, stops the partition for good.
 */
final class RoundWriter {
    /** While a force is under way, so much has to gather before it is worth a write of its own. */
    static final long OVERLAP_BYTES = 128 << 10;

    private static final int MOST_COVERED_KEPT = 64;

    /** A round whose write was refused, and why. */
    private record Refused(Round round, IOException cause) {}

    private final PartitionServices services;
    private final PartitionId id;
    private final int stripe;
    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final Rotation rotation;
    private final PartitionMetadata metadata;
    private final TailWaiters tail;
    private final TailWaiters writtenTail;
    private final Background background;
    private final Clock clock;
    private final PartitionMeters meters;
    private final ForceWatch.Slot forceWatch;
    private final CRC32C scratch = new CRC32C();

    private final Semaphore writeRight = new Semaphore(1);
    private final Semaphore forceRight = new Semaphore(1);
    private final AtomicBoolean isQueued = new AtomicBoolean();
    private final Runnable flusherTurn = this::flusherTurn;

    /** Changed by the holder of both rights. */
    private volatile ActiveSegment active;
    /** Whether {@code active} must not be written to any more: the next round goes into another segment. */
    private volatile boolean isActiveClosed;

    /** Whoever takes it out settles its round. */
    private final AtomicReference<@Nullable Refused> refused = new AtomicReference<>();

    private final ConcurrentLinkedQueue<Round> unforced = new ConcurrentLinkedQueue<>();
    /** A list for the rounds of the next force, so that a lone append need not make one. */
    private final AtomicReference<@Nullable List<Round>> spareCovered = new AtomicReference<>();
    /**
     * What the holder of a right has in its hands while the disk is at it. It is settled by whoever takes it from here: the
     * holder, when the disk has answered, or {@link #abandon}, when closing cannot wait for that any longer.
     */
    private final AtomicReference<@Nullable Round> beingWritten = new AtomicReference<>();

    private final AtomicReference<@Nullable List<Round>> beingForced = new AtomicReference<>();

    private final AtomicLong unforcedBytes = new AtomicLong();
    private final AtomicLong forceWanted = new AtomicLong();
    private volatile long lastWritten;
    private volatile long lastForced;
    /** The highest durable end that any frame in the log, or {@code PARTITION}, tells. */
    private volatile long provenEnd;

    private volatile long lastRoundNanos;
    /** Whether space for the next segment has been asked for; the write right. */
    private boolean isPrepareAsked;

    private volatile RotationReason nextRotation = RotationReason.SIZE;

    RoundWriter(
            PartitionServices services,
            PartitionParts parts,
            Intake intake,
            Rotation rotation,
            ActiveSegment active,
            boolean isActiveClosed) {
        this.services = services;
        this.id = parts.id();
        this.stripe = parts.id().hashCode();
        this.life = parts.life();
        this.positions = parts.positions();
        this.metadata = parts.metadata();
        this.tail = parts.readable();
        this.writtenTail = parts.written();
        this.intake = intake;
        this.rotation = rotation;
        this.active = active;
        this.isActiveClosed = isActiveClosed;
        this.clock = services.environment().clock();
        this.meters = services.meters();
        this.forceWatch = services.forces().slot(parts.id());
        this.provenEnd = metadata.current().provenEnd();
        this.background = new Background(services, this, intake);
    }

    ActiveSegment active() {
        return active;
    }

    // ---------------------------------------------------------------- who does the work

    /** Waits for an append's outcome, doing the work itself where nobody else is at it. */
    void await(PendingAppend append, long deadlineNanos) {
        try {
            while (!append.isSettled()) {
                if (!advance(FlushReason.LEADER)) {
                    park(append, deadlineNanos);
                }
            }
        } finally {
            append.waiter(null);
            handOver();
        }
    }

    private void park(PendingAppend append, long deadlineNanos) {
        append.waiter(Thread.currentThread());
        if (append.isSettled()) {
            return;
        }
        // What could not be led may have become possible since, and a linger has to be timed.
        handOver();
        long left = deadlineNanos - clock.nanos();
        if (left <= 0) {
            throw unknown(append, ErrorCode.WAIT_TIMEOUT, "the deadline passed before the append was acknowledged");
        }
        LockSupport.parkNanos(this, left);
        if (Thread.currentThread().isInterrupted() && !append.isSettled()) {
            throw unknown(append, ErrorCode.WAIT_INTERRUPTED, "interrupted before the append was acknowledged");
        }
    }

    private OutcomeUnknownException unknown(PendingAppend append, ErrorCode code, String what) {
        return new OutcomeUnknownException(
                code, what + ", and it goes on: partition=" + id + " offset=" + append.offset(), append.offset(), null);
    }

    /** Something was staged that nobody waits for in this thread: sees to it that somebody is at it. */
    void handOver() {
        if (isRunnable()) {
            schedule();
        } else if (intake.hasStaged() && !writeIsDue()) {
            background.lingers();
        }
    }

    void schedule() {
        if (!isQueued.get() && isQueued.compareAndSet(false, true)) {
            services.flushers().submit(flusherTurn);
        }
    }

    /** One round, then behind the other partitions again. */
    private void flusherTurn() {
        isQueued.set(false);
        // A round that was written for somebody who wants it durable is forced in the same turn.
        if (advance(FlushReason.IDLE) && needsForce()) {
            advance(FlushReason.NEXT);
        }
        handOver();
    }

    private boolean isRunnable() {
        if (needsBoth()) {
            return forceRight.availablePermits() > 0 && writeRight.availablePermits() > 0;
        }
        return (mayWrite() && writeRight.availablePermits() > 0) || (needsForce() && forceRight.availablePermits() > 0);
    }

    private boolean needsBoth() {
        return !life.hasFailed() && (refused.get() != null || intake.nextRotates());
    }

    private boolean mayWrite() {
        return intake.hasStaged() && !needsBoth() && writeIsDue();
    }

    /** While a force is under way small rounds go on gathering; and without load they may be made to linger. */
    private boolean writeIsDue() {
        if (forceRight.availablePermits() == 0 && intake.stagedBytes() < OVERLAP_BYTES && !intake.wantsWritten()) {
            return false;
        }
        return intake.hasFullRound() || !life.isOpen() || !background.mustLinger();
    }

    private boolean needsForce() {
        return forceWanted.get() > lastForced && !unforced.isEmpty();
    }

    /**
     * Does one piece of the work that is there, if nobody else is at it: a write, or a force, or what needs both rights.
     *
     * @return whether it did anything
     */
    boolean advance(FlushReason reason) {
        if (needsBoth()) {
            return advanceWithBoth(reason);
        }
        // What was written and is waited for comes first: a thread that only ever wrote would acknowledge nothing.
        if (needsForce() && forceRight.tryAcquire()) {
            List<Round> covered;
            try {
                covered = forceTurn();
            } finally {
                forceRight.release();
            }
            finish(covered);
            return true;
        }
        if (mayWrite() && writeRight.tryAcquire()) {
            try {
                return writeTurn(reason);
            } finally {
                writeRight.release();
            }
        }
        return false;
    }

    private boolean advanceWithBoth(FlushReason reason) {
        if (!forceRight.tryAcquire()) {
            return false;
        }
        boolean isDone = false;
        List<Round> covered = List.of();
        try {
            if (writeRight.tryAcquire()) {
                try {
                    covered = bothTurn(reason);
                    isDone = true;
                } finally {
                    writeRight.release();
                }
            }
        } finally {
            forceRight.release();
        }
        finish(covered);
        return isDone;
    }

    // ---------------------------------------------------------------- write

    /** One turn of the holder of the write right: takes the next round and writes it. */
    private boolean writeTurn(FlushReason reason) {
        if (needsBoth()) {
            return false;
        }
        Round round = intake.take(false);
        if (round == null) {
            return false;
        }
        write(round, reason);
        return true;
    }

    private void write(Round round, FlushReason reason) {
        beingWritten.set(round);
        if (life.hasFailed()) {
            // Whoever gave the partition up may have looked before the round was in hand.
            if (beingWritten.compareAndSet(round, null)) {
                settle(round, Round.Doom.UNKNOWN, life.failure().orElseThrow());
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
            isMine = beingWritten.compareAndSet(round, null);
            if (!isMine) {
                // Closing gave it up meanwhile and has told its waiters; only its memory was still in use.
                active.leave();
                intake.recycle(round);
                return;
            }
            written(round);
        } catch (IOException e) {
            if (!isMine && wasGivenUp(round)) {
                return;
            }
            boolean canBeUndone = DiskErrors.isFull(e) || e instanceof ShortWriteException;
            if (canBeUndone && !metadata.isOutcomeUnknown()) {
                refused.set(new Refused(round, e));
                if (DiskErrors.isFull(e)) {
                    services.room().full(e);
                }
                if (life.hasFailed()) {
                    // A force failed beside this write: nothing is cut any more, and its holder may have looked before.
                    settleRefused(life.failure().orElseThrow());
                }
            } else {
                fail(round, storageFailed("write failed", e));
            }
        } catch (Throwable t) {
            if (isMine || !wasGivenUp(round)) {
                fail(round, failedBy(t));
            }
        }
    }

    /** After an error: whether closing has given the round up, so that no more is to be done than to give its memory back. */
    private boolean wasGivenUp(Round round) {
        if (beingWritten.compareAndSet(round, null)) {
            return false;
        }
        intake.recycle(round);
        return true;
    }

    private void put(Round round, FlushReason reason) throws IOException {
        ActiveSegment to = active;
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
            meters.round(reason, round.appends, round.bytes());
            long end = round.filePosition + round.bytes();
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
                to.leave();
            }
        }
        lastRoundNanos = clock.nanos();
        meters.wrote(lastRoundNanos - began);
        if (event != null) {
            event.done(id, reason, round.firstOffset, round.appends, round.bytes());
        }
        if (round.bytes() > 0) {
            provenEnd = durableEnd;
        }
    }

    /** Publishes a round whose write has returned. */
    private void written(Round round) {
        ActiveSegment to = active;
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
        unforcedBytes.addAndGet(round.bytes());
        // Once it is among the unforced, what it still holds is given back by whoever forces it.
        int released = round.wantsSynced ? 0 : round.takeHeldBytes();
        unforced.add(round);
        if (round.wantsSynced) {
            wantForce(round.number);
        } else {
            intake.release(released);
            noteUnforced();
        }
        if (round.hasWrittenStages) {
            services.completions().execute(stripe, round::settleStages);
        }
        if (round.wantsWritten) {
            round.wakeAll();
        }
        writtenTail.advanced(round.endOffset);
        if (isFirst) {
            background.segmentBegan(0);
            isPrepareAsked = false;
        }
        if (!isPrepareAsked && to.endPosition() > services.config().segmentBytes() / 2) {
            isPrepareAsked = true;
            services.flushers().submit(rotation::prepare);
        }
        if (to.prefill.wants(to.endPosition(), round.bytes()) && services.room().mayGrow()) {
            services.flushers().submit(() -> prefillTurn(to));
        }
        if (life.hasFailed()) {
            // A force failed beside this write: its holder may have looked through the unforced rounds before.
            settleUnforced(life.failure().orElseThrow());
        }
    }

    private void noteUnforced() {
        if (unforcedBytes.get() >= services.config().maxUnforcedBytes()) {
            meters.backgroundForce(FlushReason.BYTES);
            wantForce(lastWritten);
        } else {
            background.leftUnforced();
        }
    }

    /** Everything written so far is to be forced, because it has waited for long enough. */
    void forceDue() {
        if (!unforced.isEmpty()) {
            meters.backgroundForce(FlushReason.AGE);
            wantForce(lastWritten);
            handOver();
        }
    }

    private void wantForce(long roundNumber) {
        forceWanted.accumulateAndGet(roundNumber, Math::max);
    }

    private void prefillTurn(ActiveSegment ahead) {
        if (ahead != active || life.hasFailed()) {
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
        handOver();
    }

    /** Zeros that are forced beside the rounds' way keep the first round over them from paying for it; not if a force is under way. */
    private void forceZeros(ActiveSegment ahead) {
        List<Round> covered = List.of();
        if (forceRight.tryAcquire()) {
            try {
                if (ahead == active && !life.hasFailed()) {
                    covered = force(ahead);
                }
            } finally {
                forceRight.release();
            }
        }
        finish(covered);
    }

    // ---------------------------------------------------------------- force

    /** One turn of the holder of the force right. Returns the rounds that are durable now; the caller wakes their waiters. */
    private List<Round> forceTurn() {
        return unforced.isEmpty() ? List.of() : force(active);
    }

    private List<Round> force(ActiveSegment on) {
        List<Round> spare = spareCovered.getAndSet(null);
        List<Round> covered = spare == null ? new ArrayList<>() : spare;
        long bytes = 0;
        for (Round round = unforced.poll(); round != null; round = unforced.poll()) {
            covered.add(round);
            bytes += round.bytes();
        }
        beingForced.set(covered);
        if (life.hasFailed()) {
            // Perhaps a force did: the kernel may have dropped what it should have covered, and another would report
            // success. A force fails under this right, so whoever has the right sees it here.
            fail(takeForced(covered), life.failure().orElseThrow());
            return List.of();
        }
        boolean isForced = false;
        try {
            OpenSegment file = on.enter();
            try {
                forceWatch.began(file.segment().displayName());
                try {
                    file.file().force(false);
                    isForced = true;
                } finally {
                    forceWatch.ended(isForced, bytes);
                }
            } finally {
                on.leave();
            }
        } catch (IOException e) {
            fail(takeForced(covered), storageFailed("force failed", e));
            return List.of();
        } catch (Throwable t) {
            fail(takeForced(covered), failedBy(t));
            return List.of();
        }
        if (takeForced(covered) != covered) {
            // Closing gave them up meanwhile and has told their waiters that the outcome is unknown.
            return List.of();
        }
        try {
            durable(on, covered, bytes);
        } catch (Throwable t) {
            fail(covered, failedBy(t));
        }
        return covered;
    }

    /** The rounds that were being forced; none where {@link #abandon} has settled them. */
    private List<Round> takeForced(List<Round> covered) {
        return beingForced.compareAndSet(covered, null) ? covered : List.of();
    }

    /** Publishes rounds that a force has covered. */
    private void durable(ActiveSegment on, List<Round> covered, long bytes) {
        if (covered.isEmpty()) {
            return;
        }
        Round last = covered.get(covered.size() - 1);
        positions.advanceDurable(last.endOffset);
        lastForced = last.number;
        unforcedBytes.addAndGet(-bytes);
        int releasable = 0;
        for (int i = 0; i < covered.size(); i++) {
            Round round = covered.get(i);
            round.markSynced();
            releasable += round.takeHeldBytes();
            // Under the right still, so that completions are handed in, and run, in the order of the rounds.
            if (round.hasStagesToSettle()) {
                services.completions().execute(stripe, round::settleStages);
            }
        }
        on.forced(covered.size());
        intake.release(releasable);
    }

    /** Wakes everybody who waited for these rounds to be durable; after the right was released, with the next round on its way. */
    private void finish(List<Round> covered) {
        if (covered.isEmpty()) {
            return;
        }
        handOver();
        tail.advanced(positions.durable());
        for (int i = 0; i < covered.size(); i++) {
            covered.get(i).wakeAll();
        }
        background.becameDurable();
        if (covered.size() <= MOST_COVERED_KEPT) {
            covered.clear();
            spareCovered.set(covered);
        }
    }

    /** Puts the durable end into the log, if the log does not tell it yet. From the timer, so without I/O. */
    void proofDue() {
        intake.becomeQuiet();
        if (life.isOpen() && positions.durable() > provenEnd && !isActiveClosed) {
            boolean isStaged = intake.offerProof();
            meters.proof(isStaged);
            handOver();
        }
    }

    /** How long no round has been written, for the proof of a quiet partition. */
    long quietNanos() {
        return clock.nanos() - lastRoundNanos;
    }

    // ---------------------------------------------------------------- both rights

    private List<Round> bothTurn(FlushReason reason) {
        Refused cut = refused.getAndSet(null);
        if (cut != null) {
            return cutBack(cut);
        }
        if (!intake.nextRotates()) {
            return List.of();
        }
        // Also what nobody waits for, such as a proof: the successor's header will say that all of it was durable.
        List<Round> covered = force(active);
        if (!life.hasFailed()) {
            rotate(reason);
        }
        return covered;
    }

    /**
     * Undoes a write that was refused: the file is cut to the end of the last good round and the cut forced, and only then are
     * the appends refused. Refused earlier, a crash could bring them back, and the caller's retry would be a duplicate.
     */
    private List<Round> cutBack(Refused cut) {
        ActiveSegment on = active;
        try {
            on.prefill.reset(on.endPosition());
            OpenSegment file = on.enter();
            try {
                file.file().truncate(on.endPosition());
            } finally {
                on.leave();
            }
        } catch (IOException e) {
            fail(cut.round, storageFailed("a refused write could not be undone", e));
            return List.of();
        } catch (Throwable t) {
            fail(cut.round, failedBy(t));
            return List.of();
        }
        List<Round> covered = force(on);
        if (life.hasFailed()) {
            settle(cut.round, Round.Doom.UNKNOWN, life.failure().orElseThrow());
            return covered;
        }
        refuseStaged(cut.round, cut.cause);
        return covered;
    }

    /** Gives the first round its new segment and writes it there. */
    private void rotate(FlushReason reason) {
        ActiveSegment old = active;
        RotationEvent event = RotationEvent.beginIfRecorded();
        long began = clock.nanos();
        try {
            Rotation.Outcome outcome = rotation.advance(old);
            isActiveClosed |= outcome.isOldClosed();
            ActiveSegment next = outcome.next();
            if (next == null) {
                IOException cause = Objects.requireNonNull(outcome.cause());
                if (DiskErrors.isFull(cause)) {
                    services.room().full(cause);
                }
                refuseStaged(null, cause);
                return;
            }
            RotationReason why = rotationReason();
            meters.rotated(why, clock.nanos() - began);
            if (event != null) {
                event.done(id, why, old.segment.displayName(), next.segment.baseOffset());
            }
            isActiveClosed = false;
            active = next;
            provenEnd = positions.durable();
            intake.segmentChanged(next);
            background.segmentEnded();
        } catch (IOException e) {
            fail((Round) null, storageFailed("rotation failed", e));
            return;
        } catch (Throwable t) {
            fail((Round) null, failedBy(t));
            return;
        }
        Round first = intake.take(true);
        if (first != null) {
            write(first, reason);
        }
    }

    private void refuseStaged(@Nullable Round first, IOException cause) {
        List<Round> rounds = new ArrayList<>();
        if (first != null) {
            rounds.add(first);
        }
        rounds.addAll(intake.withdraw(first, active, isActiveClosed));
        boolean isFull = DiskErrors.isFull(cause);
        ErrorCode code = isFull ? ErrorCode.STORAGE_FULL : ErrorCode.STORAGE_REFUSED;
        String message = (isFull ? "the disk is full, nothing was appended" : "a write fell short and was undone")
                + ": file=" + active.segment.displayName() + " at=" + active.endPosition() + " (" + cause.getMessage()
                + ")";
        meters.failure(code);
        for (Round round : rounds) {
            round.markFailed(Round.Doom.REFUSED, code, message, cause);
        }
        settled(rounds);
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
            services.completions().execute(stripe, round::settleStages);
        }
        round.wakeAll();
    }

    // ---------------------------------------------------------------- failure

    private StorageException storageFailed(String what, IOException cause) {
        return new StorageException(
                ErrorCode.PARTITION_FAILED,
                what + ", so later writes cannot be trusted: partition=" + id + " file=" + active.segment.displayName()
                        + " synced=" + positions.durable() + " (" + cause.getMessage() + "); reopen to recover",
                cause);
    }

    private StorageException failedBy(Throwable cause) {
        return new StorageException(
                ErrorCode.PARTITION_FAILED,
                "the log stopped itself: partition=" + id + " synced=" + positions.durable() + " (" + cause
                        + "); reopen to recover",
                cause);
    }

    private void fail(@Nullable Round current, WalException cause) {
        fail(current == null ? List.of() : List.of(current), cause);
    }

    /**
     * Stops the partition. The rounds at hand, and those written and not forced, have an unknown outcome; what was only
     * staged is refused, since nothing is written any more.
     */
    private void fail(List<Round> current, WalException cause) {
        boolean isFirst = life.fail(cause);
        WalException firstCause = life.failure().orElse(cause);
        for (Round round : current) {
            settle(round, Round.Doom.UNKNOWN, firstCause);
        }
        settleRefused(firstCause);
        settleUnforced(firstCause);
        List<Round> staged = intake.withdrawForGood();
        for (Round round : staged) {
            round.markFailed(
                    Round.Doom.REFUSED,
                    ErrorCode.PARTITION_FAILED,
                    "not written: " + firstCause.getMessage(),
                    firstCause);
        }
        settled(staged);
        intake.wakeAll();
        tail.close(firstCause);
        writtenTail.close(firstCause);
        if (isFirst) {
            meters.failure(cause.code());
            services.events().failed(id, cause);
        }
    }

    /**
     * Fails what a closed deadline leaves behind, also what the disk is still at: a force that hangs keeps nobody waiting but
     * the thread that is in it.
     */
    void abandon(WalException cause) {
        // First the state, then a look at what is in hand: a holder takes it in hand first and looks at the state
        // afterwards.
        fail(List.of(), cause);
        List<Round> forced = beingForced.getAndSet(null);
        if (forced != null) {
            fail(forced, cause);
        }
        Round written = beingWritten.getAndSet(null);
        if (written != null) {
            // Not recycled: the write reads its memory, and gives it back when it returns.
            WalException firstCause = life.failure().orElse(cause);
            written.markFailed(
                    Round.Doom.UNKNOWN,
                    ErrorCode.PARTITION_FAILED,
                    String.valueOf(firstCause.getMessage()),
                    firstCause);
            answer(written);
        }
    }

    /** The part of a refused write that reached the file stays there, since nothing is cut any more. */
    private void settleRefused(WalException cause) {
        Refused left = refused.getAndSet(null);
        if (left != null) {
            settle(left.round, Round.Doom.UNKNOWN, cause);
        }
    }

    private void settleUnforced(WalException cause) {
        for (Round round = unforced.poll(); round != null; round = unforced.poll()) {
            settle(round, Round.Doom.UNKNOWN, cause);
        }
    }

    private void settle(Round round, Round.Doom doom, WalException cause) {
        round.markFailed(doom, ErrorCode.PARTITION_FAILED, String.valueOf(cause.getMessage()), cause);
        if (doom == Round.Doom.UNKNOWN) {
            settled(List.of(round));
        }
    }

    // ---------------------------------------------------------------- closing

    /**
     * Writes and forces all that was accepted, takes both rights for good, and runs {@code last} with them.
     *
     * @return false when the deadline passed or the partition has failed
     */
    boolean drain(long deadlineNanos, Closing last) throws InterruptedException {
        PendingAppend all = intake.offerLast();
        if (all != null) {
            awaitQuietly(all, deadlineNanos);
            if (!all.isSettled()) {
                return false;
            }
        }
        if (!forceRight.tryAcquire(Math.max(0, deadlineNanos - clock.nanos()), TimeUnit.NANOSECONDS)) {
            return false;
        }
        // Both stay taken: nothing is ever written or forced through this object again.
        if (!writeRight.tryAcquire(Math.max(0, deadlineNanos - clock.nanos()), TimeUnit.NANOSECONDS)) {
            forceRight.release();
            return false;
        }
        background.stop();
        active.prefill.stop();
        if (!life.hasFailed()) {
            finish(forceTurn());
        }
        if (life.hasFailed()) {
            return false;
        }
        if (isActiveClosed) {
            // Nothing may be written behind its end any more: the next opening goes on from what PARTITION and the
            // successor say.
            return true;
        }
        try {
            last.run(active);
            return true;
        } catch (IOException e) {
            fail((Round) null, storageFailed("closing failed", e));
            return false;
        }
    }

    /** What is done at the very end, with both rights. */
    interface Closing {
        void run(ActiveSegment active) throws IOException;
    }

    private void awaitQuietly(PendingAppend append, long deadlineNanos) {
        try {
            await(append, deadlineNanos);
        } catch (OutcomeUnknownException e) {
            // The caller looks whether it is settled.
            assert !append.isSettled();
        }
    }

    /** No timer becomes due any more, no force is watched, and the file is let go as soon as nobody is in it. */
    void stop() {
        background.stop();
        forceWatch.close();
        intake.becomeQuiet();
        active.abandon();
    }

    /** Whether nothing is on its way: neither written and unforced, nor in the hands of a thread. */
    boolean isIdle() {
        // In this order: a writer adds to the unforced rounds before it lets go of its right.
        return !isBusy() && unforced.isEmpty();
    }

    /** Whether a thread holds a right, and so may be in an I/O operation. */
    boolean isBusy() {
        return writeRight.availablePermits() == 0 || forceRight.availablePermits() == 0;
    }

    /** The segment in use had records when the store was opened. */
    void segmentBeganBefore(long nanos) {
        background.segmentBegan(nanos);
    }

    // ---------------------------------------------------------------- rotation from outside

    /** Stages a change of segment; null when the present one is empty. The caller waits for it or hands it over. */
    @Nullable
    PendingAppend askForRotation(RotationReason why) {
        PendingAppend asked = intake.offerRotation();
        if (asked != null) {
            nextRotation = why;
        }
        return asked;
    }

    /** The segment is old. From the timer, so without I/O. */
    void rotateForAge() {
        if (life.isOpen()) {
            try {
                askForRotation(RotationReason.AGE);
            } catch (WalException e) {
                // Closed or failed in this moment: then its segment is no longer of interest.
                return;
            }
            handOver();
        }
    }

    private RotationReason rotationReason() {
        RotationReason why = isActiveClosed ? RotationReason.RECOVERY : nextRotation;
        nextRotation = RotationReason.SIZE;
        return why;
    }

    // ---------------------------------------------------------------- a recovery that is finished late

    /**
     * Runs what recovery had no room for, with both rights, and goes on where it says.
     *
     * @return false when somebody else has a right at the moment
     */
    boolean finishRecovery(LateRecovery late) throws IOException {
        if (!forceRight.tryAcquire()) {
            return false;
        }
        try {
            if (!writeRight.tryAcquire()) {
                return false;
            }
            try {
                ActiveState state = late.finish();
                if (state == null) {
                    return true;
                }
                active = late.activeFrom(state);
                isActiveClosed = state.mustRotate();
                refuse(intake.withdraw(null, active, isActiveClosed), late.refusal());
                // Only now: whoever finds it done stages frames, and those lie where the intake has just been told.
                late.done();
                return true;
            } finally {
                writeRight.release();
            }
        } finally {
            forceRight.release();
            // Somebody may have staged something meanwhile, and found the rights taken.
            handOver();
        }
    }

    /** No frames are among them, but a close may have asked for everything to be forced. */
    private void refuse(List<Round> withdrawn, WalException cause) {
        for (Round round : withdrawn) {
            round.markFailed(Round.Doom.REFUSED, cause.code(), String.valueOf(cause.getMessage()), cause);
        }
        settled(withdrawn);
    }

    /** The rest of a recovery. */
    interface LateRecovery {
        /** Null when another thread has finished it meanwhile. */
        @Nullable
        ActiveState finish() throws IOException;

        ActiveSegment activeFrom(ActiveState state);

        /** What was told to who came before it was finished. */
        WalException refusal();

        /** Appends are taken in from now on. */
        void done();
    }
}
