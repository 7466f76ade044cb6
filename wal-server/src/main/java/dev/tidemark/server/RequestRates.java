package dev.tidemark.server;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How many requests each identity may send in a second, over all of its connections: as many at once, and then one after the other as time passes.
 *
 * <p><b>Threads.</b> Any. A rate is one number, changed by compare and set.
 */
final class RequestRates {
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** With more than these, those who have not been heard of for a second are forgotten: it is as if they had never been there. */
    private static final int FORGET_ABOVE = 10_000;

    private final long intervalNanos;
    private final LongSupplier nanos;
    private final ConcurrentHashMap<String, Rate> rates = new ConcurrentHashMap<>();

    /** Without a limit, if that is 0. */
    RequestRates(int maxPerSecond, LongSupplier nanos) {
        intervalNanos = maxPerSecond == 0 ? 0 : Math.max(1, SECOND_NANOS / maxPerSecond);
        this.nanos = nanos;
    }

    /** That of this one; none where there is no limit. */
    Optional<Rate> of(String identity) {
        if (intervalNanos == 0) {
            return Optional.empty();
        }
        if (rates.size() > FORGET_ABOVE) {
            rates.values().removeIf(Rate::isUntouched);
        }
        return Optional.of(rates.computeIfAbsent(identity, unknown -> new Rate()));
    }

    /** How many are remembered. */
    int size() {
        return rates.size();
    }

    /** Of one identity. */
    final class Rate {
        /** When all that was taken is worked off, at one request in an interval. */
        private final AtomicLong paidNanos = new AtomicLong(nanos.getAsLong());

        /** Takes one request; or returns for how many nanoseconds there is none, and takes nothing. */
        long take() {
            while (true) {
                long now = nanos.getAsLong();
                long paid = paidNanos.get();
                long after = (paid - now > 0 ? paid : now) + intervalNanos;
                long tooEarly = after - now - Math.max(SECOND_NANOS, intervalNanos);
                if (tooEarly > 0) {
                    return tooEarly;
                }
                if (paidNanos.compareAndSet(paid, after)) {
                    return 0;
                }
            }
        }

        private boolean isUntouched() {
            return paidNanos.get() - nanos.getAsLong() <= 0;
        }
    }
}
