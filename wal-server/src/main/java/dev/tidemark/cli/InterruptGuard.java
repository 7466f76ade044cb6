package dev.tidemark.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command end in order when the process is asked to stop (Ctrl-C, SIGTERM): the JVM waits a moment until the command is done, and then
 * ends with the exit code that the signal has by convention.
 *
 * <p><b>Threads.</b> The command's thread opens and closes it. What is to be done when the command does not stop runs in a thread of the JVM's, beside
 * the command.
 */
public final class InterruptGuard implements AutoCloseable {
    private final CountDownLatch done = new CountDownLatch(1);
    private final Runnable first;
    private final Duration patience;
    private final Runnable otherwise;
    private final Thread hook;
    private volatile boolean isInterrupted;

    /**
     * Watches from now on.
     *
     * @param first what makes the command stop, where looking at {@link #isInterrupted()} is not enough
     * @param patience how long the command may take to end
     * @param otherwise what to do when it has not, as when it waits for input
     */
    public InterruptGuard(Runnable first, Duration patience, Runnable otherwise) {
        this.first = first;
        this.patience = patience;
        this.otherwise = otherwise;
        this.hook = new Thread(this::stop, "cli-interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** With nothing to be done but to notice, which takes a command that looks now and then two seconds at most. */
    static InterruptGuard noticed() {
        return new InterruptGuard(() -> {}, Duration.ofSeconds(2), () -> {});
    }

    /** Whether the command should stop. */
    public boolean isInterrupted() {
        return isInterrupted;
    }

    private void stop() {
        isInterrupted = true;
        first.run();
        try {
            if (!done.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                otherwise.run();
            }
        } catch (InterruptedException e) {
            otherwise.run();
        }
    }

    /** The command is done. */
    @Override
    public void close() {
        done.countDown();
        if (isInterrupted) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The signal came just now; the hook finds the command done.
            isInterrupted = true;
        }
    }
}
