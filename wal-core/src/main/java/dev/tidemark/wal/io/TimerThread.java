package dev.tidemark.wal.io;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks later, on one thread, which is started by the first task. It sleeps until the next one is due, however far off that
 * is: the age of a quiet segment is a timer of days, and must not cost a wake-up on the way. When nothing is waiting it
 * ends after a while. (The JDK's scheduled executor has either a thread for good, or one that looks around whenever that while
 * has passed.)
 *
 * <p><b>Threads.</b> Any. The lock is held for changes of the list only, never while a task runs.
 *
 * <p><b>Ordering.</b> The thread says that it ends under the lock under which it found nothing to do, so a task that comes later
 * starts another one.
 */
final class TimerThread implements Timers {
    private final Clock clock;
    private final Threads threads;
    private final String name;
    private final long idleNanos;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    @GuardedBy("lock")
    private final TreeSet<Task> waiting = new TreeSet<>();

    @GuardedBy("lock")
    private long scheduled;

    @GuardedBy("lock")
    private boolean isRunning;

    /**
     * Starts nothing yet.
     *
     * @param idleNanos how long the thread stays without a task
     */
    TimerThread(Clock clock, Threads threads, String name, long idleNanos) {
        this.clock = clock;
        this.threads = threads;
        this.name = name;
        this.idleNanos = idleNanos;
    }

    @Override
    public Cancellable schedule(Runnable work, long delayNanos) {
        lock.lock();
        try {
            Task task = new Task(work, clock.nanos() + Math.max(0, delayNanos), scheduled++);
            if (!isRunning) {
                start();
            }
            waiting.add(task);
            if (waiting.first() == task) {
                changed.signal();
            }
            return task;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void start() {
        threads.newThread(name, this::run).start();
        isRunning = true;
    }

    /** Tasks that wait for their time. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        boolean isIdle = false;
        try {
            for (Task task = next(); task != null; task = next()) {
                task.work.run();
            }
            isIdle = true;
        } finally {
            if (!isIdle) {
                replace();
            }
        }
    }

    /** A task threw, which this thread's handler is told when it ends now. The tasks behind it get another thread. */
    private void replace() {
        lock.lock();
        try {
            isRunning = false;
            if (!waiting.isEmpty()) {
                start();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next task when its time has come; nothing when there has been none for long enough, and the thread ends. */
    private @Nullable Task next() {
        lock.lock();
        try {
            long idleUntilNanos = clock.nanos() + idleNanos;
            while (true) {
                long nowNanos = clock.nanos();
                boolean isIdle = waiting.isEmpty();
                long leftNanos = (isIdle ? idleUntilNanos : waiting.first().dueNanos) - nowNanos;
                if (leftNanos <= 0) {
                    isRunning = !isIdle;
                    return waiting.pollFirst();
                }
                try {
                    changed.awaitNanos(leftNanos);
                } catch (InterruptedException e) {
                    // A task's doing. Nothing here is ended by an interrupt: the loop looks again.
                    assert lock.isHeldByCurrentThread();
                }
                if (!isIdle) {
                    idleUntilNanos = clock.nanos() + idleNanos;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private final class Task implements Cancellable, Comparable<Task> {
        private final Runnable work;
        private final long dueNanos;
        private final long number;

        Task(Runnable work, long dueNanos, long number) {
            this.work = work;
            this.dueNanos = dueNanos;
            this.number = number;
        }

        @Override
        public boolean cancel() {
            lock.lock();
            try {
                boolean isCancelled = waiting.remove(this);
                if (waiting.isEmpty()) {
                    // Else the thread would sleep on until the cancelled task's time, which may be days.
                    changed.signal();
                }
                return isCancelled;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public int compareTo(Task other) {
            // By their difference: the clock's numbers may run over.
            long difference = dueNanos - other.dueNanos;
            return difference != 0 ? Long.signum(difference) : Long.compare(number, other.number);
        }
    }
}
