package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Timers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
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
    /** After so long something is tried again that could not be done when it was due. */
    private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final VarHandle ARMED;

    static {
        try {
            ARMED = MethodHandles.lookup().findVarHandle(Alarm.class, "isArmed", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Timers timers;
    private final Clock clock;
    private final RoundWriter writer;
    private final RoundQueue staged;
    private final long lingerNanos;
    private final long unforcedNanos;
    private final long proofNanos;
    private final long segmentNanos;

    private final Alarm linger;
    private final Alarm force;
    private final Alarm proof;
    private final AtomicReference<Timers.@Nullable Cancellable> segmentAge = new AtomicReference<>();
    private volatile boolean isStopped;

    Background(PartitionServices services, RoundWriter writer, RoundQueue staged) {
        this.timers = services.environment().timers();
        this.clock = services.environment().clock();
        this.writer = writer;
        this.staged = staged;
        this.lingerNanos = services.config().maxLinger().toNanos();
        this.unforcedNanos = services.config().maxUnforcedAge().toNanos();
        this.proofNanos = services.config().proofDelay().toNanos();
        this.segmentNanos = services.config().segmentAge().toNanos();
        this.linger = new Alarm(writer::handOver);
        this.force = new Alarm(writer::forceDue);
        this.proof = new Alarm(this::proofDue);
    }

    /** Whether the first round has to wait for more. */
    boolean mustLinger() {
        return lingerNanos > 0 && !isStopped && clock.nanos() - staged.lastOpenedNanos() < lingerNanos;
    }

    /** The first round waits for more: sees to it that it does not wait too long. */
    void lingers() {
        if (lingerNanos > 0) {
            long left = lingerNanos - (clock.nanos() - staged.lastOpenedNanos());
            linger.arm(left);
        }
    }

    /** A round was written that nobody wants durable now. */
    void leftUnforced() {
        force.arm(unforcedNanos);
    }

    /** The durable end has moved. */
    void becameDurable() {
        proof.arm(proofNanos);
    }

    private void proofDue() {
        long left = proofNanos - writer.quietNanos();
        if (left > 0) {
            proof.arm(left);
        } else {
            writer.proofDue();
        }
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

    /** It was due, and could not be changed at the time. */
    void segmentStaysOld() {
        segmentBegan(Math.max(0, segmentNanos - AGAIN_NANOS));
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
        linger.stop();
        force.stop();
        proof.stop();
    }

    /** One thing that becomes due some time after it was armed; armed again in between, it stays as it is. */
    private final class Alarm implements Runnable {
        private final Runnable due;

        @SuppressWarnings("unused") // by ARMED
        private volatile boolean isArmed;

        private volatile Timers.@Nullable Cancellable timer;

        Alarm(Runnable due) {
            this.due = due;
        }

        void arm(long delayNanos) {
            if (isStopped || isArmed || !ARMED.compareAndSet(this, false, true)) {
                return;
            }
            timer = timers.schedule(this, Math.max(0, delayNanos));
            if (isStopped) {
                // Stopping may have looked before there was anything to cancel.
                stop();
            }
        }

        @Override
        public void run() {
            isArmed = false;
            if (!isStopped) {
                due.run();
            }
        }

        /** Without this the timer would keep a closed partition in memory until its time has come. */
        void stop() {
            Timers.Cancellable armed = timer;
            if (armed != null) {
                armed.cancel();
            }
        }
    }
}
