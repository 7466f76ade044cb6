package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Threads;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.partition.Completions;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
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
 * the pool: who wants to block in a completion brings an executor. With any executor, a completion that waits for a later one of
 * its own lane waits for what runs behind it; only closing gets it out of there.
 *
 * <p><b>Threads.</b> Any. Owns {@code wal-completion-N}, started when there is work, ended when there has been none.
 *
 * <p><b>Ordering.</b> A task is in its lane's queue before the count of the lane is raised. Whoever raises it from zero hands
 * the lane on, with a ticket that works once; whoever runs the lane stops only after lowering the count to zero. So a lane
 * with tasks always has exactly one ticket or one thread in it, and tasks of a lane see what the ones before did. Only a lane that
 * was left behind when closing passed its deadline has more threads, and an order no more.
 */
final class CompletionPool implements Completions {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionPool.class);
    private static final int THREADS = 4;
    private static final int LANES_LOG = 7;
    /** So many tasks of a lane in a row; then the other lanes have a turn. */
    private static final int TURN_TASKS = 64;
    /** At most so many threads at a time run what was left behind in a lane. */
    private static final int MAX_LATE = 64;
    /** So long one of them is given; then it counts as one that hangs, too. */
    private static final long LATE_MILLIS = 100;
    /** The lane that this thread runs, of whichever store. */
    private static final ThreadLocal<@Nullable Lane> RUNNING = new ThreadLocal<>();

    private final Clock clock;
    private final Threads threads;
    private final ThreadPoolExecutor own;
    private final Optional<Executor> callers;
    private final StoreMeters meters;
    private final Lane[] lanes = new Lane[1 << LANES_LOG];

    CompletionPool(Environment environment, Optional<Executor> callers, StoreMeters meters) {
        this.clock = environment.clock();
        this.threads = environment.threads();
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

    /** Whether this thread is in the middle of a task of this pool. */
    boolean isWithin() {
        @Nullable Lane mine = RUNNING.get();
        return mine != null && mine.isOf(this);
    }

    /**
     * Waits until everything handed in has run, at most so long. What is still behind a completion that hangs is then run beside
     * it, so that nobody waits for ever for an outcome which is known. A completion that closes the store is not waited for.
     *
     * @return whether everything handed in before has run
     */
    boolean close(long maxNanos) throws InterruptedException {
        long deadlineNanos = clock.nanos() + maxNanos;
        @Nullable Lane mine = RUNNING.get();
        // What runs on a caller's executor is in no thread of ours, so each lane says itself that it has come here.
        CountDownLatch emptied = new CountDownLatch(lanes.length);
        for (Lane lane : lanes) {
            if (lane == mine || lane.count.get() == 0) {
                emptied.countDown();
            } else {
                lane.add(emptied::countDown);
            }
        }
        for (Lane lane : lanes) {
            Runnable ticket = lane.ticket.get();
            if (ticket != null) {
                // It may lie with an executor of the caller's that was stopped. It works once, wherever it is used
                // first.
                own.execute(ticket);
            }
        }
        own.shutdown();
        boolean isEmptied = emptied.await(maxNanos, TimeUnit.NANOSECONDS);
        if (isEmptied && !isWithin()) {
            return own.awaitTermination(deadlineNanos - clock.nanos(), TimeUnit.NANOSECONDS);
        }
        if (!isEmptied) {
            LOG.warn(
                    "code that depends on an append hangs, what waits behind it runs beside it: waiting={}", waiting());
        }
        for (Lane lane : lanes) {
            if (!isEmptied || lane == mine) {
                lane.leaveBehind();
            }
        }
        return false;
    }

    private final class Lane implements Runnable {
        private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private final AtomicInteger count = new AtomicInteger();
        /** What was handed to an executor and has not been used. */
        private final AtomicReference<@Nullable Runnable> ticket = new AtomicReference<>();
        /** Whether the thread that has the lane may never come back to it. */
        private volatile boolean isLeftBehind;

        boolean isOf(CompletionPool pool) {
            return pool == CompletionPool.this;
        }

        /** The store's own threads lose no task, and so need no ticket. */
        @Override
        public void run() {
            runTasks();
        }

        void add(Runnable task) {
            tasks.add(task);
            if (count.getAndIncrement() == 0) {
                handOn();
            } else if (isLeftBehind) {
                runBeside();
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

        /** Runs what waits here, and what comes, on other threads. The one that has the lane finds the queue empty and counts down. */
        void leaveBehind() {
            isLeftBehind = true;
            runBeside();
        }

        private void runBeside() {
            if (!tasks.isEmpty()) {
                startLate(this::runWhoeverHangs);
            }
        }

        private void startLate(Runnable work) {
            try {
                threads.newThread("wal-completion-late", work).start();
            } catch (Throwable e) {
                LOG.warn("completions are left to the one that hangs: waiting={}", count.get(), e);
            }
        }

        /** The next one may hang as the first did: both wait for the last, say. */
        private void runWhoeverHangs() {
            for (int started = 0; started < MAX_LATE && !tasks.isEmpty(); started++) {
                CountDownLatch isThrough = new CountDownLatch(1);
                startLate(() -> {
                    runWaiting();
                    isThrough.countDown();
                });
                try {
                    if (isThrough.await(LATE_MILLIS, TimeUnit.MILLISECONDS)) {
                        return;
                    }
                } catch (InterruptedException e) {
                    // Nobody interrupts it but code that interrupts every thread, which wants them to end.
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }

        private void runWaiting() {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                runOne(task);
            }
        }

        private void runTasks() {
            @Nullable Lane before = RUNNING.get();
            RUNNING.set(this);
            try {
                runTurn();
            } finally {
                restore(before);
            }
        }

        private void restore(@Nullable Lane before) {
            if (before == null) {
                RUNNING.remove();
            } else {
                RUNNING.set(before);
            }
        }

        private void runTurn() {
            // An executor of the caller's may run what it is given at once, in this thread, and the store's own does so
            // after it was shut down: handing on would nest ever deeper.
            for (int done = 0; done < TURN_TASKS || callers.isPresent() || own.isShutdown(); done++) {
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
