package dev.tidemark.crash;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.engine.Engine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Judges a store that was opened after a crash: <em>what was acknowledged is there, in order, byte for byte; what was never
 * submitted is not; and a mere crash never reads as damage.</em>
 *
 * <p><b>Threads.</b> One.
 */
public final class Oracle {
    private static final ReadOptions READ = ReadOptions.DEFAULT.withReadAheadBytes(64 << 10);

    private Oracle() {}

    /** What the oracle saw that it does not allow. */
    public static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        public Violation(String what) {
            super(what);
        }

        public Violation(String what, Throwable cause) {
            super(what, cause);
        }
    }

    /**
     * What a store was found to hold.
     *
     * @param extents where each partition begins and ends
     * @param newestSubmittedAt for each partition, when the newest of what is there was submitted
     * @param contents what lies where in each partition
     * @param judgedAs whose parts of the history they were compared with
     */
    public record Found(
            Map<PartitionId, History.Extent> extents,
            Map<PartitionId, Long> newestSubmittedAt,
            Map<PartitionId, Contents> contents,
            Map<PartitionId, History.Log> judgedAs) {

        /** Whether it is enough, and not too much, after a crash at this boundary. */
        public void requireFits(History history, History.Crash crash, long submittedBefore, long promisedBefore) {
            for (History.Log latest : history.logs()) {
                History.Log log = Objects.requireNonNull(history.find(latest.id(), promisedBefore));
                History.Extent extent = extents.get(log.id());
                if (extent == null) {
                    if (log.mustExist(crash, promisedBefore)) {
                        throw new Violation("a partition that had been created is gone: " + log.id());
                    }
                    continue;
                }
                if (!log.equals(judgedAs.get(log.id()))) {
                    throw new Violation("a partition that was deleted is back: " + log.id());
                }
                long required = log.requiredEnd(crash, promisedBefore);
                if (extent.end() < required) {
                    throw new Violation("what was acknowledged or read is gone: partition=" + log.id() + " end="
                            + extent.end() + " required=" + required);
                }
                if (extent.start() < log.requiredStart(promisedBefore)) {
                    throw new Violation("what was trimmed is back: partition=" + log.id() + " start=" + extent.start()
                            + " required=" + log.requiredStart(promisedBefore));
                }
                if (!log.mayStartAt(extent.start(), submittedBefore)) {
                    throw new Violation("the log begins where nobody has asked it to: partition=" + log.id() + " start="
                            + extent.start());
                }
                if (newestSubmittedAt.getOrDefault(log.id(), 0L) > submittedBefore) {
                    throw new Violation("there is something that had not been submitted yet: partition=" + log.id());
                }
                Contents found = contents.get(log.id());
                if (found != null) {
                    log.requireUnchanged(found, promisedBefore);
                }
            }
        }
    }

    /** Reads all of it. */
    public static Found read(Engine engine, History history, long submittedBefore) {
        requireNoFalseAlarm(engine.recovery());
        Map<PartitionId, History.Extent> extents = new HashMap<>();
        Map<PartitionId, Long> newest = new HashMap<>();
        Map<PartitionId, Contents> contents = new HashMap<>();
        Map<PartitionId, History.Log> judgedAs = new HashMap<>();
        for (PartitionId id : engine.partitions()) {
            History.Log log = history.find(id, submittedBefore);
            LocalPartition partition = partition(engine, id);
            long end = endOf(partition);
            extents.put(id, new History.Extent(partition.ends().start(), end));
            Contents found = new Contents();
            newest.put(id, readAll(partition, log, end, submittedBefore, found));
            found.requireNumberedInOrder(partition.ends().start() > 0);
            contents.put(id, found);
            if (log != null) {
                judgedAs.put(id, log);
            }
        }
        return new Found(extents, newest, contents, judgedAs);
    }

    /** Where only a process or the power went nothing is damaged, and so nothing is given up. */
    static void requireNothingQuarantined(RecoveryReport report) {
        for (PartitionRecovery found : report.partitions()) {
            found.quarantined().ifPresent(given -> {
                throw new Violation("a mere crash was quarantined: partition=" + found.partition() + " " + given);
            });
        }
    }

    private static void requireNoFalseAlarm(RecoveryReport report) {
        requireNothingQuarantined(report);
        for (PartitionRecovery found : report.partitions()) {
            if (found.failure().isPresent()) {
                throw new Violation(
                        "a mere crash was taken for damage: " + found,
                        found.failure().get());
            }
            if (found.cases().stream().anyMatch(row -> row.isRefusal())) {
                throw new Violation("a refusing row without a failure: " + found);
            }
            Optional<PartitionRecovery.Undecided> undecided = found.undecided();
            if (undecided.isPresent() && undecided.get().firstOffset() != found.end()) {
                throw new Violation("the undecided range does not begin where the log ends: " + found);
            }
        }
    }

    private static LocalPartition partition(Engine engine, PartitionId id) {
        return engine.find(id).orElseThrow(() -> new Violation("listed and not there: partition=" + id));
    }

    private static long endOf(LocalPartition partition) {
        Ends ends = partition.ends();
        if (ends.start() > ends.logEnd()
                || ends.readable() != ends.logEnd()
                || ends.durable() != ends.logEnd()
                || ends.written() != ends.logEnd()) {
            throw new Violation(
                    "a recovered log is durable and readable to its end: partition=" + partition.id() + " " + ends);
        }
        return ends.logEnd();
    }

    /**
     * Reads a partition from its start to {@code end}, judging each entry.
     *
     * @param boundary when that is; what was submitted later cannot be there
     * @return when the newest of what is there was submitted
     */
    public static long readAll(
            LocalPartition partition, History.@org.jspecify.annotations.Nullable Log log, long end, long boundary) {
        return readAll(partition, log, end, boundary, new Contents());
    }

    private static long readAll(
            LocalPartition partition,
            History.@org.jspecify.annotations.Nullable Log log,
            long end,
            long boundary,
            Contents contents) {
        long start = partition.ends().start();
        long next = start;
        long newest = 0;
        Submission batch = null;
        try (Cursor cursor = partition.read(From.start(), READ)) {
            while (cursor.next()) {
                boolean isCutIn = next == start && cursor.offset() < start && start < cursor.offset() + cursor.count();
                if (cursor.offset() != next && !isCutIn) {
                    throw new Violation("offsets do not follow: partition=" + partition.id() + " offset="
                            + cursor.offset() + " expected=" + next);
                }
                if (log == null) {
                    throw new Violation("records in a partition that nobody made: partition=" + partition.id());
                }
                if (batch == null) {
                    batch = submissionAt(log, cursor, boundary, next == start);
                } else if (!batch.isAt(cursor)) {
                    throw new Violation("a batch is not what was submitted: partition=" + partition.id() + " offset="
                            + cursor.offset() + " submitted=" + batch);
                }
                contents.found(cursor, batch);
                newest = Math.max(newest, log.submittedAt(batch));
                next = cursor.offset() + cursor.count();
                if (cursor.kind() != EntryKind.RECORD || next == batch.endOffset()) {
                    batch = null;
                }
            }
        }
        if (batch != null) {
            throw new Violation("half a batch is there: partition=" + partition.id() + " end=" + next + " " + batch);
        }
        if (next != end) {
            throw new Violation("the log does not read to its end: partition=" + partition.id() + " end=" + end
                    + " readTo=" + next);
        }
        return newest;
    }

    private static Submission submissionAt(History.Log log, Cursor cursor, long boundary, boolean isFirst) {
        List<Submission> candidates = new ArrayList<>(log.at(cursor.offset(), boundary));
        if (isFirst) {
            candidates.addAll(log.over(cursor.offset(), boundary));
        }
        for (Submission candidate : candidates) {
            if (candidate.isAt(cursor)) {
                return candidate;
            }
        }
        throw new Violation("there is what was never submitted, or not what was: partition=" + log.id() + " offset="
                + cursor.offset() + " kind=" + cursor.kind() + " bytes="
                + cursor.buffer().remaining()
                + " submitted=" + candidates);
    }
}
