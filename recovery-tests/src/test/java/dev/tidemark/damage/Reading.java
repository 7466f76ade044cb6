package dev.tidemark.damage;

import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads partitions of a damaged store, from their start, from somewhere, from a time, and appends to them. Every entry must be what was
 * appended there; where a reader cannot go on, it says why.
 *
 * <p><b>Threads.</b> One.
 */
final class Reading {
    private static final int READ_AHEAD_BYTES = 64 << 10;
    private static final int RESTARTS = 4;

    private final Judge judge;
    private final Map<PartitionId, NavigableMap<Long, Submission>> appended = new HashMap<>();
    private final Map<PartitionId, Long> ends = new HashMap<>();

    Reading(Judge judge) {
        this.judge = judge;
    }

    private static ReadOptions options(boolean isReadOnly) {
        ReadOptions options = ReadOptions.DEFAULT.withReadAheadBytes(READ_AHEAD_BYTES);
        return isReadOnly ? options.withVisibility(Durability.WRITTEN) : options;
    }

    // ---- everything

    void readAll(LocalPartition partition, Specimen.Log log, boolean isReadOnly) {
        Walk walk = new Walk(partition, log.records(), options(isReadOnly));
        long start = partition.ends().start();
        long end = partition.ends().logEnd();
        long at = walk.from(From.start(), start, end);
        for (int i = 0; i < RESTARTS && at < end; i++) {
            // Behind what is damaged there may be more; a reader who asks for it gets it, or is told again.
            at = nextFrame(log, at);
            at = at < end ? walk.from(From.offset(at), at, end) : at;
        }
        if (start < end) {
            long somewhere = start + judge.random().nextLong(end - start);
            walk.one(From.offset(somewhere), somewhere);
            byTime(log, walk, start, end);
        }
    }

    private static long nextFrame(Specimen.Log log, long offset) {
        Long next = log.records().higherKey(offset);
        return next == null ? log.end() : next;
    }

    /** The first frame that is not older; of records with times of their own the log knows only when they were appended. */
    private void byTime(Specimen.Log log, Walk walk, long start, long end) {
        long millis = anyTime(log);
        OptionalLong expected = log.segments().values().stream()
                .flatMap(segment -> segment.frames().stream())
                .filter(frame -> frame.holdsRecords() && frame.timestampMillis() >= millis)
                .mapToLong(Anatomy.Frame::offset)
                .filter(offset -> offset >= start && offset < end)
                .min();
        walk.one(From.timestamp(millis), judge.injury().kind().isForged() ? -1 : expected.orElse(end));
    }

    private long anyTime(Specimen.Log log) {
        long[] times = log.segments().values().stream()
                .flatMap(segment -> segment.frames().stream())
                .mapToLong(Anatomy.Frame::timestampMillis)
                .toArray();
        return times.length == 0
                ? 0
                : times[judge.random().nextInt(times.length)] + judge.random().nextInt(3) - 1;
    }

    // ---- going on

    void append(LocalPartition partition) {
        long end = partition.ends().logEnd();
        int appends = 1 + judge.random().nextInt(3);
        NavigableMap<Long, Submission> mine = new TreeMap<>();
        for (int i = 0; i < appends; i++) {
            byte[] value = new byte[judge.random().nextInt(6_000)];
            judge.random().nextBytes(value);
            AppendRequest request = AppendRequest.of(value);
            Submission submission = new Submission(request, 0);
            try {
                submission.tookOffset(partition.append(request));
                if (judge.random().nextInt(6) == 0) {
                    partition.rotate();
                }
            } catch (WalException e) {
                throw new Judge.Violation("an open partition refuses an append", e);
            }
            if (submission.offset() != end + i) {
                throw new Judge.Violation("an append took an offset that was not the next: " + submission);
            }
            mine.put(submission.offset(), submission);
        }
        appended.put(partition.id(), mine);
        ends.put(partition.id(), end);
    }

    /** After another opening: what was there is there, and what was appended. */
    void readAgain(LocalPartition partition) {
        NavigableMap<Long, Submission> mine = appended.get(partition.id());
        long end = mine.lastEntry().getValue().endOffset();
        if (judge.injury().kind().isForged() && partition.ends().logEnd() != end) {
            // A count that nobody doubted at a clean opening may be the end of the log for a scan.
            return;
        }
        if (partition.ends().logEnd() != end) {
            throw new Judge.Violation("what was appended to a damaged store is gone: partition=" + partition.id()
                    + " end=" + partition.ends().logEnd() + " expected=" + end);
        }
        Specimen.Log log = judge.specimen().logs().get(partition.id());
        NavigableMap<Long, Submission> all = new TreeMap<>(log.records().headMap(ends.get(partition.id()), false));
        all.putAll(mine);
        Walk walk = new Walk(partition, all, options(false));
        walk.from(From.start(), partition.ends().start(), end);
        // Behind damage a reader may be told of it once more; what it gets is right.
        long first = mine.firstKey();
        walk.from(From.offset(first), first, end);
    }

    // ---- one way through a log

    /** Compares what a reader gets with what was appended. */
    private final class Walk {
        private final LocalPartition partition;
        private final NavigableMap<Long, Submission> expected;
        private final ReadOptions options;

        Walk(LocalPartition partition, NavigableMap<Long, Submission> expected, ReadOptions options) {
            this.partition = partition;
            this.expected = expected;
            this.options = options;
        }

        /** Reads on to the end; returns how far it came before an error. */
        long from(From from, long first, long end) {
            long next = first;
            try (Cursor cursor = partition.read(from, options)) {
                while (cursor.next()) {
                    if (cursor.offset() != next && !(next == first && holds(cursor, first))) {
                        throw violation("offsets do not follow", cursor, next);
                    }
                    requireSame(cursor);
                    next = cursor.offset() + cursor.count();
                }
                if (next != end && cursor.nextOffset() != end) {
                    throw new Judge.Violation("reading ends before the end, without a word: partition=" + partition.id()
                            + " readTo=" + next + " end=" + end);
                }
                return end;
            } catch (DamageException | UnavailableException e) {
                judge.readError(e);
                return next;
            }
        }

        /** A batch of the caller's own making is one entry: a log that begins in the middle of it begins with all of it. */
        private static boolean holds(Cursor cursor, long offset) {
            return cursor.offset() < offset && offset < cursor.offset() + cursor.count();
        }

        /** Reads one entry; it must be the one at this offset, unless that is -1. */
        void one(From from, long offset) {
            try (Cursor cursor = partition.read(from, options)) {
                if (cursor.next()) {
                    boolean isIt = offset < 0 || offset == cursor.offset() || holds(cursor, offset);
                    if (!isIt) {
                        throw violation("asked for " + from + " and got something else", cursor, offset);
                    }
                    requireSame(cursor);
                } else if (offset >= 0 && offset < partition.ends().logEnd()) {
                    throw new Judge.Violation("there is nothing at " + from + ", and should be: partition="
                            + partition.id() + " expected=" + offset);
                }
            } catch (DamageException | UnavailableException e) {
                judge.readError(e);
            }
        }

        private void requireSame(Cursor cursor) {
            Optional<Submission> submission = submissionAt(cursor.offset());
            if (submission.isEmpty() || !isSame(submission.get(), cursor)) {
                throw violation("wrong bytes", cursor, cursor.offset());
            }
        }

        private boolean isSame(Submission submission, Cursor cursor) {
            return submission.isAt(cursor) || isSignedAnew(cursor.offset());
        }

        /** Whoever can sign a header can make one record another: nothing in the frame shows it. */
        private boolean isSignedAnew(long offset) {
            return judge.injury().kind().isForged()
                    && !new Survivors(judge.specimen().logs().get(partition.id()), judge.injury()).isIntact(offset);
        }

        private Optional<Submission> submissionAt(long offset) {
            Map.@Nullable Entry<Long, Submission> floor = expected.floorEntry(offset);
            return floor != null && offset < floor.getValue().endOffset()
                    ? Optional.of(floor.getValue())
                    : Optional.empty();
        }

        private Judge.Violation violation(String what, Cursor cursor, long wanted) {
            return new Judge.Violation(what + ": partition=" + partition.id() + " offset=" + cursor.offset() + " kind="
                    + cursor.kind() + " count=" + cursor.count() + " wanted=" + wanted + " appended="
                    + submissionAt(cursor.offset()));
        }
    }
}
