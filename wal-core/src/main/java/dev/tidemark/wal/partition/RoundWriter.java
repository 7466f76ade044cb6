package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.metrics.FlushReason;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.RotationReason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gets rounds to the disk: decides which thread does which piece of the work, and when.
 *
 * <p><b>Threads.</b> There are two rights, {@linkplain WriteRight write} and {@linkplain ForceRight force}, each held by one thread
 * at a time: a caller that leads its own append, a flusher, or whoever closes. A right is taken by an attempt, never by waiting,
 * except when closing. What needs both (a new segment, a cut) takes <em>force</em> first.
 *
 * <p><b>Ordering.</b> Work is published before it is asked whether a right is free, and a right is released before it is asked
 * whether there is work. So of a thread that brings work and one that has just finished some, at least one sees the other, and
 * no work is left with nobody at it.
 *
 * <p><b>Crash.</b> Write, force, publish, acknowledge, in that order; see the rights.
 */
final class RoundWriter {
    /** While a force is under way, so much has to gather before it is worth a write of its own. */
    static final long OVERLAP_BYTES = 128 << 10;

    private final PartitionServices services;
    private final PartitionId id;
    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final RoundQueue staged;
    private final TailWaiters tail;
    private final Clock clock;
    private final PartitionMeters meters;

    private final SegmentInUse segment;
    private final RoundsUnderway underway = new RoundsUnderway();
    private final Outcomes outcomes;
    private final ForceRight force;
    private final WriteRight write;
    private final CutBack cutBack;
    private final SegmentChange change;
    private final Proofs proofs;
    private final Background background;

    private final AtomicBoolean isQueued = new AtomicBoolean();
    private final Runnable flusherTurn = this::flusherTurn;

    RoundWriter(
            PartitionServices services, PartitionParts parts, Intake intake, Rotation rotation, SegmentInUse segment) {
        this.services = services;
        this.id = parts.id();
        this.life = parts.life();
        this.positions = parts.positions();
        this.tail = parts.readable();
        this.intake = intake;
        this.staged = intake.staged();
        this.segment = segment;
        this.clock = services.environment().clock();
        this.meters = services.meters();
        WriteParts shared = new WriteParts(services, parts, intake, underway, segment);
        outcomes = new Outcomes(shared);
        force = new ForceRight(shared, outcomes);
        proofs = new Proofs(shared);
        background = new Background(services, this, staged);
        SpaceAhead ahead = new SpaceAhead(shared, force, rotation, this);
        write = new WriteRight(shared, outcomes, force, background, proofs, ahead);
        cutBack = new CutBack(shared, outcomes, force);
        change = new SegmentChange(shared, rotation, outcomes, proofs, background);
    }

    ActiveSegment active() {
        return segment.active();
    }

    // ---------------------------------------------------------------- who does the work

    /** Waits for an append's outcome, doing the work itself where nobody else is at it. */
    void await(AwaitedAppend append, long deadlineNanos) {
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

    private void park(AwaitedAppend append, long deadlineNanos) {
        append.waiter(Thread.currentThread());
        // What could not be led may have become possible since, and a linger has to be timed.
        handOver();
        long left = deadlineNanos - clock.nanos();
        // The last look, with nothing behind it but the wait: a queue or a timer that waits for a lock inside uses up a
        // wake-up that was meant for this wait, and without another look nobody would repeat it.
        if (append.isSettled()) {
            return;
        }
        if (left <= 0) {
            throw unknown(append, ErrorCode.WAIT_TIMEOUT, "the deadline passed before the append was acknowledged");
        }
        LockSupport.parkNanos(this, left);
        if (Thread.currentThread().isInterrupted() && !append.isSettled()) {
            throw unknown(append, ErrorCode.WAIT_INTERRUPTED, "interrupted before the append was acknowledged");
        }
    }

    private OutcomeUnknownException unknown(AwaitedAppend append, ErrorCode code, String what) {
        return new OutcomeUnknownException(
                code, what + ", and it goes on: partition=" + id + " offset=" + append.offset(), append.offset(), null);
    }

    /** An append that may still be on its way was asked for again, and perhaps is to be more durable than before. */
    void repeated(PendingAppend repeat) {
        if (repeat.wanted == Durability.SYNCED && !repeat.isSettled()) {
            force.want(repeat.round.number);
        }
    }

    /** Something was staged that nobody waits for in this thread: sees to it that somebody is at it. */
    void handOver() {
        if (isRunnable()) {
            schedule();
        } else if (staged.hasStaged()) {
            if (!writeIsDue()) {
                background.lingers();
            } else if (isRunnable()) {
                // Its linger was over between the two looks.
                schedule();
            }
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
        if (advance(FlushReason.IDLE) && force.isDue()) {
            advance(FlushReason.NEXT);
        }
        handOver();
    }

    private boolean isRunnable() {
        if (needsBoth()) {
            return force.isFree() && write.isFree();
        }
        return (mayWrite() && write.isFree()) || (force.isDue() && force.isFree());
    }

    private boolean needsBoth() {
        return !life.hasFailed() && (underway.hasRefused() || staged.nextRotates());
    }

    private boolean mayWrite() {
        return staged.hasStaged() && !needsBoth() && writeIsDue();
    }

    /** While a force is under way small rounds go on gathering; and without load they may be made to linger. */
    private boolean writeIsDue() {
        if (!force.isFree() && staged.stagedBytes() < OVERLAP_BYTES && !staged.wantsWritten()) {
            return false;
        }
        return staged.hasFullRound() || !life.isOpen() || !background.mustLinger();
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
        if (force.isDue() && force.tryAcquire()) {
            List<Round> covered;
            try {
                covered = force.turn();
            } finally {
                force.release();
            }
            finish(covered);
            return true;
        }
        if (mayWrite() && write.tryAcquire()) {
            try {
                return writeTurn(reason);
            } finally {
                write.release();
            }
        }
        return false;
    }

    private boolean advanceWithBoth(FlushReason reason) {
        if (!force.tryAcquire()) {
            return false;
        }
        boolean isDone = false;
        List<Round> covered = List.of();
        try {
            if (write.tryAcquire()) {
                try {
                    covered = bothTurn(reason);
                    isDone = true;
                } finally {
                    write.release();
                }
            }
        } finally {
            force.release();
        }
        finish(covered);
        return isDone;
    }

    /** One turn of the holder of the write right: takes the next round and writes it. */
    private boolean writeTurn(FlushReason reason) {
        if (needsBoth()) {
            return false;
        }
        Round round;
        try {
            round = intake.take(false);
        } catch (UnavailableException e) {
            // The lock was not free in time. What is staged stays where it is, for the next who comes by. Thrown on,
            // this
            // would read as a refusal to the caller of an append that has long been accepted.
            assert e.code() == ErrorCode.LOCK_TIMEOUT : e;
            return false;
        }
        if (round == null) {
            return false;
        }
        write.write(round, reason);
        return true;
    }

    /** Wakes everybody who waited for these rounds to be durable; after the right was released, with the next round on its way. */
    void finish(List<Round> covered) {
        if (covered.isEmpty()) {
            return;
        }
        handOver();
        tail.advanced(positions.durable());
        for (int i = 0; i < covered.size(); i++) {
            covered.get(i).wakeAll();
        }
        background.becameDurable();
        force.recycle(covered);
    }

    // ---------------------------------------------------------------- what is due by time; without I/O

    /** Everything written so far is to be forced, because it has waited for long enough. */
    void forceDue() {
        if (underway.hasUnforced()) {
            meters.backgroundForce(FlushReason.AGE);
            force.want(write.lastWritten());
            handOver();
        }
    }

    /** Puts the durable end into the log, if the log does not tell it yet. */
    void proofDue() {
        intake.becomeQuiet();
        switch (proofs.stage()) {
            case STAGED -> handOver();
            case LATER -> background.becameDurable();
            case DROPPED -> {}
        }
    }

    /** The segment is old. */
    void rotateForAge() {
        if (life.isOpen()) {
            try {
                askForRotation(RotationReason.AGE);
            } catch (WalException e) {
                // Closed or failed in this moment its segment is no longer of interest.
                if (e.code() == ErrorCode.LOCK_TIMEOUT) {
                    background.segmentStaysOld();
                }
                return;
            }
            handOver();
        }
    }

    /** Stages a change of segment; null when the present one is empty. The caller waits for it or hands it over. */
    @Nullable
    AwaitedAppend askForRotation(RotationReason why) {
        return change.ask(why);
    }

    /** How long no round has been written, for the proof of a quiet partition. */
    long quietNanos() {
        return proofs.quietNanos();
    }

    // ---------------------------------------------------------------- both rights

    private List<Round> bothTurn(FlushReason reason) {
        RoundsUnderway.Refused refused = underway.takeRefused();
        if (refused != null) {
            return cutBack.run(refused);
        }
        return staged.nextRotates() ? changeSegment(reason) : List.of();
    }

    private List<Round> changeSegment(FlushReason reason) {
        ActiveSegment old = segment.active();
        try {
            old.enter();
        } catch (IOException e) {
            cannotChange(e);
            return List.of();
        }
        try {
            // Also what nobody waits for, such as a proof: the successor's header will say that all of it was durable.
            List<Round> covered = force.force(old);
            Round first = life.hasFailed() ? null : change.run();
            if (first != null) {
                write.write(first, reason);
            }
            return covered;
        } finally {
            old.leave();
        }
    }

    /** The segment in use could not be opened; nothing has changed. */
    private void cannotChange(IOException cause) {
        if (DiskErrors.isTooManyOpenFiles(cause)) {
            outcomes.refuseStaged(null, cause);
        } else {
            outcomes.fail(outcomes.storageFailed("rotation failed", cause));
        }
    }

    // ---------------------------------------------------------------- closing

    /**
     * Writes and forces all that was accepted, takes both rights for good, and runs {@code last} with them.
     *
     * @return false when the deadline passed or the partition has failed
     */
    boolean drain(long deadlineNanos, Closing last) throws InterruptedException {
        AwaitedAppend all = intake.offerLast();
        if (all != null) {
            awaitQuietly(all, deadlineNanos);
            if (!all.isSettled()) {
                return false;
            }
        }
        if (!force.acquire(deadlineNanos)) {
            return false;
        }
        // Both stay taken: nothing is ever written or forced through this object again.
        if (!write.acquire(deadlineNanos)) {
            force.release();
            return false;
        }
        background.stop();
        segment.active().prefill.stop();
        if (!life.hasFailed()) {
            finish(force.turn());
        }
        if (life.hasFailed()) {
            return false;
        }
        if (segment.isClosed()) {
            // Nothing may be written behind its end any more: the next opening goes on from what PARTITION and the
            // successor say.
            return true;
        }
        try {
            last.run(segment.active());
            return true;
        } catch (IOException e) {
            outcomes.fail(outcomes.storageFailed("closing failed", e));
            return false;
        }
    }

    /**
     * Takes both rights for good; called once. Unlike {@link #drain} it writes nothing before.
     *
     * @return false when the deadline passed; then neither is taken
     */
    boolean takeRights(long deadlineNanos) throws InterruptedException {
        ThreadRules.assertMayBlock();
        if (!force.acquire(deadlineNanos)) {
            return false;
        }
        if (!write.acquire(deadlineNanos)) {
            force.release();
            return false;
        }
        return true;
    }

    /** What is done at the very end, with both rights. */
    interface Closing {
        void run(ActiveSegment active) throws IOException;
    }

    private void awaitQuietly(AwaitedAppend append, long deadlineNanos) {
        try {
            await(append, deadlineNanos);
        } catch (OutcomeUnknownException e) {
            // The caller looks whether it is settled.
            assert !append.isSettled();
        }
    }

    /** See {@link Outcomes#abandon}. */
    void abandon(WalException cause) {
        outcomes.abandon(cause);
    }

    /** No timer becomes due any more, no force is watched, and the file is let go as soon as nobody is in it. */
    void stop() {
        background.stop();
        force.close();
        intake.becomeQuiet();
        segment.active().abandon();
    }

    /** Whether nothing is on its way: neither written and unforced, nor refused and not undone, nor in the hands of a thread. */
    boolean isIdle() {
        // In this order: a writer adds to the unforced rounds, or says what was refused, before it lets go of its
        // right.
        return !isBusy() && !underway.hasUnforced() && !underway.hasRefused();
    }

    /** Whether a thread holds a right, and so may be in an I/O operation. */
    boolean isBusy() {
        return !write.isFree() || !force.isFree();
    }

    /** The segment in use had records when the store was opened. */
    void segmentBeganBefore(long nanos) {
        background.segmentBegan(nanos);
    }

    // ---------------------------------------------------------------- truncation

    /**
     * Takes both rights, writes and forces what begins below an offset, and runs something with them: then nothing is on its way, and what is staged begins at
     * that offset or behind it.
     *
     * @throws UnavailableException when the rights were not free by the deadline
     */
    long withAllBelowDurable(long offset, long deadlineNanos, LongSupplier action) throws InterruptedException {
        if (!takeRights(deadlineNanos)) {
            throw new UnavailableException(
                    ErrorCode.LOCK_TIMEOUT,
                    "the log was busy until the deadline, nothing was changed: partition=" + id);
        }
        List<List<Round>> covered = new ArrayList<>();
        try {
            while (!life.hasFailed() && (underway.hasRefused() || intake.hasStagedBelow(offset))) {
                if (needsBoth()) {
                    covered.add(bothTurn(FlushReason.NEXT));
                } else {
                    Round round = intake.take(false);
                    if (round != null) {
                        write.write(round, FlushReason.NEXT);
                    }
                }
            }
            if (!life.hasFailed() && change.isHalfDone()) {
                // A successor that has its name may not be left behind by what follows.
                covered.add(changeSegment(FlushReason.NEXT));
            }
            if (!life.hasFailed() && change.isHalfDone()) {
                throw change.refusal("nothing was changed");
            }
            if (!life.hasFailed()) {
                covered.add(force.force(segment.active()));
            }
            return action.getAsLong();
        } finally {
            write.release();
            force.release();
            covered.forEach(this::finish);
            handOver();
        }
    }

    /** Refuses all that is staged. With both rights. */
    void refuseStaged(WalException cause) {
        outcomes.refuse(intake.withdraw(null, segment.active(), segment.isClosed()), cause);
    }

    /** Refuses rounds that were withdrawn. */
    void refuse(List<Round> withdrawn, WalException cause) {
        outcomes.refuse(withdrawn, cause);
    }

    /** The segment in use is this one, which was cut, and to which nothing is added any more. With both rights. */
    void goOnIn(ActiveSegment cut, long durableEnd) {
        segment.changeTo(cut, true);
        proofs.segmentBegan(durableEnd);
        background.segmentEnded();
    }

    // ---------------------------------------------------------------- a recovery that is finished late

    /**
     * Runs what recovery had no room for, with both rights, and goes on where it says.
     *
     * @return false when somebody else has a right at the moment
     */
    boolean finishRecovery(LateRecovery late) throws IOException {
        if (!force.tryAcquire()) {
            return false;
        }
        try {
            if (!write.tryAcquire()) {
                return false;
            }
            try {
                ActiveState state = late.finish();
                if (state == null) {
                    return true;
                }
                ActiveSegment active = late.activeFrom(state);
                segment.changeTo(active, state.mustRotate());
                // No frames are among them, but a close may have asked for everything to be forced.
                outcomes.refuse(intake.withdraw(null, active, state.mustRotate()), late.refusal());
                // Only now: whoever finds it done stages frames, and those lie where the intake has just been told.
                late.done();
                return true;
            } finally {
                write.release();
            }
        } finally {
            force.release();
            // Somebody may have staged something meanwhile, and found the rights taken.
            handOver();
        }
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
