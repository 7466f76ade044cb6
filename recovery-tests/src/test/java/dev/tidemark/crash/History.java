package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.PartitionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one process did with a store, as the outside saw it: what was submitted, and what the log promised, each at a time. Times
 * are counts of operations that had returned from the disk, so they order against crash boundaries.
 *
 * <p>A process that began on what a crash had left has a history that continues another one: what it found takes the place of
 * what was submitted before.
 *
 * <p><b>Threads.</b> Any, while it is written; one at a time afterwards.
 */
public final class History {

    /** How the crash came that left a state behind. */
    public enum Crash {
        /** The process ended; all it had written can be read. */
        KILL,
        /** The power went: what was not forced may be gone. */
        POWER_LOSS
    }

    /**
     * Where a log begins and ends.
     *
     * @param start its first offset
     * @param end the offset behind its last
     */
    public record Extent(long start, long end) {}

    private final Map<PartitionId, Log> logs = new HashMap<>();

    /** The partition's part; made if need be. */
    public synchronized Log log(PartitionId id) {
        return logs.computeIfAbsent(id, Log::new);
    }

    /** The partition that had this name at a time; one that is deleted and made again has a part for each of its lives. */
    public synchronized @Nullable Log find(PartitionId id, long at) {
        Log latest = logs.get(id);
        return latest == null ? null : latest.livedAt(at);
    }

    /** It was deleted: what is made under its name from this time on is another one. */
    public synchronized void deleted(PartitionId id, long at) {
        logs.computeIfPresent(id, (same, life) -> new Log(id, life, at));
    }

    public synchronized List<Log> logs() {
        return List.copyOf(logs.values());
    }

    /**
     * The history of the next process, which found the store as a crash at {@code boundary} had left it.
     *
     * @param found where each partition begins and ends, for those that are there
     * @param servedAt when that process began to serve, in its own time
     */
    public History continuedAfter(Crash crash, long boundary, Map<PartitionId, Extent> found, long servedAt) {
        History next = new History();
        for (Log before : logs()) {
            Extent extent = found.get(before.id);
            Log life = before.livedAt(boundary);
            if (extent != null) {
                Log log = next.log(before.id);
                log.inherits(life, crash, boundary, extent, servedAt);
                log.promise(servedAt, extent.end(), Durability.SYNCED);
                log.createdAt = servedAt;
            } else if (life.mayBeDeleted(boundary)) {
                next.log(before.id).inheritsDeleted(life, boundary, servedAt);
            }
        }
        return next;
    }

    /**
     * The same for a process that has not got so far yet: whether and when it serves a partition is still to be seen, and to be noted
     * with {@link Log#created} and {@link Log#promise}.
     */
    public History inheritedAfter(Crash crash, long boundary, Map<PartitionId, Extent> found) {
        History next = new History();
        for (Log before : logs()) {
            Extent extent = found.get(before.id);
            if (extent != null) {
                next.log(before.id).inherits(before.livedAt(boundary), crash, boundary, extent, NOT_SERVED_YET);
            }
        }
        return next;
    }

    private static final long NOT_SERVED_YET = 0;

    /** One partition's part of it. */
    public static final class Log {
        private final PartitionId id;
        private final List<Submission> submissions = new ArrayList<>();
        private final TreeMap<Long, Long> synced = new TreeMap<>();
        private final TreeMap<Long, Long> written = new TreeMap<>();
        private final Map<Submission, Long> durable = new HashMap<>();
        private final Map<Long, Seen> seen = new HashMap<>();
        /** By when they were asked for, and by when they were told. */
        private final TreeMap<Long, Set<Long>> startsAsked = new TreeMap<>();

        private final TreeMap<Long, Long> startsTold = new TreeMap<>();
        private final List<Truncated> truncations = new ArrayList<>();
        /** How many truncations have come to an answer, whatever it was. */
        private int truncationsOver;

        /**
         * Somebody asked for the log to end there; until it is told either may be found.
         *
         * @param number 1 for the first that was asked for
         * @param behind the appends that surely had offsets behind the end when it was asked for
         */
        private record Truncated(int number, long askedAt, long toldAt, long end, List<Submission> behind) {
            boolean isAskedBy(long boundary) {
                return askedAt <= boundary;
            }

            boolean isToldBy(long boundary) {
                return toldAt <= boundary;
            }
        }

        private long createdAt = Submission.NEVER;

        /** What a reader was given first at an offset, and when. */
        private record Seen(long at, long print) {}

        private @Nullable Map<Long, List<Submission>> byOffset;

        private @Nullable Log before;
        private long beforeBoundary;
        private long inheritedStart;
        private long inheritedEnd;
        private long servedAt;
        private long floorAfterKill;
        private long floorAfterPowerLoss;
        private boolean existsAfterPowerLoss;
        private boolean wasKilled;

        /** The partition that had the name before, and was deleted; and when that was done. */
        private final @Nullable Log lifeBefore;

        private final long begunAt;
        private long deletingAt = Submission.NEVER;
        /** The process that is served at {@link #servedAt} did not find it: the deletion that was under way is done. */
        private boolean isFoundDeleted;

        private Log(PartitionId id) {
            this(id, null, 0);
        }

        private Log(PartitionId id, @Nullable Log lifeBefore, long begunAt) {
            this.id = id;
            this.lifeBefore = lifeBefore;
            this.begunAt = begunAt;
        }

        private Log livedAt(long at) {
            Log life = this;
            while (life.lifeBefore != null && life.begunAt > at) {
                life = life.lifeBefore;
            }
            return life;
        }

        private void inheritsDeleted(Log earlier, long boundary, long served) {
            before = earlier;
            beforeBoundary = boundary;
            servedAt = served;
            isFoundDeleted = true;
        }

        private void inherits(Log earlier, Crash crash, long boundary, Extent extent, long served) {
            long end = extent.end();
            before = earlier;
            beforeBoundary = boundary;
            inheritedStart = extent.start();
            inheritedEnd = end;
            servedAt = served;
            floorAfterKill = end;
            // After a loss of power everything that is left is durable. After a kill it is only in the page cache,
            // until
            // recovery has seen to it; until then no more is promised than before.
            boolean isAllDurable = crash == Crash.POWER_LOSS;
            wasKilled = !isAllDurable;
            floorAfterPowerLoss = isAllDurable ? end : earlier.requiredEnd(Crash.POWER_LOSS, boundary);
            existsAfterPowerLoss = isAllDurable || earlier.mustExist(Crash.POWER_LOSS, boundary);
        }

        public PartitionId id() {
            return id;
        }

        // ---- while it happens

        synchronized Submission submitted(AppendRequest request, long at) {
            Submission submission = new Submission(request, at, truncationsOver);
            submissions.add(submission);
            byOffset = null;
            return submission;
        }

        public synchronized void created(long at) {
            createdAt = Math.min(createdAt, at);
        }

        /** From this time on all below the end survives as this durability says: it was acknowledged, or somebody read it. */
        public synchronized void promise(long at, long end, Durability durability) {
            if (durability == Durability.ACCEPTED) {
                return;
            }
            raise(written, at, end);
            if (durability == Durability.SYNCED) {
                raise(synced, at, end);
            }
        }

        /** Keeps the ends rising with the times. */
        private static void raise(TreeMap<Long, Long> ends, long at, long end) {
            Map.Entry<Long, Long> floor = ends.floorEntry(at);
            if (floor != null && floor.getValue() >= end) {
                return;
            }
            ends.put(at, end);
            Map.Entry<Long, Long> later = ends.higherEntry(at);
            while (later != null && later.getValue() <= end) {
                ends.remove(later.getKey());
                later = ends.higherEntry(at);
            }
        }

        /** An append was acknowledged: no other can ever lie where it lies, once it is durable. */
        synchronized void acknowledged(long at, Submission submission, Durability durability) {
            long left = leftOf(submission.endOffset(), submission.truncationsOver());
            promise(at, left, durability);
            if (durability == Durability.SYNCED && left == submission.endOffset()) {
                durable.merge(submission, at, Math::min);
            }
        }

        /** What was on its way to the disk is there, as far as no truncation was on its way, too. */
        synchronized void synced(long at, long end, int truncationsOverBefore) {
            promise(at, leftOf(end, truncationsOverBefore), Durability.SYNCED);
        }

        /** How many truncations have come to an answer; to be noted before a call whose outcome is noted afterwards. */
        synchronized int truncationsOver() {
            return truncationsOver;
        }

        /**
         * Of what was promised by a call that had begun when so many truncations were over: as much as the others have left. Which of the two came first, the
         * promise or the truncation, nobody who notes them afterwards can tell.
         */
        private long leftOf(long end, int truncationsOverBefore) {
            return truncations.stream()
                    .filter(truncated -> truncated.number > truncationsOverBefore)
                    .mapToLong(Truncated::end)
                    .reduce(end, Math::min);
        }

        /** From this time on it may be gone. */
        synchronized void deleting(long at) {
            deletingAt = at;
        }

        /** It was not: nothing has changed. */
        synchronized void notDeleted() {
            deletingAt = Submission.NEVER;
        }

        /** Whether somebody has asked for it to be deleted. */
        public synchronized boolean mayBeDeleted(long boundary) {
            return deletingAt <= boundary;
        }

        /** From this time on the log may begin there. */
        synchronized void trimming(long at, long offset) {
            startsAsked.computeIfAbsent(at, time -> new HashSet<>()).add(offset);
        }

        /** From this time on it begins there, or further on. */
        synchronized void trimmed(long at, long start) {
            startsTold.merge(at, start, Math::max);
        }

        /** From this time on the log may end there. One at a time. */
        synchronized void truncating(long at, long end) {
            List<Submission> behind = submissions.stream()
                    .filter(submission -> submission.offset() >= end && !submission.isRefused())
                    .toList();
            truncations.add(new Truncated(truncationsOver + 1, at, Submission.NEVER, end, behind));
        }

        /** Whether it may end earlier by now than anybody was told. */
        synchronized boolean isBeingTruncated() {
            return !truncations.isEmpty() && truncations.get(truncations.size() - 1).toldAt == Submission.NEVER;
        }

        /** It does not: nothing has changed. */
        synchronized void notTruncated() {
            truncations.remove(truncations.size() - 1);
            truncationsOver++;
        }

        /** From this time on it has ended there, and what lay behind is gone for good. */
        synchronized void truncated(long at) {
            Truncated asked = truncations.remove(truncations.size() - 1);
            truncations.add(new Truncated(asked.number, asked.askedAt, at, asked.end, List.of()));
            truncationsOver++;
            lower(written, at, asked.end);
            lower(synced, at, asked.end);
            // What came meanwhile was refused, and told so, or was truncated, or has an offset behind the new end.
            asked.behind.stream()
                    .filter(submission -> !submission.isRefused())
                    .forEach(submission -> submission.refused(at));
            seen.keySet().removeIf(offset -> offset >= asked.end);
        }

        /** What was begun before the opening was finished by it, or had not been begun. */
        public synchronized void opened(long at, long end) {
            if (!truncations.isEmpty()
                    && !truncations.get(truncations.size() - 1).isToldBy(at)) {
                if (truncations.get(truncations.size() - 1).end == end) {
                    truncated(at);
                } else {
                    notTruncated();
                }
            }
        }

        private static void lower(TreeMap<Long, Long> ends, long at, long end) {
            Map.Entry<Long, Long> floor = ends.floorEntry(at);
            // Others may have noted a promise with a later time before this one came to note the truncation.
            ends.tailMap(at, true).replaceAll((time, promised) -> Math.min(promised, end));
            if (floor != null && floor.getValue() > end) {
                ends.put(at, end);
            }
        }

        /** Below this offset nothing was truncated, nor is being truncated. */
        private long untouchedBelow(long boundary) {
            return truncations.stream()
                    .filter(truncated -> truncated.isAskedBy(boundary))
                    .mapToLong(Truncated::end)
                    .min()
                    .orElse(Long.MAX_VALUE);
        }

        /** Whether what ended there and was promised at that time may have been truncated since. */
        private boolean mayBeTruncated(long promisedAt, long endOffset, long boundary) {
            return truncations.stream()
                    .anyMatch(truncated -> truncated.isAskedBy(boundary)
                            && promisedAt <= truncated.toldAt
                            && endOffset > truncated.end);
        }

        /** A reader was given the entry on which the cursor stands: it stays, and stays the same. */
        synchronized void seen(long at, Cursor cursor, int truncationsOverBefore) {
            long end = cursor.offset() + cursor.count();
            if (leftOf(end, truncationsOverBefore) < end) {
                return;
            }
            promise(at, end, Durability.SYNCED);
            seen.putIfAbsent(cursor.offset(), new Seen(at, Contents.print(cursor)));
        }

        // ---- afterwards

        /** Nothing may lie where something else was acknowledged as durable, or shown to a reader. */
        synchronized void requireUnchanged(Contents contents, long boundary) {
            requireUnchanged(contents, boundary, Long.MAX_VALUE);
        }

        private synchronized void requireUnchanged(Contents contents, long boundary, long below) {
            durable.forEach((submission, at) -> {
                if (at <= boundary
                        && submission.endOffset() <= below
                        && !mayBeTruncated(at, submission.endOffset(), boundary)
                        && contents.isOther(submission)) {
                    throw new Oracle.Violation("another append lies where one was acknowledged: partition=" + id
                            + " acknowledged=" + submission + " found=" + contents.submissionAt(submission.offset()));
                }
            });
            seen.forEach((offset, what) -> {
                if (what.at <= boundary
                        && offset < below
                        && !mayBeTruncated(what.at, offset + 1, boundary)
                        && contents.isOther(offset, what.print)) {
                    throw new Oracle.Violation("a reader was given other bytes than recovery gives: partition=" + id
                            + " offset=" + offset);
                }
            });
            Log earlier = before;
            if (earlier != null && !isAnotherThanBefore(boundary)) {
                earlier.requireUnchanged(contents, beforeBoundary, Math.min(below, untouchedBelow(boundary)));
            }
        }

        private boolean isAnotherThanBefore(long boundary) {
            return isFoundDeleted && boundary >= servedAt;
        }

        /** What must be there at least, if the crash came when that many operations had returned. */
        synchronized long requiredEnd(Crash crash, long boundary) {
            Map.Entry<Long, Long> promised = (crash == Crash.KILL ? written : synced).floorEntry(boundary);
            long floor = crash == Crash.KILL ? floorAfterKill : floorAfterPowerLoss;
            long least = Math.min(floor, untouchedBelow(boundary));
            long required = promised == null ? least : Math.max(least, promised.getValue());
            for (Truncated truncated : truncations) {
                if (truncated.isAskedBy(boundary) && !truncated.isToldBy(boundary)) {
                    required = Math.min(required, truncated.end);
                }
            }
            return required;
        }

        /** Where it begins at the earliest. */
        synchronized long requiredStart(long boundary) {
            Map.Entry<Long, Long> told = startsTold.floorEntry(boundary);
            long mine = told == null ? 0 : told.getValue();
            Log earlier = before;
            long found =
                    earlier == null ? 0 : boundary < servedAt ? earlier.requiredStart(beforeBoundary) : inheritedStart;
            return Math.max(mine, found);
        }

        /** Whether anybody has ever asked for it to begin there. */
        synchronized boolean mayStartAt(long start, long boundary) {
            boolean isAsked =
                    startsAsked.headMap(boundary, true).values().stream().anyMatch(offsets -> offsets.contains(start));
            Log earlier = before;
            return isAsked
                    || (earlier == null
                            ? start == 0
                            : start == inheritedStart
                                    || boundary < servedAt && earlier.mayStartAt(start, beforeBoundary));
        }

        /** Whether the partition itself must be there. */
        boolean mustExist(Crash crash, long boundary) {
            if (mayBeDeleted(boundary) || isFoundDeleted && createdAt > boundary) {
                return false;
            }
            return createdAt <= boundary || before != null && (crash == Crash.KILL || existsAfterPowerLoss);
        }

        /** The appends that may lie at this offset; more than one only where an offset was given out again. */
        synchronized List<Submission> at(long offset, long boundary) {
            Log earlier = before;
            if (earlier != null && offset < inheritedEnd) {
                if (offset < untouchedBelow(boundary)) {
                    return earlier.at(offset, beforeBoundary);
                }
                List<Submission> both = new ArrayList<>(mineAt(offset, boundary));
                if (!isTruncated(offset, boundary)) {
                    both.addAll(earlier.at(offset, beforeBoundary));
                }
                return both;
            }
            if (earlier != null && boundary < servedAt) {
                // Nothing new yet. But a process that was killed may have cut away a refused round and not yet forced
                // the
                // cut; until recovery has forced it, a loss of power brings the round back, and nobody was told of it.
                return wasKilled || isFoundDeleted ? earlier.at(offset, beforeBoundary) : List.of();
            }
            return mineAt(offset, boundary);
        }

        private boolean isTruncated(long offset, long boundary) {
            return truncations.stream().anyMatch(truncated -> truncated.isToldBy(boundary) && offset >= truncated.end);
        }

        private List<Submission> mineAt(long offset, long boundary) {
            return index().getOrDefault(offset, List.of()).stream()
                    .filter(submission -> submission.mayBeThereAt(boundary))
                    .toList();
        }

        /** The appends that may lie over this offset and begin before it, as where a log begins in the middle of a batch. */
        synchronized List<Submission> over(long offset, long boundary) {
            Log earlier = before;
            if (earlier != null && (offset < inheritedEnd || boundary < servedAt)) {
                return earlier.over(offset, beforeBoundary);
            }
            return submissions.stream()
                    .filter(submission -> submission.offset() != Submission.NO_OFFSET
                            && submission.offset() < offset
                            && offset < submission.endOffset()
                            && submission.mayBeThereAt(boundary))
                    .toList();
        }

        /** The first of what the process before had submitted and this one did not find: who sent it would try it once more. */
        synchronized Optional<AppendRequest> firstLost() {
            Log earlier = before;
            return earlier == null
                    ? Optional.empty()
                    : earlier.at(inheritedEnd, beforeBoundary).stream()
                            .findFirst()
                            .map(Submission::request);
        }

        /** When it was submitted; what the process found was there before its time began. */
        long submittedAt(Submission submission) {
            return before != null && submission.offset() < inheritedEnd ? 0 : submission.submittedAt();
        }

        private Map<Long, List<Submission>> index() {
            Map<Long, List<Submission>> index = byOffset;
            if (index == null) {
                index = new HashMap<>();
                for (Submission submission : submissions) {
                    if (submission.offset() != Submission.NO_OFFSET) {
                        index.computeIfAbsent(submission.offset(), offset -> new ArrayList<>(1))
                                .add(submission);
                    }
                }
                byOffset = index;
            }
            return index;
        }

        @Override
        public String toString() {
            return id + " submitted=" + submissions.size() + " synced=" + synced + " written=" + written;
        }
    }
}
