package dev.tidemark.wal.io;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Holds one call on a simulated disk until a test lets it go on, so that the test decides what happens meanwhile.
 *
 * <p><b>Threads.</b> Any.
 */
public final class Gate implements AutoCloseable {

    /** Where a call is held. */
    public enum Position {
        /** When it has begun, before it has any effect. A force covers what was written before this. */
        BEFORE_EFFECT,
        /** When all is done but to return. */
        AFTER_EFFECT
    }

    // Only so that a broken test ends; a test that works opens its gates.
    private static final Duration LONGEST_HOLD = Duration.ofSeconds(60);

    private final Position position;
    private final CallMatch calls;
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);
    private long counted;

    Gate(Position position, CallMatch calls) {
        this.position = position;
        this.calls = calls;
    }

    /** Waits until the call is held here. */
    public void awaitArrival(Duration deadline) {
        if (!await(arrived, deadline)) {
            throw new AssertionError("nobody came to the gate within " + deadline + ": " + calls);
        }
    }

    /** Whether a call was or is held here. */
    public boolean hasArrival() {
        return arrived.getCount() == 0;
    }

    /** Lets the call go on. Later ones are not held. */
    public void open() {
        opened.countDown();
    }

    @Override
    public void close() {
        open();
    }

    /** Counts a call, under the disk's monitor; says whether it is to be held. */
    boolean stops(Operation.Call call) {
        return calls.counts(call.kind, call.path) && calls.hits(++counted) && opened.getCount() > 0;
    }

    boolean isAt(Position here) {
        return position == here;
    }

    void hold() {
        arrived.countDown();
        if (!await(opened, LONGEST_HOLD)) {
            throw new AssertionError("the gate was not opened within " + LONGEST_HOLD + ": " + calls);
        }
    }

    /** Like a disk, it does not care about interrupts. */
    private static boolean await(CountDownLatch latch, Duration deadline) {
        boolean interrupted = false;
        long end = System.nanoTime() + deadline.toNanos();
        try {
            while (true) {
                try {
                    return latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
