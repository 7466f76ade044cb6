package dev.tidemark.server;

import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes the requests of all connections have, and who waits for them to become fewer.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> A connection enters the set first and looks at the sum afterwards; who lowers the sum looks at the set afterwards. So no wake-up is lost.
 */
final class InFlight {
    private final long limitBytes;
    private final AtomicLong bytes;
    private final Set<Runnable> paused = ConcurrentHashMap.newKeySet();

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

    /** Calls back once, from any thread and perhaps at once, when there are few enough. Saying it again changes nothing. */
    void whenFewer(Runnable callback) {
        paused.add(callback);
        if (bytes.get() <= limitBytes) {
            wake();
        }
    }

    /** It need not be called back any more. */
    void leave(Runnable callback) {
        paused.remove(callback);
    }

    private void wake() {
        if (paused.isEmpty()) {
            return;
        }
        for (Iterator<Runnable> each = paused.iterator(); each.hasNext(); ) {
            Runnable callback = each.next();
            if (paused.remove(callback)) {
                callback.run();
            }
        }
    }
}
