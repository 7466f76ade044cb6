package dev.tidemark.crash;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.engine.SteppedEngine;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Threads;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;

/**
 * The real store, run by one thread: recovery and closing happen inside the call, the turns of flushers when they are asked for,
 * timers when the clock is moved. So the same seed gives the same operations on the disk.
 *
 * <p><b>Threads.</b> One.
 */
public final class SteppedStore implements AutoCloseable {

    /** Threads that have done their work when {@code start} returns. */
    private static final Threads INLINE = (name, task) -> {
        if (!name.startsWith("wal-recovery") && !name.startsWith("wal-closer")) {
            throw new IllegalStateException("a thread that nobody steps: name=" + name);
        }
        return new Thread(task, name) {
            @Override
            public void start() {
                task.run();
            }
        };
    };

    /** Of hundreds of thousands of openings, nobody looks at the metrics of any; registering them is a seventh of the work. */
    private static final MeterRegistry UNHEARD = unheard();

    private final Engine engine;
    private final ManualClock clock;
    private final Deque<Runnable> turns;

    private SteppedStore(Engine engine, ManualClock clock, Deque<Runnable> turns) {
        this.engine = engine;
        this.clock = clock;
        this.turns = turns;
    }

    /** What every stepped store needs of its configuration. */
    public static WalConfig.Builder stepped(WalConfig.Builder config) {
        return config.completionExecutor(Runnable::run)
                .flusherThreads(1)
                .recoveryThreads(1)
                .meters(UNHEARD);
    }

    private static MeterRegistry unheard() {
        MeterRegistry registry = new CompositeMeterRegistry();
        registry.config().meterFilter(MeterFilter.deny());
        return registry;
    }

    public static SteppedStore open(Disk disk, WalConfig config, ManualClock clock, long seed) {
        Deque<Runnable> turns = new ArrayDeque<>();
        Environment environment = new Environment(disk, clock, clock, INLINE, new SplittableRandom(seed));
        return new SteppedStore(SteppedEngine.open(config, environment, turns::add), clock, turns);
    }

    public Engine engine() {
        return engine;
    }

    public ManualClock clock() {
        return clock;
    }

    /** Does the turn that has waited longest; says whether there was one. */
    public boolean step() {
        Runnable turn = turns.poll();
        if (turn == null) {
            return false;
        }
        turn.run();
        return true;
    }

    /** Does turns until there is none. */
    public void settle() {
        boolean more = true;
        while (more) {
            more = step();
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}
