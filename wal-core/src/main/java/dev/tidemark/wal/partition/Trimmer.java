package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Takes away the old end of a log (ADR 0008): the start first, durably, then the segments before it, each as soon as nobody reads it.
 *
 * <p><b>Threads.</b> Any; one at a time works, under the lock {@link LockRank#TRIM}, which is held during the I/O. Appends, rotation and readers do not
 * take it. Segments that were read when they were trimmed are deleted by a flusher.
 *
 * <p><b>Ordering.</b> {@code PARTITION} is durable before the start is published, and the start is published before the list is shortened: a
 * reader that does not find a segment finds the start that explains it.
 *
 * <p><b>Crash.</b> From the replacement of {@code PARTITION} on the log begins at the new start. The intent in it stays until the files are gone, names
 * included, so recovery deletes what is left.
 *
 * <p><b>Failure.</b> A replacement that failed before its rename has changed nothing, and is told. Later, the partition stops. A file that cannot be
 * deleted does no harm: a warning, and the next trim or opening tries again. A force of the directory that fails is final: it may have been the only
 * one to hear that a name which a rotation has just made is lost.
 */
final class Trimmer {

    private final PartitionServices services;
    private final PartitionParts parts;
    private final SegmentsInLog segments;
    private final Consumer<WalException> stop;
    private final Disk disk;
    private final RankedLock lock;

    // Under the lock.
    /** Trimmed and not deleted, oldest first. */
    private final Deque<Segment> doomed = new ArrayDeque<>(1);

    /** Names are gone, and it is not durable or not noted in {@code PARTITION}: the intent has to stay. */
    private boolean isUnfinished;

    private volatile boolean isClosed;
    private volatile boolean isAtWork;

    /**
     * For one partition.
     *
     * @param stop stops the partition, when it is not known which start a crash would leave
     */
    Trimmer(PartitionServices services, PartitionParts parts, SegmentsInLog segments, Consumer<WalException> stop) {
        this.services = services;
        this.parts = parts;
        this.segments = segments;
        this.stop = stop;
        this.disk = services.environment().disk();
        this.lock = services.lock(LockRank.TRIM);
    }

    /** Moves the start up to {@code offset}, unless it is there already. Returns where it is then. */
    long trimTo(long offset) {
        if (offset < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "no such offset: partition=" + parts.id() + " offset=" + offset);
        }
        begin();
        try {
            parts.life().checkOpen();
            long end = parts.positions().durable();
            if (offset > end) {
                throw ReadErrors.beyondEnd(parts.id(), offset, end);
            }
            if (offset > parts.positions().start()) {
                Segment first = firstFile(segments.get().floor(offset));
                move(offset, first);
                takeAway(offset, first);
            }
            deleteUnread();
            return parts.positions().start();
        } finally {
            end();
        }
    }

    /**
     * Moves the start up as far as the rule lets it. Returns where it is then.
     *
     * @param activeBytes tells how much of the newest segment is in use
     */
    long apply(RetentionRule rule, ToLongFunction<Segment> activeBytes) {
        begin();
        try {
            parts.life().checkOpen();
            Segment first = firstToStay(rule, activeBytes);
            long start = first.baseOffset();
            if (start > parts.positions().start()) {
                Segment file = firstFile(first);
                move(start, file);
                takeAway(start, file);
            }
            deleteUnread();
            return parts.positions().start();
        } finally {
            end();
        }
    }

    /**
     * The oldest segment whose file stays, where the log is to start in this one. A crash leaves what is known of producers in the seal before the
     * newest segment: without it the repeat of an append that was trimmed would be written again.
     */
    private Segment firstFile(Segment first) {
        SegmentList now = segments.get();
        boolean isNewest = now.indexOf(first) == now.size() - 1;
        return isNewest && now.size() > 1 && !parts.producers().isEmpty() ? now.get(now.size() - 2) : first;
    }

    private Segment firstToStay(RetentionRule rule, ToLongFunction<Segment> activeBytes) {
        SegmentList now = segments.get();
        try {
            return rule.firstToStay(
                    now,
                    activeBytes.applyAsLong(now.last()),
                    parts.metadata().current(),
                    services.environment().clock().millis());
        } catch (IOException e) {
            throw new StorageException(
                    ErrorCode.STORAGE_FAILED,
                    "retention could not tell the age of a segment: partition=" + parts.id() + " (" + DiskErrors.said(e)
                            + ")",
                    e);
        }
    }

    /** Has something done while nobody trims. It must not take long. */
    <T> T whileStartStands(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Trims nothing and deletes nothing from now on. Segments that somebody still reads are left to the next opening.
     *
     * @return false when a trim was still under way at the deadline
     */
    boolean close(long deadlineNanos) {
        isClosed = true;
        try {
            if (!lock.tryLockForWork(
                    Math.max(0, deadlineNanos - services.environment().clock().nanos()))) {
                return false;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        lock.unlock();
        return true;
    }

    /**
     * The segments that were trimmed and could not be deleted because somebody reads them; theirs is the caller's from now on. After {@link #close}. They
     * have a reference more than before.
     */
    List<Segment> takeDoomed() {
        lock.lock();
        try {
            List<Segment> taken = doomed.stream().filter(Segment::tryRetain).toList();
            doomed.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a thread may be in an I/O operation here. */
    boolean isBusy() {
        return isAtWork;
    }

    private void begin() {
        lock.lock();
        isAtWork = true;
    }

    private void end() {
        isAtWork = false;
        lock.unlock();
    }

    // ---------------------------------------------------------------- the start

    private void move(long offset, Segment first) {
        boolean areFilesToGo = segments.get().first() != first || !doomed.isEmpty() || isUnfinished;
        try {
            parts.metadata().replace(file -> {
                PartitionFile.Change change = withoutTrims(file)
                        .withoutCleanStamp()
                        .start(offset, first.name())
                        .provenEnd(Math.max(file.provenEnd(), offset));
                // It stands for those of earlier trims, too: they are older.
                return (areFilesToGo ? change.intent(new Intent.Trim(offset, first.name())) : change).done();
            });
        } catch (IOException e) {
            throw notMoved(e);
        }
    }

    private static PartitionFile.Change withoutTrims(PartitionFile file) {
        PartitionFile.Change change = file.change();
        file.intents().stream().filter(Intent.Trim.class::isInstance).forEach(change::withoutIntent);
        return change;
    }

    private WalException notMoved(IOException cause) {
        return parts.metadata().failed("log was not trimmed", parts.id(), services.room(), stop, cause);
    }

    private void takeAway(long offset, Segment first) {
        parts.positions().trimmed(offset);
        List<Segment> removed = segments.removeBefore(first);
        long bytes = 0;
        int stillRead = 0;
        for (Segment segment : removed) {
            bytes += segment.fileBytes();
            doomed.add(segment);
            segment.release();
            stillRead += segment.isUnread() || !segment.whenUnread(this::handOver) ? 0 : 1;
        }
        services.meters().trimmed(removed.size(), bytes);
        services.meters().trimPending(stillRead);
        services.events().trimmed(parts.id(), offset, removed.size(), bytes);
    }

    // ---------------------------------------------------------------- the files

    /** By whoever gave back the last reference of a trimmed segment. */
    private void handOver() {
        if (!isClosed) {
            services.flushers().submit(this::deleteInTurn);
        }
    }

    private void deleteInTurn() {
        lock.lockForWork();
        isAtWork = true;
        try {
            deleteUnread();
        } finally {
            end();
        }
    }

    private void deleteUnread() {
        if (isClosed || parts.life().hasFailed() || (doomed.isEmpty() && !isUnfinished)) {
            return;
        }
        try {
            for (Iterator<Segment> all = doomed.iterator(); all.hasNext(); ) {
                Segment segment = all.next();
                if (segment.isUnread()) {
                    isUnfinished = true;
                    parts.files().forget(segment);
                    delete(segment.name().indexFile());
                    delete(segment.name().segmentFile());
                    all.remove();
                }
            }
            // Before PARTITION forgets: a loss of power could bring the names back, with nobody to delete them.
            if (isUnfinished && doomed.isEmpty() && areNamesForced()) {
                parts.metadata().replaceForWork(file -> withoutTrims(file).done());
                isUnfinished = false;
            }
        } catch (IOException e) {
            if (parts.metadata().isOutcomeUnknown()) {
                // The trim itself is durable; what is not known is whether the intent was cleared.
                WalException unused = notMoved(e);
                return;
            }
            services.events()
                    .warning("trimmed files could not be deleted, the next trim or opening tries again: partition="
                            + parts.id() + " (" + DiskErrors.said(e) + ")");
        }
    }

    /** False if the force failed, and the partition has stopped over it. */
    private boolean areNamesForced() throws IOException {
        try {
            disk.forceDirectory(parts.directory());
            return true;
        } catch (IOException e) {
            if (DiskErrors.isTooManyOpenFiles(e)) {
                // The disk was not even asked.
                throw e;
            }
            stop.accept(new StorageException(
                    ErrorCode.PARTITION_FAILED,
                    "directory could not be forced behind a trim: partition=" + parts.id() + " (" + DiskErrors.said(e)
                            + "); reopen to recover",
                    e));
            return false;
        }
    }

    private void delete(String name) throws IOException {
        Path file = parts.directory().resolve(name);
        try {
            disk.delete(file);
        } catch (NoSuchFileException e) {
            // Not every segment has an index, and an earlier attempt may have come so far.
            return;
        }
    }
}
