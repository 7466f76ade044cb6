package dev.tidemark.leak;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class of the network beside which a buffer was lost: one that nobody holds any more, and nobody has released. Netty's detector, which the build runs at its highest level, only writes
 * that into the log, where nobody has to read it.
 *
 * <p>It is there for all tests without being named by them: {@code junit-platform.properties} and {@code META-INF/services}. It is loaded before any of Netty's classes, so all of
 * Netty's detectors are made by it.
 *
 * <p><b>Threads.</b> Any thread may track a buffer or find a leak.
 */
public final class LeakWatch implements AfterAllCallback {
    private static final long PATIENCE_MILLIS = 60_000;
    private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();
    /** Whether there was a buffer since somebody looked last. Many classes have none, and looking takes a collection. */
    private static final AtomicBoolean IS_USED = new AtomicBoolean();

    static {
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
    }

    private static final class Detectors extends ResourceLeakDetectorFactory {
        @Override
        @SuppressWarnings("deprecation") // the one that is abstract
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> type, int interval, long maxActive) {
            return new Detector<>(type, interval);
        }

        @Override
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> type, int interval) {
            return new Detector<>(type, interval);
        }
    }

    private static final class Detector<T> extends ResourceLeakDetector<T> {
        Detector(Class<?> type, int interval) {
            super(type, interval);
        }

        @Override
        public ResourceLeakTracker<T> track(T resource) {
            ResourceLeakTracker<T> tracker = super.track(resource);
            if (tracker != null) {
                IS_USED.setPlain(true);
            }
            return tracker;
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String type, String records) {
            FOUND.add(type + records);
            if (!isPlanned(records)) {
                super.reportTracedLeak(type, records);
            }
        }

        @Override
        protected void reportUntracedLeak(String type) {
            FOUND.add(type);
            super.reportUntracedLeak(type);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (!isOfTheNetwork(context) || !IS_USED.getAndSet(false)) {
            return;
        }
        List<String> leaks = leaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError("buffers were lost, by this class or one before it: " + leaks);
        }
    }

    /** Tests of the log kill it by leaving it where it is, with the buffers that it has: these are lost on purpose. */
    private static boolean isOfTheNetwork(ExtensionContext context) {
        String name = context.getRequiredTestClass().getPackageName();
        return name.startsWith("dev.tidemark.client")
                || name.startsWith("dev.tidemark.server")
                || name.startsWith("dev.tidemark.contract");
    }

    /** What was lost until now, and was not told before. */
    private static List<String> leaks() {
        // Twice: what the first collection has found is in its queues before anything of the second one is.
        collect();
        collect();
        // A detector looks into its queue when something new is tracked.
        PooledByteBufAllocator.DEFAULT.directBuffer(1).release();
        List<String> leaks = new ArrayList<>();
        String leak;
        while ((leak = FOUND.poll()) != null) {
            leaks.add(leak);
        }
        return leaks;
    }

    private static void collect() {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        Reference<Object> sentinel = new PhantomReference<>(new Object(), queue);
        System.gc();
        try {
            if (queue.remove(PATIENCE_MILLIS) != sentinel) {
                throw new AssertionError("the collector did not find an object that nobody holds");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while looking for leaks", e);
        }
    }

    /** Loses a buffer, and says whether that was noticed: for the test that shows, in each module, that the watch is there. */
    public static boolean noticesWhatIsLost() {
        List<String> before = leaks();
        lose();
        List<String> leaks = leaks();
        // What others have lost is theirs to answer for.
        FOUND.addAll(before);
        boolean isNoticed = false;
        for (String leak : leaks) {
            boolean isOurs = isPlanned(leak);
            isNoticed |= isOurs;
            if (!isOurs) {
                FOUND.add(leak);
            }
        }
        return isNoticed;
    }

    private static boolean isPlanned(String leak) {
        return leak.contains(LeakWatch.class.getName() + ".lose");
    }

    private static void lose() {
        ByteBuf lost = PooledByteBufAllocator.DEFAULT.directBuffer(1);
        lost.writeByte(1);
    }
}
