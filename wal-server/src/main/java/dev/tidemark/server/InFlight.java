package dev.tidemark.server;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes the requests of all connections have, and who waits for them to become fewer.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> A connection enters the queue first and looks at the sum afterwards; who lowers the sum looks at the queue afterwards. So no wake-up is lost.
 */
final class InFlight {
    private final long limitBytes;
    private final AtomicLong bytes;
    private final ConcurrentLinkedQueue<Runnable> paused = new ConcurrentLinkedQueue<>();

    InFlight(long limitBytes, AtomicLong bytes) {
        this.limitBytes = limitBytes;
        this.bytes = bytes;
    }

    /** Takes so many; false when there are too many now, and no more should come. */
    boolean take(long more) {
        return bytes.addAndGet(more) <= limitBytes;
    }

    void give(long fewer) {
        if (fewer != 0 && bytes.addAndGet(-fewer) <= limitBytes) {
            wake();
        }
    }

    /** Calls back, from any thread and perhaps at once, when there are few enough. */
    void whenFewer(Runnable callback) {
        paused.add(callback);
        if (bytes.get() <= limitBytes) {
            wake();
        }
    }

    private void wake() {
        Runnable callback;
        while ((callback = paused.poll()) != null) {
            callback.run();
        }
    }
}
