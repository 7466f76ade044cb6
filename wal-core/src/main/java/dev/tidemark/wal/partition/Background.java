package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Timers;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a partition does because time has passed: forces what nobody waits for, proves how far a quiet log is durable, seals an
 * old segment, ends a linger. A timer is armed only while there is something it could find, so a quiet partition has none but
 * the one for the age of its segment.
 *
 * <p><b>Threads.</b> Armed by whoever holds a right; due on the timer's thread, which only hands work to a flusher.
 *
 * <p><b>Ordering.</b> A timer's flag is cleared before its work looks at the state, and set after the state was changed; so what
 * happens while it fires is either seen by it or arms it again.
 */
final class Background {
    private final Timers timers;
    private final Clock clock;
    private final RoundWriter writer;
    private final Intake intake;
    private final long lingerNanos;
    private final long unforcedNanos;
    private final long proofNanos;
    private final long segmentNanos;

    private final AtomicBoolean isLingerArmed = new AtomicBoolean();
    private final AtomicBoolean isForceArmed = new AtomicBoolean();
    private final AtomicBoolean isProofArmed = new AtomicBoolean();
    private final AtomicReference<Timers.@Nullable Cancellable> segmentAge = new AtomicReference<>();
    private final Runnable proofDue = this::proofDue;
    private volatile boolean isStopped;

    Background(PartitionServices services, RoundWriter writer, Intake intake) {
        this.timers = services.environment().timers();
        this.clock = services.environment().clock();
        this.writer = writer;
        this.intake = intake;
        this.lingerNanos = services.config().maxLinger().toNanos();
        this.unforcedNanos = services.config().maxUnforcedAge().toNanos();
        this.proofNanos = services.config().proofDelay().toNanos();
        this.segmentNanos = services.config().segmentAge().toNanos();
    }

    /** Whether the first round has to wait for more. */
    boolean mustLinger() {
        return lingerNanos > 0 && !isStopped && clock.nanos() - intake.firstOpenedNanos() < lingerNanos;
    }

    /** The first round waits for more: sees to it that it does not wait too long. */
    void lingers() {
        if (lingerNanos > 0) {
            long left = lingerNanos - (clock.nanos() - intake.firstOpenedNanos());
            arm(isLingerArmed, left, writer::handOver);
        }
    }

    /** A round was written that nobody wants durable now. */
    void leftUnforced() {
        arm(isForceArmed, unforcedNanos, writer::forceDue);
    }

    /** The durable end has moved. */
    void becameDurable() {
        arm(isProofArmed, proofNanos, proofDue);
    }

    private void proofDue() {
        long left = proofNanos - writer.quietNanos();
        if (left > 0) {
            arm(isProofArmed, left, proofDue);
        } else {
            writer.proofDue();
        }
    }

    private void arm(AtomicBoolean flag, long delayNanos, Runnable due) {
        if (isStopped || flag.get() || !flag.compareAndSet(false, true)) {
            return;
        }
        timers.schedule(
                () -> {
                    flag.set(false);
                    if (!isStopped) {
                        due.run();
                    }
                },
                Math.max(0, delayNanos));
    }

    /** The segment has got its first record. */
    void segmentBegan(long alreadyNanos) {
        Timers.Cancellable timer = timers.schedule(this::segmentIsOld, Math.max(0, segmentNanos - alreadyNanos));
        replaceSegmentTimer(timer);
    }

    private void segmentIsOld() {
        if (!isStopped) {
            writer.rotateForAge();
        }
    }

    /** Another segment is in use. */
    void segmentEnded() {
        replaceSegmentTimer(null);
    }

    private void replaceSegmentTimer(Timers.@Nullable Cancellable timer) {
        Timers.Cancellable before = segmentAge.getAndSet(timer);
        if (before != null) {
            before.cancel();
        }
    }

    /** Nothing becomes due any more. */
    void stop() {
        isStopped = true;
        replaceSegmentTimer(null);
    }
}
