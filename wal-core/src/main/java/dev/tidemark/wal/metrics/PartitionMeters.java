package dev.tidemark.wal.metrics;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * What partitions count, all partitions of a store together. The meters are looked up once, here. What happens with every append
 * or round is not even handed in while nobody listens: a composite registry without children, as it is the default, would make
 * an iterator for each number, and those were half of all the garbage of an append.
 *
 * <p><b>Threads.</b> Any.
 */
public final class PartitionMeters {
    private final Registered registered;
    private final Counter records;
    private final Counter bytes;
    private final Map<Durability, Timer> appendLatency;
    private final Map<FlushReason, Counter> flushes;
    private final DistributionSummary roundAppends;
    private final DistributionSummary roundBytes;
    private final Timer write;
    private final Timer force;
    private final Counter slowForces;
    private final Timer queueWaitTaken;
    private final Timer queueWaitRefused;
    private final LongAccumulator mostQueueBytes = new LongAccumulator(Math::max, 0);
    private final AtomicLong producers = new AtomicLong();
    private final Counter producersExpired;
    private final Counter repeatsDurable;
    private final Counter repeatsUnderway;
    private final Map<RotationReason, Timer> rotations;
    private final Counter trimmedSegments;
    private final Counter trimmedBytes;
    private final Counter trimPending;
    private final Counter truncations;
    private final Counter prefillBytes;
    private final Counter prefillFailed;
    private final Counter proofsWritten;
    private final Counter proofsDropped;
    private final Map<ErrorCode, Counter> failures;

    PartitionMeters(Registered registered) {
        this.registered = registered;
        records = registered.counter(MetricNames.APPEND_RECORDS);
        bytes = registered.counter(MetricNames.APPEND_BYTES);
        appendLatency = registered.timers(MetricNames.APPEND_LATENCY, Durability.class);
        flushes = registered.counters(MetricNames.ROUNDS, FlushReason.class);
        roundAppends = registered.summary(MetricNames.ROUND_APPENDS);
        roundBytes = registered.summary(MetricNames.ROUND_BYTES);
        write = registered.timer(MetricNames.WRITE);
        force = registered.timer(MetricNames.FORCE);
        slowForces = registered.counter(MetricNames.SLOW_FORCES);
        queueWaitTaken = registered.timer(MetricNames.QUEUE_WAIT, "taken");
        queueWaitRefused = registered.timer(MetricNames.QUEUE_WAIT, "refused");
        registered.gauge(MetricNames.PARTITION_QUEUE_BYTES_MAX, mostQueueBytes::get);
        registered.gauge(MetricNames.PRODUCERS, producers::get);
        producersExpired = registered.counter(MetricNames.PRODUCERS_EXPIRED);
        repeatsDurable = registered.counter(MetricNames.REPEATS, "durable");
        repeatsUnderway = registered.counter(MetricNames.REPEATS, "underway");
        rotations = registered.timers(MetricNames.ROTATION, RotationReason.class);
        trimmedSegments = registered.counter(MetricNames.TRIMMED_SEGMENTS);
        trimmedBytes = registered.counter(MetricNames.TRIMMED_BYTES);
        trimPending = registered.counter(MetricNames.TRIM_PENDING);
        truncations = registered.counter(MetricNames.TRUNCATIONS);
        prefillBytes = registered.counter(MetricNames.PREFILL_BYTES);
        prefillFailed = registered.counter(MetricNames.PREFILL_FAILED);
        proofsWritten = registered.counter(MetricNames.PROOFS, "written");
        proofsDropped = registered.counter(MetricNames.PROOFS, "dropped");
        failures = registered.counters(MetricNames.FAILURES, ErrorCode.class);
    }

    /** Appends were accepted: so many records, and bytes of frames. May be called once for many appends. */
    public void appended(long recordCount, long frameBytes) {
        if (!registered.isHeard()) {
            return;
        }
        records.increment((double) recordCount);
        bytes.increment((double) frameBytes);
    }

    /** An append reached the durability it asked for. */
    public void acknowledged(Durability durability, long sinceCallNanos) {
        if (registered.isHeard()) {
            timerOf(appendLatency, durability).record(sinceCallNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** A round is about to be written. */
    public void round(FlushReason reason, int appends, long roundBytesWritten) {
        if (!registered.isHeard()) {
            return;
        }
        counterOf(flushes, reason).increment();
        roundAppends.record(appends);
        roundBytes.record((double) roundBytesWritten);
    }

    /** Bytes are about to be forced without a round. */
    public void backgroundForce(FlushReason reason) {
        counterOf(flushes, reason).increment();
    }

    /** A round was written. */
    public void wrote(long nanos) {
        if (registered.isHeard()) {
            write.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** A force returned, successfully or not. */
    public void forced(long nanos) {
        if (registered.isHeard()) {
            force.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** A force was found to take longer than it should; once per force. */
    public void slowForce() {
        slowForces.increment();
    }

    /** A caller had to wait for room in a queue, and got it or not. */
    public void queueWaited(boolean gotRoom, long nanos) {
        (gotRoom ? queueWaitTaken : queueWaitRefused).record(nanos, TimeUnit.NANOSECONDS);
    }

    /** How many bytes one partition's queue holds now. */
    public void partitionQueueBytes(long now) {
        mostQueueBytes.accumulate(now);
    }

    /** A partition knows so many producers more, or fewer. */
    public void producersKnown(int more) {
        producers.addAndGet(more);
    }

    /** So many were forgotten. */
    public void producersExpired(int forgotten) {
        producersExpired.increment(forgotten);
    }

    /** An append was recognised as a repeat of one that is durable, or still on its way. */
    public void repeated(boolean isDurable) {
        (isDurable ? repeatsDurable : repeatsUnderway).increment();
    }

    /** A segment was sealed and its successor is in use. */
    public void rotated(RotationReason reason, long nanos) {
        timerOf(rotations, reason).record(nanos, TimeUnit.NANOSECONDS);
    }

    /** The old end moved up. */
    public void trimmed(int segments, long fileBytes) {
        trimmedSegments.increment(segments);
        trimmedBytes.increment((double) fileBytes);
    }

    /** So many trimmed segments were still read, and are deleted later. */
    public void trimPending(int segments) {
        trimPending.increment(segments);
    }

    /** The new end moved back. */
    public void truncated() {
        truncations.increment();
    }

    /** Zeros were written ahead. */
    public void prefilled(long zeroBytes) {
        prefillBytes.increment((double) zeroBytes);
    }

    /** Zeros could not be written ahead. */
    public void prefillFailed() {
        prefillFailed.increment();
    }

    /** A proof frame was due in a quiet partition, and was written or dropped. */
    public void proof(boolean wasWritten) {
        (wasWritten ? proofsWritten : proofsDropped).increment();
    }

    /** A call was refused or a partition failed, for this reason. */
    public void failure(ErrorCode code) {
        counterOf(failures, code).increment();
    }

    /** The timer for waits for this lock; looked up when the lock is made. */
    public Timer lockWait(String lockLabel) {
        return registered.timer(MetricNames.LOCK_WAIT, lockLabel);
    }

    private static <K extends Enum<K>> Timer timerOf(Map<K, Timer> timers, K key) {
        return Objects.requireNonNull(timers.get(key));
    }

    private static <K extends Enum<K>> Counter counterOf(Map<K, Counter> counters, K key) {
        return Objects.requireNonNull(counters.get(key));
    }
}
