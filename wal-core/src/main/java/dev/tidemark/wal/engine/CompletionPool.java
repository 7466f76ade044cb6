package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.partition.Completions;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs completions: in order within a stripe, stripes beside each other. Where the caller brought an executor it does the
 * running; what that one refuses is run by the store's own threads, so a completion is never lost.
 *
 * <p>Stripes share a fixed number of lanes. A completion that blocks holds up its lane, and a few of them that block hold up
 * the pool: who wants to block in a completion brings an executor.
 *
 * <p><b>Threads.</b> Any. Owns {@code wal-completion-N}, started when there is work, ended when there has been none.
 *
 * <p><b>Ordering.</b> A task is in its lane's queue before the count of the lane is raised. Whoever raises it from zero hands
 * the lane on, with a ticket that works once; whoever runs the lane stops only after lowering the count to zero. So a lane
 * with tasks always has exactly one ticket or one thread in it, and tasks of a lane see what the ones before did.
 */
final class CompletionPool implements Completions {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionPool.class);
    private static final int THREADS = 4;
    private static final int LANES_LOG = 7;
    /** So many tasks of a lane in a row; then the other lanes have a turn. */
    private static final int TURN_TASKS = 64;

    private final ThreadPoolExecutor own;
    private final Optional<Executor> callers;
    private final StoreMeters meters;
    private final Lane[] lanes = new Lane[1 << LANES_LOG];

    CompletionPool(Environment environment, Optional<Executor> callers, StoreMeters meters) {
        this.callers = callers;
        this.meters = meters;
        own = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                FlusherPool.IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                environment.threads().factory("wal-completion"),
                // Late outcomes of what hung while the store was closed. Nobody else is left to tell them.
                (task, pool) -> task.run());
        own.allowCoreThreadTimeOut(true);
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane();
        }
    }

    @Override
    public void execute(int stripe, Runnable task) {
        // The multiplication spreads neighbouring numbers over the upper bits.
        lanes[(stripe * 0x9E3779B9) >>> (Integer.SIZE - LANES_LOG)].add(task);
    }

    /** Tasks that wait, or run. */
    int waiting() {
        int sum = 0;
        for (Lane lane : lanes) {
            sum += lane.count.get();
        }
        return sum;
    }

    /**
     * Waits until everything handed in has run, at most so long.
     *
     * @return whether it has
     */
    boolean close(long maxNanos) throws InterruptedException {
        for (Lane lane : lanes) {
            Runnable ticket = lane.ticket.get();
            if (ticket != null) {
                // It may lie with an executor of the caller's that was stopped. It works once, wherever it is used
                // first.
                own.execute(ticket);
            }
        }
        own.shutdown();
        return own.awaitTermination(maxNanos, TimeUnit.NANOSECONDS) && waiting() == 0;
    }

    private final class Lane implements Runnable {
        private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private final AtomicInteger count = new AtomicInteger();
        /** What was handed to an executor and has not been used. */
        private final AtomicReference<@Nullable Runnable> ticket = new AtomicReference<>();

        /** The store's own threads lose no task, and so need no ticket. */
        @Override
        public void run() {
            runTasks();
        }

        void add(Runnable task) {
            tasks.add(task);
            if (count.getAndIncrement() == 0) {
                handOn();
            }
        }

        private void handOn() {
            if (callers.isEmpty() || own.isShutdown()) {
                own.execute(this);
            } else {
                handOnTo(callers.get());
            }
        }

        private void handOnTo(Executor executor) {
            Runnable next = new Runnable() {
                @Override
                public void run() {
                    if (ticket.compareAndSet(this, null)) {
                        runTasks();
                    }
                }
            };
            ticket.set(next);
            if (!callersTake(executor, next)) {
                own.execute(next);
            }
        }

        private void runTasks() {
            // An executor of the caller's may run what it is given at once, in this thread: handing on would nest ever
            // deeper.
            for (int done = 0; done < TURN_TASKS || callers.isPresent(); done++) {
                Runnable task = tasks.poll();
                if (task != null) {
                    runOne(task);
                }
                if (count.decrementAndGet() == 0) {
                    return;
                }
            }
            handOn();
        }
    }

    private static boolean callersTake(Executor executor, Runnable ticket) {
        try {
            executor.execute(ticket);
            return true;
        } catch (Throwable e) {
            // Any: it is the caller's code, and this thread may hold a right to write or force.
            LOG.warn("the completion executor refused a task; a thread of the store runs it: cause={}", e.toString());
            return false;
        }
    }

    private void runOne(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            meters.completionFailed();
            LOG.warn("code that depends on an append threw", e);
        }
    }
}
