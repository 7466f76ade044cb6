package dev.tidemark.wal.partition;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.StoreMeters;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Forces that begin and end beside the tick that looks for slow ones. */
public final class ForceWatchStress {
    private static final Clock CLOCK = Environment.real().clock();
    private static final PartitionMeters METERS = new StoreMeters(new CompositeMeterRegistry(), "race").partitions();
    private static final PartitionId ID = new PartitionId("orders", 0);

    private ForceWatchStress() {}

    /** A watch whose ticks run when the test says so, and what it reported. */
    private static final class Watched extends SilentEvents {
        private final ConcurrentLinkedQueue<Runnable> ticks = new ConcurrentLinkedQueue<>();
        private final AtomicInteger hangs = new AtomicInteger();
        private final AtomicInteger tooks = new AtomicInteger();
        private final ForceWatch.Slot slot;

        Watched(long slowNanos) {
            slot = new ForceWatch(
                            CLOCK,
                            (tick, delay) -> {
                                ticks.add(tick);
                                return () -> false;
                            },
                            this,
                            METERS,
                            slowNanos)
                    .slot(ID);
        }

        @Override
        public void slowForce(PartitionId partition, String file, long soFarNanos, boolean isStillRunning) {
            (isStillRunning ? hangs : tooks).incrementAndGet();
        }

        void tick() {
            Runnable tick = ticks.poll();
            if (tick != null) {
                tick.run();
            }
        }
    }

    /** A force begins while the tick finds nothing to do and stops. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "a tick will come")
    @Outcome(expect = FORBIDDEN, desc = "a force runs and nobody will look at it; or two ticks look from now on")
    @State
    public static class BeginsWhileTheTickStops {
        private final Watched watched = new Watched(Long.MAX_VALUE);

        public BeginsWhileTheTickStops() {
            watched.slot.began("a");
            watched.slot.ended(true, 0);
        }

        /** The timer. */
        @Actor
        public void timer() {
            watched.tick();
        }

        /** The holder of the force right. */
        @Actor
        public void forcer() {
            watched.slot.began("b");
        }

        /** When both are done. */
        @Arbiter
        public void look(I_Result ticks) {
            ticks.r1 = watched.ticks.size();
        }
    }

    /** A slow force ends while the tick reports it. */
    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 1"},
            expect = ACCEPTABLE,
            desc = "its length is told once, and before it perhaps that it hangs")
    @Outcome(expect = FORBIDDEN, desc = "it is told that it hangs and never how long it took, or twice")
    @State
    public static class EndsWhileItIsReported {
        private final Watched watched = new Watched(0);

        public EndsWhileItIsReported() {
            watched.slot.began("a");
        }

        /** The timer. */
        @Actor
        public void timer() {
            watched.tick();
        }

        /** The holder of the force right. */
        @Actor
        public void forcer() {
            watched.slot.ended(true, 0);
        }

        /** When both are done. */
        @Arbiter
        public void look(II_Result reports) {
            reports.r1 = watched.hangs.get();
            reports.r2 = watched.tooks.get();
        }
    }
}
