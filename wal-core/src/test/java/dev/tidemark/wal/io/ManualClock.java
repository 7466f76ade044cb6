package dev.tidemark.wal.io;

import java.time.Duration;
import java.util.PriorityQueue;

/**
 * Time that stands still until a test moves it, and timers that follow it.
 *
 * <p>It wakes no thread that waits in real time. What a task throws reaches the test that moved the clock.
 *
 * <p><b>Threads.</b> Any. Due tasks run in the thread that moves the clock, outside of any lock here, in the order of their
 * times, and with the clock at that time.
 */
public final class ManualClock implements Clock, Timers {

    private static final long START_MILLIS = 1_700_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final PriorityQueue<Scheduled> tasks = new PriorityQueue<>();
    private long nanos = 1_000_000_000_000L;
    private long millisAtZero = START_MILLIS - nanos / NANOS_PER_MILLI;
    private long scheduledCount;

    @Override
    public synchronized long millis() {
        return millisAtZero + nanos / NANOS_PER_MILLI;
    }

    @Override
    public synchronized long nanos() {
        return nanos;
    }

    @Override
    public synchronized Cancellable schedule(Runnable task, long delayNanos) {
        Scheduled scheduled = new Scheduled(task, nanos + Math.max(0, delayNanos), scheduledCount++);
        tasks.add(scheduled);
        return scheduled;
    }

    /** Lets time pass, and runs the tasks that become due, also those they schedule in turn. */
    public void advance(Duration time) {
        long end;
        synchronized (this) {
            end = nanos + time.toNanos();
        }
        for (Scheduled next = takeDue(end); next != null; next = takeDue(end)) {
            next.task.run();
        }
        synchronized (this) {
            nanos = Math.max(nanos, end);
        }
    }

    /** Runs what is due without letting time pass. */
    public void runDue() {
        advance(Duration.ZERO);
    }

    /** Sets the time of day, forwards or backwards, as an operator might. Elapsed time and timers do not notice. */
    public synchronized void setMillis(long millis) {
        millisAtZero = millis - nanos / NANOS_PER_MILLI;
    }

    /** How many tasks wait for their time. */
    public synchronized int waitingTasks() {
        return tasks.size();
    }

    private synchronized Scheduled takeDue(long end) {
        Scheduled next = tasks.peek();
        if (next == null || next.atNanos > end) {
            return null;
        }
        tasks.remove();
        nanos = Math.max(nanos, next.atNanos);
        return next;
    }

    private final class Scheduled implements Cancellable, Comparable<Scheduled> {
        private final Runnable task;
        private final long atNanos;
        private final long number;

        Scheduled(Runnable task, long atNanos, long number) {
            this.task = task;
            this.atNanos = atNanos;
            this.number = number;
        }

        @Override
        public boolean cancel() {
            synchronized (ManualClock.this) {
                return tasks.remove(this);
            }
        }

        @Override
        public int compareTo(Scheduled other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }
}
