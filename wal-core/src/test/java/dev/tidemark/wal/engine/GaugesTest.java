package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.SimulatedDisk;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A gauge that throws, or whose subject is gone, shows as not a number, and nobody is told why. */
class GaugesTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @Test
    void everyGaugeOfAnOpenStore_showsANumber() {
        for (boolean isReadOnly : new boolean[] {false, true}) {
            SimulatedDisk disk = new SimulatedDisk();
            try (Engine store = open(disk, false)) {
                store.partition(new PartitionId("orders", 0)).append(new byte[100]);
            }
            try (Engine store = open(disk, isReadOnly)) {
                assertThat(store.partitions()).hasSize(1);
                assertThat(registry.getMeters()).anyMatch(Gauge.class::isInstance);
                for (Meter meter : registry.getMeters()) {
                    if (meter instanceof Gauge gauge) {
                        assertThat(gauge.value())
                                .as("%s", meter.getId())
                                .isNotNaN()
                                .isNotNegative();
                    }
                }
            }
        }
    }

    private Engine open(SimulatedDisk disk, boolean isReadOnly) {
        registry.clear();
        WalConfig config = WalConfig.builder(Path.of("/data"))
                .reserveBytes(64 << 10)
                .readOnly(isReadOnly)
                .meters(registry)
                .build();
        return Engine.open(config, Environment.real().withDisk(disk));
    }
}
