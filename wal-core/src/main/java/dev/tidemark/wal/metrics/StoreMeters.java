package dev.tidemark.wal.metrics;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * What a store counts, and the door to what its partitions count.
 *
 * <p><b>Threads.</b> Any.
 */
public final class StoreMeters implements AutoCloseable {
    private final Registered registered;
    private final PartitionMeters partitions;
    private final Timer recovery;
    private final Map<RecoveryCase, Counter> recoveryCases;
    private final Counter recoveryScannedBytes;
    private final Timer backup;
    private final Counter backupBytes;
    private final Counter partitionsDeleted;
    private final Counter quarantined;
    private final Counter recordsLost;
    private final Counter diskFull;
    private final Counter completionFailed;
    private final Counter eventsDropped;
    private final Counter listenerFailed;

    /** The meters of the store with this name, in this registry, for the process that has it open for writing. */
    public StoreMeters(MeterRegistry registry, String store) {
        this(registry, store, true);
    }

    /**
     * The meters of the store with this name, in this registry.
     *
     * @param isOwner whether this is the one that has it open for writing; one that reads beside it leaves it its gauges
     */
    public StoreMeters(MeterRegistry registry, String store, boolean isOwner) {
        registered = new Registered(registry, store, isOwner);
        partitions = new PartitionMeters(registered);
        recovery = registered.timer(MetricNames.RECOVERY);
        recoveryCases = registered.counters(MetricNames.RECOVERY_CASES, RecoveryCase.class);
        recoveryScannedBytes = registered.counter(MetricNames.RECOVERY_SCANNED_BYTES);
        backup = registered.timer(MetricNames.BACKUP);
        backupBytes = registered.counter(MetricNames.BACKUP_BYTES);
        partitionsDeleted = registered.counter(MetricNames.PARTITIONS_DELETED);
        quarantined = registered.counter(MetricNames.QUARANTINED);
        recordsLost = registered.counter(MetricNames.RECORDS_LOST);
        diskFull = registered.counter(MetricNames.DISK_FULL);
        completionFailed = registered.counter(MetricNames.COMPLETION_FAILED);
        eventsDropped = registered.counter(MetricNames.EVENTS_DROPPED);
        listenerFailed = registered.counter(MetricNames.LISTENER_FAILED);
    }

    /** For the partitions of this store. */
    public PartitionMeters partitions() {
        return partitions;
    }

    /** A partition was recovered or refused. */
    public void recovered(PartitionRecovery found) {
        recovery.record(found.nanos(), TimeUnit.NANOSECONDS);
        recoveryScannedBytes.increment((double) found.scannedBytes());
        found.quarantined().ifPresent(this::quarantined);
        for (RecoveryCase recoveryCase : found.cases()) {
            Objects.requireNonNull(recoveryCases.get(recoveryCase)).increment();
        }
    }

    private void quarantined(PartitionRecovery.Quarantined given) {
        quarantined.increment();
        given.lost().forEach(lost -> recordsLost.increment((double) (lost.endOffset() - lost.firstOffset())));
    }

    /** A backup is finished. */
    public void backedUp(BackupReport report) {
        backup.record(report.nanos(), TimeUnit.NANOSECONDS);
        backupBytes.increment((double) report.bytes());
    }

    /** A partition was deleted. */
    public void deleted() {
        partitionsDeleted.increment();
    }

    /** The disk was found full. */
    public void diskFull() {
        diskFull.increment();
    }

    /** A completion's code threw. */
    public void completionFailed() {
        completionFailed.increment();
    }

    /** A progress event was dropped. */
    public void eventDropped() {
        eventsDropped.increment();
    }

    /** A listener threw. */
    public void listenerFailed() {
        listenerFailed.increment();
    }

    /** Shows a value for as long as this store is open. */
    public void show(MetricNames name, Supplier<Number> value) {
        registered.gauge(name, value);
    }

    /** Shows how many partitions are in each state. */
    public void showPartitions(ToIntFunction<LifeState> count) {
        for (LifeState state : LifeState.values()) {
            registered.gauge(MetricNames.PARTITIONS, Registered.label(state), () -> count.applyAsInt(state));
        }
    }

    /** Takes what only makes sense for an open store out of the registry. */
    @Override
    public void close() {
        registered.removeGauges();
    }
}
