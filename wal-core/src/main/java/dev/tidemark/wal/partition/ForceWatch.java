package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Timers;
import dev.tidemark.wal.metrics.ForceEvent;
import dev.tidemark.wal.metrics.PartitionMeters;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Times every force, and reports one that takes too long while it still hangs.
 *
 * <p>A timer for each force would cost about as much as the rest of a round. Instead each partition has a {@link Slot} in
 * which it notes when a force begins, and one tick for the whole store looks through the slots from time to time. The tick is
 * armed by the first force and goes on only while it finds one under way: a store at rest has no timer.
 *
 * <p><b>Threads.</b> Any number of slots; a slot is used by one thread at a time, the holder of its partition's force right.
 * The tick runs on the timer's thread.
 *
 * <p><b>Ordering.</b> A force is noted in its slot before {@code armed} is read, and the tick clears {@code armed} before it
 * looks through the slots a last time. So of a force that begins and a tick that is about to stop, at least one sees the
 * other.
 */
public final class ForceWatch {
    /** How often the tick looks; a hanging force is reported so much later than it could be. */
    static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Clock clock;
    private final Timers timers;
    private final Events events;
    private final PartitionMeters meters;
    private final long slowNanos;
    private final Set<Slot> slots = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean armed = new AtomicBoolean();

    /** One for a store. */
    public ForceWatch(Clock clock, Timers timers, Events events, PartitionMeters meters, long slowNanos) {
        this.clock = clock;
        this.timers = timers;
        this.events = events;
        this.meters = meters;
        this.slowNanos = slowNanos;
    }

    /** A slot for the forces of one partition; closed with it. */
    public Slot slot(PartitionId partition) {
        Slot slot = new Slot(partition);
        slots.add(slot);
        return slot;
    }

    private void arm() {
        if (!armed.get() && armed.compareAndSet(false, true)) {
            timers.schedule(this::tick, Math.min(TICK_NANOS, slowNanos));
        }
    }

    private void tick() {
        boolean anyRunning = lookThrough();
        if (!anyRunning) {
            armed.set(false);
            // A force that began since saw the tick armed and did not arm it.
            if (!isAnyRunning() || !armed.compareAndSet(false, true)) {
                return;
            }
        }
        timers.schedule(this::tick, Math.min(TICK_NANOS, slowNanos));
    }

    private boolean lookThrough() {
        boolean anyRunning = false;
        for (Slot slot : slots) {
            anyRunning |= slot.lookAt();
        }
        return anyRunning;
    }

    private boolean isAnyRunning() {
        for (Slot slot : slots) {
            if (slot.isRunning()) {
                return true;
            }
        }
        return false;
    }

    /** The force of one partition that is under way, if any. */
    public final class Slot implements AutoCloseable {
        private static final long PHASES = 4;
        private static final long IDLE = 0;
        private static final long RUNNING = 1;
        private static final long REPORTED = 2;

        private final PartitionId partition;
        /** Number of the force times {@link #PHASES}, plus its phase. The number keeps a tick from reporting a later force. */
        private final AtomicLong state = new AtomicLong(IDLE);

        private volatile long beganNanos;
        private volatile Object file = "";
        private @Nullable ForceEvent event;

        private Slot(PartitionId partition) {
            this.partition = partition;
        }

        /**
         * A force begins.
         *
         * @param what its file; the text of it is taken when the force is slow
         */
        public void began(Object what) {
            event = ForceEvent.beginIfRecorded();
            file = what;
            beganNanos = clock.nanos();
            state.set((state.get() / PHASES + 1) * PHASES + RUNNING);
            arm();
        }

        /**
         * It returned.
         *
         * @param bytes what it covered, for the flight recorder
         * @return how long it took
         */
        public long ended(boolean succeeded, long bytes) {
            long tookNanos = clock.nanos() - beganNanos;
            long before = state.get();
            while (!state.compareAndSet(before, before / PHASES * PHASES + IDLE)) {
                before = state.get();
            }
            meters.forced(tookNanos);
            boolean wasReported = before % PHASES == REPORTED;
            if (wasReported || tookNanos >= slowNanos) {
                if (!wasReported) {
                    meters.slowForce();
                }
                events.slowForce(partition, file.toString(), tookNanos, false);
            }
            ForceEvent begun = event;
            if (begun != null) {
                event = null;
                begun.partition = partition.toString();
                begun.file = file.toString();
                begun.bytes = bytes;
                begun.succeeded = succeeded;
                begun.commit();
            }
            return tookNanos;
        }

        /** No more forces. */
        @Override
        public void close() {
            slots.remove(this);
        }

        private boolean isRunning() {
            return state.get() % PHASES != IDLE;
        }

        /** Reports the force under way if it is slow and was not reported; says whether there is one. */
        private boolean lookAt() {
            long seen = state.get();
            if (seen % PHASES == IDLE) {
                return false;
            }
            Object slowFile = file;
            long soFarNanos = clock.nanos() - beganNanos;
            if (seen % PHASES == RUNNING
                    && soFarNanos >= slowNanos
                    && state.compareAndSet(seen, seen - RUNNING + REPORTED)) {
                meters.slowForce();
                events.slowForce(partition, slowFile.toString(), soFarNanos, true);
            }
            return true;
        }
    }
}
