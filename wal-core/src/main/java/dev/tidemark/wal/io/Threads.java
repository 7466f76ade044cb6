package dev.tidemark.wal.io;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where threads come from. No other class creates one, so every thread has a name and none keeps the process alive.
 *
 * <p><b>Threads.</b> Any thread may call.
 */
@FunctionalInterface
public interface Threads {

    /** A new daemon thread that has not been started. */
    Thread newThread(String name, Runnable task);

    /** For a pool: threads named {@code prefix-0}, {@code prefix-1} and so on. */
    default ThreadFactory factory(String prefix) {
        AtomicInteger next = new AtomicInteger();
        return task -> newThread(prefix + "-" + next.getAndIncrement(), task);
    }
}
