package dev.tidemark.server.security;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Warnings that a stranger can cause: one in ten seconds is written, with how many were left out since, so that a flood of bad connections does not become one of lines.
 *
 * <p><b>Threads.</b> Any.
 */
final class SeldomLog {
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Logger log;
    private final LongSupplier nanos;
    private final AtomicLong nextNanos;
    private final AtomicLong leftOut = new AtomicLong();

    SeldomLog(Logger log, LongSupplier nanos) {
        this.log = log;
        this.nanos = nanos;
        nextNanos = new AtomicLong(nanos.getAsLong());
    }

    void warn(String what, Object peer, String why) {
        long now = nanos.getAsLong();
        long next = nextNanos.get();
        if (now - next >= 0 && nextNanos.compareAndSet(next, now + PAUSE_NANOS)) {
            log.warn("{}: peer={} leftOut={} ({})", what, peer, leftOut.getAndSet(0), Quoted.escaped(why));
        } else {
            leftOut.incrementAndGet();
        }
    }
}
