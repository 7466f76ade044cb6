package dev.tidemark.wal.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Registers the meters of one store, all with its tag.
 *
 * <p><b>Threads.</b> Any.
 */
final class Registered {
    private final MeterRegistry registry;
    private final String store;
    private final boolean isOwner;
    private final List<Meter> gauges = Collections.synchronizedList(new ArrayList<>());

    /**
     * For one store.
     *
     * @param isOwner whether it has the directory for itself, for writing: then its gauges take the place of what a store that
     *     was open there before has left. A reader beside the writer shows gauges only where nobody does
     */
    Registered(MeterRegistry registry, String store, boolean isOwner) {
        this.registry = registry;
        this.store = store;
        this.isOwner = isOwner;
    }

    /** Whether what is counted arrives anywhere. A registry may be added to a composite one at any time. */
    boolean isHeard() {
        return !(registry instanceof CompositeMeterRegistry composite)
                || !composite.getRegistries().isEmpty();
    }

    Counter counter(MetricNames name) {
        return Counter.builder(name.meterName())
                .description(name.help())
                .tags(tags())
                .register(registry);
    }

    Counter counter(MetricNames name, String value) {
        return Counter.builder(name.meterName())
                .description(name.help())
                .tags(tags(name, value))
                .register(registry);
    }

    Timer timer(MetricNames name) {
        return Timer.builder(name.meterName())
                .description(name.help())
                .tags(tags())
                .register(registry);
    }

    Timer timer(MetricNames name, String value) {
        return Timer.builder(name.meterName())
                .description(name.help())
                .tags(tags(name, value))
                .register(registry);
    }

    DistributionSummary summary(MetricNames name) {
        return DistributionSummary.builder(name.meterName())
                .description(name.help())
                .tags(tags())
                .register(registry);
    }

    void gauge(MetricNames name, Supplier<Number> value) {
        gauge(name, tags(), value);
    }

    void gauge(MetricNames name, String tagValue, Supplier<Number> value) {
        gauge(name, tags(name, tagValue), value);
    }

    private void gauge(MetricNames name, Tags tags, Supplier<Number> value) {
        Meter present = registry.find(name.meterName()).tags(tags).meter();
        if (present != null) {
            if (!isOwner) {
                return;
            }
            registry.remove(present);
        }
        gauges.add(Gauge.builder(name.meterName(), value)
                .description(name.help())
                .tags(tags)
                .register(registry));
    }

    <K extends Enum<K>> Map<K, Counter> counters(MetricNames name, Class<K> kind) {
        Map<K, Counter> found = new EnumMap<>(kind);
        for (K key : kind.getEnumConstants()) {
            found.put(key, counter(name, label(key)));
        }
        return found;
    }

    <K extends Enum<K>> Map<K, Timer> timers(MetricNames name, Class<K> kind) {
        Map<K, Timer> found = new EnumMap<>(kind);
        for (K key : kind.getEnumConstants()) {
            found.put(key, timer(name, label(key)));
        }
        return found;
    }

    /**
     * Takes the gauges out of the registry. A gauge of a closed store would hold it in memory. Counters and timers stay: they
     * only grow. Gauges of the next store in this directory stay, too: it may be open by now.
     */
    void removeGauges() {
        synchronized (gauges) {
            gauges.forEach(this::removeOwn);
            gauges.clear();
        }
    }

    private void removeOwn(Meter gauge) {
        Meter present = registry.find(gauge.getId().getName())
                .tags(gauge.getId().getTags())
                .meter();
        if (present == gauge) {
            registry.remove(gauge);
        }
    }

    static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private Tags tags() {
        return Tags.of("store", store);
    }

    private Tags tags(MetricNames name, String value) {
        return tags().and(name.tag().orElseThrow(), value);
    }
}
