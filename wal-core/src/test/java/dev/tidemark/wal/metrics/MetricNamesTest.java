package dev.tidemark.wal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.LifeState;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricNamesTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "metrics.md");
    private static final Pattern ROW =
            Pattern.compile("\\| `(wal\\.(?!server)[a-z.]+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]*) \\|");

    @Test
    void names_areUnique() {
        Set<String> names = new TreeSet<>();
        for (MetricNames name : MetricNames.values()) {
            assertThat(names.add(name.meterName())).as(name.meterName()).isTrue();
        }
    }

    @Test
    void document_saysWhatTheCodeSays() throws IOException {
        Map<String, String> documented = new TreeMap<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                documented.put(
                        row.group(1),
                        row.group(2) + " | " + row.group(3).strip() + " | "
                                + row.group(4).strip());
            }
        }
        Map<String, String> coded = new TreeMap<>();
        for (MetricNames name : MetricNames.values()) {
            coded.put(
                    name.meterName(),
                    Registered.label(name.kind()) + " | "
                            + name.tag().map(tag -> "`" + tag + "`").orElse("") + " | " + name.help());
        }
        assertThat(documented).isEqualTo(coded);
    }

    @Test
    void store_registersEveryMeterWithItsTagsAndNoOther() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        StoreMeters meters = new StoreMeters(registry, "/data");
        meters.partitions().lockWait("partition");
        for (MetricNames name : MetricNames.values()) {
            boolean isShownByTheStore = name.kind() == MetricNames.Kind.GAUGE
                    && name != MetricNames.PARTITIONS
                    && name != MetricNames.PARTITION_QUEUE_BYTES_MAX
                    && name != MetricNames.PRODUCERS;
            if (isShownByTheStore) {
                meters.show(name, () -> 1);
            }
        }
        meters.showPartitions(state -> state == LifeState.OPEN ? 1 : 0);
        Set<String> registered = new TreeSet<>();
        for (Meter meter : registry.getMeters()) {
            registered.add(meter.getId().getName());
            assertThat(meter.getId().getTag("store")).isEqualTo("/data");
            assertThat(meter.getId().getDescription()).isNotBlank();
        }
        assertThat(registered)
                .containsExactlyInAnyOrderElementsOf(List.of(MetricNames.values()).stream()
                        .map(MetricNames::meterName)
                        .toList());
        meters.close();
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getType())
                .doesNotContain(Meter.Type.GAUGE);
    }

    @Test
    void reopenedWithTheSameRegistry_gaugesShowTheNewStoreAndCountersGoOn() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (StoreMeters first = new StoreMeters(registry, "/data")) {
            first.show(MetricNames.FILES_OPEN, () -> 1);
            first.partitions().appended(3, 300);
        }
        try (StoreMeters second = new StoreMeters(registry, "/data")) {
            second.show(MetricNames.FILES_OPEN, () -> 2);
            second.partitions().appended(4, 400);
            assertThat(registry.get(MetricNames.FILES_OPEN.meterName()).gauge().value())
                    .isEqualTo(2);
            assertThat(registry.get(MetricNames.APPEND_RECORDS.meterName())
                            .counter()
                            .count())
                    .isEqualTo(7);
        }
    }

    @Test
    void storeBeforeIsClosedLate_gaugesOfTheNewOneStay() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        StoreMeters first = new StoreMeters(registry, "/data");
        first.show(MetricNames.FILES_OPEN, () -> 1);
        try (StoreMeters second = new StoreMeters(registry, "/data")) {
            second.show(MetricNames.FILES_OPEN, () -> 2);
            assertThat(registry.get(MetricNames.FILES_OPEN.meterName()).gauge().value())
                    .isEqualTo(2);
            first.close();
            assertThat(registry.get(MetricNames.FILES_OPEN.meterName()).gauge().value())
                    .isEqualTo(2);
        }
        assertThat(registry.find(MetricNames.FILES_OPEN.meterName()).meter()).isNull();
    }

    @Test
    void registryThatKeepsNothing_isAccepted() {
        try (StoreMeters meters = new StoreMeters(new CompositeMeterRegistry(), "/data")) {
            meters.partitions().appended(1, 1);
            meters.partitions().round(FlushReason.LEADER, 1, 1);
            meters.partitions().forced(1);
            assertThat(meters.partitions().lockWait("partition").count()).isZero();
        }
    }
}
