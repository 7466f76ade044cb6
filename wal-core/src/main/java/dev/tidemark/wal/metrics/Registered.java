package dev.tidemark.wal.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Registers the meters of one store, all with its tag.
 *
 * <p><b>Threads.</b> Any.
 */
final class Registered {
    /** Names of constants as tags have them; a store has a hundred counters, and some programs open many stores. */
    private static final ClassValue<Map<Enum<?>, String>> LABELS = new ClassValue<>() {
        @Override
        protected Map<Enum<?>, String> computeValue(Class<?> kind) {
            Map<Enum<?>, String> labels = new HashMap<>();
            for (Object constant : kind.getEnumConstants()) {
                labels.put((Enum<?>) constant, ((Enum<?>) constant).name().toLowerCase(Locale.ROOT));
            }
            return Map.copyOf(labels);
        }
    };

    private final MeterRegistry registry;
    private final Tags ofStore;
    private final boolean isOwner;
    /**
     * What is shown for this store already: gathered once, since a registry can only be searched from end to end. The names alone,
     * for a gauge holds the store that it shows in memory.
     */
    private final List<Meter.Id> shown;

    /** What this has registered, by identity: a meter equals every other of its name. */
    private final Set<Meter> gauges = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

    /**
     * For one store.
     *
     * @param isOwner whether it has the directory for itself, for writing: then its gauges take the place of what a store that
     *     was open there before has left. A reader beside the writer shows gauges only where nobody does
     */
    Registered(MeterRegistry registry, String store, boolean isOwner) {
        this.registry = registry;
        this.ofStore = Tags.of("store", store);
        this.isOwner = isOwner;
        this.shown = gaugesOf(registry, ofStore);
    }

    private static List<Meter.Id> gaugesOf(MeterRegistry registry, Tags tags) {
        List<Meter.Id> found = new ArrayList<>();
        for (Meter meter : registry.getMeters()) {
            if (meter instanceof Gauge && hasTags(meter.getId(), tags)) {
                found.add(meter.getId());
            }
        }
        return found;
    }

    /** A registry may have added tags of its own. */
    private static boolean hasTags(Meter.Id id, Tags tags) {
        List<Tag> has = id.getTags();
        for (Tag tag : tags) {
            if (!has.contains(tag)) {
                return false;
            }
        }
        return true;
    }

    /** Whether what is counted arrives anywhere. A registry may be added to a composite one at any time. */
    boolean isHeard() {
        return !(registry instanceof CompositeMeterRegistry composite)
                || !composite.getRegistries().isEmpty();
    }

    Counter counter(MetricNames name) {
        return Counter.builder(name.meterName())
                .description(name.help())
                .tags(ofStore)
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
                .tags(ofStore)
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
                .tags(ofStore)
                .register(registry);
    }

    void gauge(MetricNames name, Supplier<Number> value) {
        gauge(name, ofStore, value);
    }

    void gauge(MetricNames name, String tagValue, Supplier<Number> value) {
        gauge(name, tags(name, tagValue), value);
    }

    private void gauge(MetricNames name, Tags tags, Supplier<Number> value) {
        for (Meter.Id present : shown) {
            if (present.getName().equals(name.meterName()) && hasTags(present, tags)) {
                if (!isOwner) {
                    return;
                }
                registry.remove(present);
            }
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
            for (Meter present : registry.getMeters()) {
                if (gauges.contains(present)) {
                    registry.remove(present);
                }
            }
            gauges.clear();
        }
    }

    static String label(Enum<?> value) {
        return Objects.requireNonNull(LABELS.get(value.getDeclaringClass()).get(value));
    }

    private Tags tags(MetricNames name, String value) {
        return ofStore.and(name.tag().orElseThrow(), value);
    }
}
