package dev.tidemark.server.status;

import dev.tidemark.wal.metrics.MetricNames;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** What the meters of the store say, over all values of their tags. */
final class Counted {
    private final MeterRegistry meters;

    Counted(MeterRegistry meters) {
        this.meters = meters;
    }

    JsonObject json() {
        Totals forces = timers(MetricNames.FORCE);
        return new JsonObject()
                .put("records", counter(MetricNames.APPEND_RECORDS))
                .put("bytes", counter(MetricNames.APPEND_BYTES))
                .put("forces", forces.count)
                .put("forceSeconds", forces.seconds)
                .put("forceMaxSeconds", forces.maxSeconds)
                .put("slowForces", counter(MetricNames.SLOW_FORCES))
                .put("failures", counter(MetricNames.FAILURES))
                .put("queueBytes", gauge(MetricNames.QUEUE_BYTES))
                .put("filesOpen", gauge(MetricNames.FILES_OPEN))
                .put("isReserveWhole", gauge(MetricNames.RESERVE_WHOLE) != 0);
    }

    private double counter(MetricNames name) {
        return meters.find(name.meterName()).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    /** Not a number where there is none. */
    private double gauge(MetricNames name) {
        return meters.find(name.meterName()).gauges().stream()
                .mapToDouble(Gauge::value)
                .reduce(Double::sum)
                .orElse(Double.NaN);
    }

    private Totals timers(MetricNames name) {
        Totals all = new Totals(0, 0, 0);
        for (Timer timer : meters.find(name.meterName()).timers()) {
            all = new Totals(
                    all.count + timer.count(),
                    all.seconds + timer.totalTime(TimeUnit.SECONDS),
                    Math.max(all.maxSeconds, timer.max(TimeUnit.SECONDS)));
        }
        return all;
    }

    private record Totals(long count, double seconds, double maxSeconds) {}
}
