package dev.tidemark.wal.io;

/**
 * Runs tasks later.
 *
 * <p>Tasks are short and never block, do I/O or take a lock that is held across I/O: all timers of a process may share one
 * thread. What takes long is handed to a pool by the task.
 *
 * <p><b>Threads.</b> Any thread may schedule and cancel. Tasks run one after another, each on the timer's thread. What a
 * task throws goes to that thread's handler for uncaught exceptions; the timer goes on.
 */
public interface Timers {

    /**
     * Runs the task once, when the delay has passed; as soon as possible if it is not positive.
     *
     * @param delayNanos measured by the {@link Clock} of the same environment
     */
    Cancellable schedule(Runnable task, long delayNanos);

    /** A task that waits for its time. */
    interface Cancellable {

        /**
         * Prevents the task from running.
         *
         * @return whether that succeeded; {@code false} if it has run, is running, or was cancelled before
         */
        boolean cancel();
    }
}
