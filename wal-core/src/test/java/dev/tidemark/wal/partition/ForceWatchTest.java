package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.metrics.MetricNames;
import dev.tidemark.wal.metrics.StoreMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForceWatchTest {
    private final ManualClock clock = new ManualClock();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<String> reports = new ArrayList<>();
    private final ForceWatch watch = new ForceWatch(
            clock,
            clock,
            new SilentEvents() {
                @Override
                public void slowForce(PartitionId partition, String file, long soFarNanos, boolean isStillRunning) {
                    reports.add(file
                            + (isStillRunning ? " hangs " : " took ")
                            + Duration.ofNanos(soFarNanos).toMillis());
                }
            },
            new StoreMeters(registry, "test").partitions(),
            Duration.ofSeconds(1).toNanos());
    private final ForceWatch.Slot slot = watch.slot(new PartitionId("orders", 0));

    @Test
    void forceHangs_isReportedWhileItHangsAndAgainWithItsLength() {
        slot.began("a.seg");
        clock.advance(Duration.ofMillis(900));
        assertThat(reports).isEmpty();
        clock.advance(Duration.ofMillis(400));
        assertThat(reports).containsExactly("a.seg hangs 1000");
        clock.advance(Duration.ofSeconds(7));
        assertThat(reports).as("once while it hangs").hasSize(1);
        slot.ended(true, 0);
        assertThat(reports).containsExactly("a.seg hangs 1000", "a.seg took 8300");
        assertThat(slowForces()).isEqualTo(1);
    }

    @Test
    void slowForceEndsBetweenTwoTicks_isReportedOnce() {
        ForceWatch.Slot other = watch.slot(new PartitionId("orders", 1));
        other.began("b.seg");
        clock.advance(Duration.ofMillis(100));
        slot.began("a.seg");
        other.ended(true, 0);
        clock.advance(Duration.ofMillis(900));
        slot.ended(true, 0);
        clock.advance(Duration.ofMillis(200));
        assertThat(reports).isEmpty();
        slot.began("a.seg");
        clock.advance(Duration.ofMillis(990));
        slot.ended(true, 0);
        assertThat(reports).as("neither was slow, though together they were").isEmpty();
        assertThat(registry.get(MetricNames.FORCE.meterName()).timer().count()).isEqualTo(3);
    }

    @Test
    void noForceUnderWay_noTimerIsArmed() {
        assertThat(clock.waitingTasks()).isZero();
        slot.began("a.seg");
        assertThat(clock.waitingTasks()).isEqualTo(1);
        slot.ended(true, 0);
        clock.advance(Duration.ofMillis(300));
        assertThat(clock.waitingTasks()).isZero();
    }

    @Test
    void manyForcesInARow_shareOneTimer() {
        for (int i = 0; i < 1_000; i++) {
            slot.began("a.seg");
            clock.advance(Duration.ofMillis(1));
            slot.ended(true, 0);
            assertThat(clock.waitingTasks()).isEqualTo(1);
        }
        slot.began("a.seg");
        clock.advance(Duration.ofSeconds(2));
        assertThat(reports).hasSize(1);
    }

    @Test
    void partitionClosed_isNotLookedAtAnyMore() {
        slot.began("a.seg");
        slot.close();
        clock.advance(Duration.ofSeconds(5));
        assertThat(reports).isEmpty();
        assertThat(clock.waitingTasks()).isZero();
    }

    private double slowForces() {
        return registry.get(MetricNames.SLOW_FORCES.meterName()).counter().count();
    }
}
