package dev.tidemark.stress;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Optional;

/**
 * Looks for threads that wait for each other in a ring, by what the JVM knows of who holds what. A lock that is tried again and again with a
 * deadline makes no ring that lasts, so looking once in a while finds what would never end.
 */
final class DeadlockWatch {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private DeadlockWatch() {}

    /** The threads in a ring, with what each of them holds and wants. */
    static Optional<String> look() {
        long[] ring = THREADS.findDeadlockedThreads();
        if (ring == null) {
            return Optional.empty();
        }
        StringBuilder text = new StringBuilder("threads wait for each other:");
        for (ThreadInfo thread : THREADS.getThreadInfo(ring, true, true)) {
            if (thread != null) {
                text.append('\n').append(thread);
            }
        }
        return Optional.of(text.toString());
    }
}
