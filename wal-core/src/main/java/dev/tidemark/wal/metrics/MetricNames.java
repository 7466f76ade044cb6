package dev.tidemark.wal.metrics;

import java.util.Optional;

/**
 * Every meter there is: its name, kind, tag and help, in one place. {@code docs/metrics.md} has the same list, and a
 * test compares the two.
 *
 * <p>All of them carry the tag {@code store}. None has a tag for the partition: a store has thousands of those, and a time
 * series for each would cost more than the log. What one partition is doing is told by its description.
 */
public enum MetricNames {
    APPEND_RECORDS("wal.append.records", Kind.COUNTER, "Records accepted into the log", ""),
    APPEND_BYTES("wal.append.bytes", Kind.COUNTER, "Bytes of frames accepted into the log", ""),
    APPEND_LATENCY(
            "wal.append",
            Kind.TIMER,
            "From the call to the durability asked for; the count is that of acknowledged appends",
            "durability"),
    ROUNDS("wal.flush", Kind.COUNTER, "Rounds written, and background forces, by why", "reason"),
    ROUND_APPENDS("wal.round.appends", Kind.SUMMARY, "Appends in one round", ""),
    ROUND_BYTES("wal.round.bytes", Kind.SUMMARY, "Bytes in one round", ""),
    WRITE("wal.write", Kind.TIMER, "Writing one round into the segment", ""),
    FORCE("wal.force", Kind.TIMER, "One force of a segment", ""),
    SLOW_FORCES("wal.force.slow", Kind.COUNTER, "Forces that took longer than slowForce", ""),
    LOCK_WAIT("wal.lock.wait", Kind.TIMER, "Waits for a lock that was not free", "lock"),
    QUEUE_WAIT("wal.queue.wait", Kind.TIMER, "Waits for room in the append queue", "outcome"),
    QUEUE_BYTES("wal.queue.bytes", Kind.GAUGE, "Bytes of appends on their way to the disk, all partitions", ""),
    QUEUE_BYTES_MAX("wal.queue.bytes.max", Kind.GAUGE, "The most there have been since opening", ""),
    PARTITION_QUEUE_BYTES_MAX(
            "wal.partition.queue.bytes.max", Kind.GAUGE, "The most any one partition had since opening", ""),
    PRODUCERS("wal.producers", Kind.GAUGE, "Producers whose repeats are recognised, all open partitions", ""),
    PRODUCERS_EXPIRED(
            "wal.producers.expired", Kind.COUNTER, "Producers forgotten because they were silent for too long", ""),
    REPEATS(
            "wal.producer.repeats",
            Kind.COUNTER,
            "Repeated appends answered with their original, by where that was",
            "original"),
    ROTATION("wal.rotation", Kind.TIMER, "Sealing a segment and going on in the next", "reason"),
    TRIMMED_SEGMENTS("wal.trim.segments", Kind.COUNTER, "Segments taken away at the old end", ""),
    TRIMMED_BYTES("wal.trim.bytes", Kind.COUNTER, "Bytes of files taken away at the old end", ""),
    TRIM_PENDING(
            "wal.trim.pending", Kind.COUNTER, "Segments taken away while somebody still read them: deleted later", ""),
    BACKUP("wal.backup", Kind.TIMER, "Backups that came to their end", ""),
    BACKUP_BYTES("wal.backup.bytes", Kind.COUNTER, "Bytes of segments copied by these", ""),
    TRUNCATIONS("wal.truncations", Kind.COUNTER, "Times the end of a log was moved back by a call", ""),
    PREFILL_BYTES("wal.prefill.bytes", Kind.COUNTER, "Zeros written ahead of the log's end", ""),
    PREFILL_FAILED("wal.prefill.failed", Kind.COUNTER, "Attempts to write zeros ahead that did not work", ""),
    PROOFS("wal.proof", Kind.COUNTER, "Proof frames of quiet partitions", "outcome"),
    FAILURES("wal.failures", Kind.COUNTER, "Calls and partitions that failed, by code", "code"),
    RECOVERY("wal.recovery", Kind.TIMER, "Recovering one partition", ""),
    RECOVERY_CASES("wal.recovery.cases", Kind.COUNTER, "What recovery found in partitions", "case"),
    RECOVERY_SCANNED_BYTES("wal.recovery.scanned.bytes", Kind.COUNTER, "Bytes read by recovery", ""),
    QUARANTINED("wal.quarantined", Kind.COUNTER, "Partitions whose damage was quarantined at opening", ""),
    RECORDS_LOST("wal.records.lost", Kind.COUNTER, "Offsets put on record as lost", ""),
    PARTITIONS("wal.partitions", Kind.GAUGE, "Partitions, by where they are in their life", "state"),
    PARTITIONS_DELETED("wal.partitions.deleted", Kind.COUNTER, "Partitions deleted by a call", ""),
    FILES_OPEN("wal.files.open", Kind.GAUGE, "Segment files held open", ""),
    RESERVE_WHOLE("wal.reserve.whole", Kind.GAUGE, "1 while RESERVE is whole, 0 while the disk is full", ""),
    DISK_FULL("wal.disk.full", Kind.COUNTER, "Times the disk was found full", ""),
    POOL_USED("wal.pool.used.bytes", Kind.GAUGE, "Pooled direct memory in use", ""),
    POOL_RESERVED("wal.pool.reserved.bytes", Kind.GAUGE, "Pooled direct memory held, used or not", ""),
    POOL_USED_MAX("wal.pool.used.bytes.max", Kind.GAUGE, "The most pooled memory found in use by a reading", ""),
    FLUSHER_QUEUE("wal.flusher.queue", Kind.GAUGE, "Partitions that wait for a flusher", ""),
    FLUSHER_BUSY("wal.flusher.busy", Kind.GAUGE, "Flushers at work", ""),
    COMPLETION_QUEUE("wal.completion.queue", Kind.GAUGE, "Completions that wait for a thread", ""),
    COMPLETION_FAILED("wal.completion.failed", Kind.COUNTER, "Completions whose code threw", ""),
    EVENTS_DROPPED(
            "wal.events.dropped",
            Kind.COUNTER,
            "Events dropped because the listener was slow: progress, or anything if it hangs",
            ""),
    LISTENER_FAILED("wal.events.listener.failed", Kind.COUNTER, "Events whose listener threw", "");

    /** What sort of meter it is. */
    public enum Kind {
        COUNTER,
        TIMER,
        SUMMARY,
        GAUGE
    }

    private final String meterName;
    private final Kind kind;
    private final String help;
    private final String tag;

    MetricNames(String meterName, Kind kind, String help, String tag) {
        this.meterName = meterName;
        this.kind = kind;
        this.help = help;
        this.tag = tag;
    }

    /** As it is registered. */
    public String meterName() {
        return meterName;
    }

    public Kind kind() {
        return kind;
    }

    /** For people. */
    public String help() {
        return help;
    }

    /** The key of the tag it has besides {@code store}, if any. */
    public Optional<String> tag() {
        return tag.isEmpty() ? Optional.empty() : Optional.of(tag);
    }
}
