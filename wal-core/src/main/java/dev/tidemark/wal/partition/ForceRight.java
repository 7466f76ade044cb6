package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The right to force the segment in use, and what its holder does with it: forces, publishes the durable end, hands completions
 * in.
 *
 * <p><b>Threads.</b> One holder at a time. Any thread may ask for a force ({@link #want}) and look whether one is due.
 *
 * <p><b>Ordering.</b> A force covers the rounds that were unforced before it began: a round is put among them after its write has
 * returned. The durable end is published before the state of the rounds, and both before anybody is woken.
 *
 * <p><b>Crash.</b> Force, publish, acknowledge, in that order.
 *
 * <p><b>Failure.</b> A failed force stops the partition, and is never repeated: the kernel may have dropped what it should have
 * covered, and another would report success.
 */
final class ForceRight {
    private static final int MOST_COVERED_KEPT = 64;

    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final RoundsUnderway underway;
    private final SegmentInUse segment;
    private final Outcomes outcomes;
    private final Clock clock;
    private final ForceWatch.Slot watch;

    private final Semaphore right = new Semaphore(1);
    /** A list for the rounds of the next force, so that a lone append need not make one. */
    private final AtomicReference<@Nullable List<Round>> spareCovered = new AtomicReference<>();

    private final AtomicLong unforcedBytes = new AtomicLong();
    private final AtomicLong wantedRound = new AtomicLong();
    private volatile long lastForced;

    ForceRight(WriteParts write, Outcomes outcomes) {
        PartitionParts parts = write.parts();
        this.life = parts.life();
        this.positions = parts.positions();
        this.intake = write.intake();
        this.underway = write.underway();
        this.segment = write.segment();
        this.outcomes = outcomes;
        this.clock = write.services().environment().clock();
        this.watch = write.services().forces().slot(parts.id());
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

    // ---------------------------------------------------------------- what is to be forced

    /** A round was written and is among the unforced now, or will be in a moment. Returns how many bytes are unforced with it. */
    long addUnforcedBytes(long bytes) {
        return unforcedBytes.addAndGet(bytes);
    }

    /** Everything up to this round is to be made durable. */
    void want(long roundNumber) {
        wantedRound.accumulateAndGet(roundNumber, Math::max);
    }

    /** Whether there are written rounds that somebody wants durable. */
    boolean isDue() {
        return wantedRound.get() > lastForced && underway.hasUnforced();
    }

    // ---------------------------------------------------------------- the holder

    /** One turn of the holder. Returns the rounds that are durable now; the caller wakes their waiters. */
    List<Round> turn() {
        return underway.hasUnforced() ? force(segment.active()) : List.of();
    }

    /** Forces this segment, even where no round has been written to it. Returns as {@link #turn}. */
    List<Round> force(ActiveSegment on) {
        List<Round> spare = spareCovered.getAndSet(null);
        List<Round> covered = spare == null ? new ArrayList<>(1) : spare;
        long bytes = 0;
        underway.takeUnforced(covered);
        for (int i = 0; i < covered.size(); i++) {
            bytes += covered.get(i).bytes();
        }
        underway.beginForce(covered);
        if (life.hasFailed()) {
            // Perhaps because of a force. That fails under this right, so whoever has the right sees it here.
            outcomes.fail(takeForced(covered), life.failure().orElseThrow());
            return List.of();
        }
        try {
            forceFile(on, bytes);
        } catch (IOException e) {
            outcomes.fail(takeForced(covered), outcomes.storageFailed("force failed", e));
            return List.of();
        } catch (Throwable t) {
            outcomes.fail(takeForced(covered), outcomes.failedBy(t));
            return List.of();
        }
        if (takeForced(covered) != covered) {
            // Closing gave them up meanwhile and has told their waiters that the outcome is unknown.
            return List.of();
        }
        try {
            publish(on, covered, bytes);
        } catch (Throwable t) {
            outcomes.fail(covered, outcomes.failedBy(t));
        }
        return covered;
    }

    private void forceFile(ActiveSegment on, long bytes) throws IOException {
        boolean isForced = false;
        OpenSegment file = on.enter();
        try {
            watch.began(file.segment());
            try {
                file.file().force(false);
                isForced = true;
            } finally {
                watch.ended(isForced, bytes);
            }
        } finally {
            on.leave();
        }
    }

    /** The rounds that were being forced; none where closing has given them up. */
    private List<Round> takeForced(List<Round> covered) {
        return underway.endForce(covered) ? covered : List.of();
    }

    private void publish(ActiveSegment on, List<Round> covered, long bytes) {
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
                outcomes.completeStages(round);
            }
        }
        on.forced(covered.size());
        intake.release(releasable);
    }

    /** The list is of no more use to whoever got it from a turn. */
    void recycle(List<Round> covered) {
        if (covered.size() <= MOST_COVERED_KEPT) {
            covered.clear();
            spareCovered.set(covered);
        }
    }

    /** Nothing is forced any more. */
    void close() {
        watch.close();
    }
}
