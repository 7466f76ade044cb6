package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes away the new end of a log (ADR 0011). First everything is looked at, as recovery would look at it if the intent were there; then the intent is made
 * durable and all that is in memory goes back; then the files.
 *
 * <p><b>Threads.</b> The thread that asks, with both rights and under the lock {@link LockRank#TRIM}: nothing is written, forced, rotated or trimmed
 * meanwhile. Appends are staged until the intent is durable, and refused then. Readers take no lock.
 *
 * <p><b>Ordering.</b> {@link Truncations} first, then ends, then the list of segments, then the files; see {@link LogWalk} for the other side. All but the
 * files changes in the hold of the metadata lock in which the intent was written, so no checkpoint comes to lie behind the new end.
 *
 * <p><b>Crash.</b> Before the intent is durable nothing has changed; afterwards recovery finishes it (R6).
 *
 * <p><b>Failure.</b> Likewise; an error behind the intent stops the partition, whose ends are the new ones, and reopening finishes it.
 */
final class Truncator {

    private static final int WALK_READ_BYTES = 64 << 10;

    private final PartitionServices services;
    private final PartitionParts parts;
    private final ReadView view;
    private final SegmentsInLog segments;
    private final Truncations truncations;
    private final Trimmer trimmer;
    private final RoundWriter writer;
    private final Intake intake;
    private final Function<ActiveState, ActiveSegment> activeFrom;
    private final Disk disk;

    Truncator(
            PartitionServices services,
            PartitionParts parts,
            ReadView view,
            SegmentsInLog segments,
            Trimmer trimmer,
            RoundWriter writer,
            Intake intake,
            Function<ActiveState, ActiveSegment> activeFrom) {
        this.services = services;
        this.parts = parts;
        this.view = view;
        this.segments = segments;
        this.truncations = view.truncations();
        this.trimmer = trimmer;
        this.writer = writer;
        this.intake = intake;
        this.activeFrom = activeFrom;
        this.disk = services.environment().disk();
    }

    /** Ends the log at {@code end}; see {@link dev.tidemark.wal.api.LocalPartition#truncateAfter(long, Truncation)}. */
    long truncate(long end, Truncation what) {
        parts.life().checkOpen();
        if (end < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "no such offset: partition=" + parts.id() + " offset=" + end);
        }
        long logEnd = parts.positions().logEnd();
        if (end > logEnd) {
            throw ReadErrors.beyondEnd(parts.id(), end, logEnd);
        }
        long deadline = services.environment().clock().nanos()
                + services.config().appendTimeout().toNanos();
        try {
            return writer.withAllBelowDurable(
                    end, deadline, () -> trimmer.whileStartStands(() -> truncateNow(end, what)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(
                    ErrorCode.INTERRUPTED,
                    "interrupted before the log was truncated, nothing was changed: partition=" + parts.id(),
                    e);
        }
    }

    private long truncateNow(long end, Truncation what) {
        parts.life().checkOpen();
        long start = parts.positions().start();
        long durable = parts.positions().durable();
        if (end < start) {
            throw ReadErrors.trimmed(parts.id(), end, start);
        }
        if (end > durable) {
            throw ReadErrors.beyondEnd(parts.id(), end, durable);
        }
        if (end == durable) {
            writer.refuseStaged(refusal(end));
            return end;
        }
        if (what != Truncation.ALSO_OF_WHAT_IS_READABLE) {
            throw new InvalidCallException(
                    ErrorCode.OFFSET_READABLE,
                    "records behind this offset may have been read, and giving them up was not asked for: partition="
                            + parts.id() + " offset=" + end + " readable=" + durable);
        }
        requireBetweenAppends(end);
        Segment old = segments.get().floor(end);
        PartitionFile now = parts.metadata().current();
        Intent.Truncate intent = new Intent.Truncate(end, old.name(), now.lastEpoch());
        ActiveSegment before = writer.active();
        // Zeros written behind the new end would be taken for its tail.
        before.prefill.stop();
        boolean isDecided = false;
        try {
            Examined found = examined(now, intent);
            ActiveSegment cut = activeFrom.apply(found.active());
            List<Segment> removed = decide(intent, old, cut, found);
            isDecided = true;
            carryOut(intent, cut, removed);
            return end;
        } finally {
            if (!isDecided) {
                before.prefill.restart();
            }
        }
    }

    private AppendRefusedException refusal(long end) {
        return new AppendRefusedException(
                ErrorCode.OFFSET_TRUNCATED,
                "the log was truncated before this was written, nothing was appended: partition=" + parts.id() + " end="
                        + end,
                null);
    }

    /** The log consists of whole frames, and so must what is left of it. */
    private void requireBetweenAppends(long end) {
        if (isAtGap(end)) {
            return;
        }
        try (LogWalk walk = new LogWalk(view, Durability.SYNCED, WALK_READ_BYTES)) {
            walk.want(end);
            if (!walk.find(false) || walk.window().offset() != end) {
                throw new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID,
                        "the log cannot end in the middle of a batch: partition=" + parts.id() + " offset=" + end);
            }
        }
    }

    /**
     * Whether a gap begins there. A segment is cut where its frames lead to from the first one on, and they lead over no hole: the log can end before a
     * gap, or at the end of the segment that has it, and not in between.
     */
    private boolean isAtGap(long end) {
        long base = segments.get().floor(end).baseOffset();
        boolean isAtGap = false;
        for (Loss loss : parts.metadata().current().losses()) {
            if (loss.firstOffset() < end && loss.endOffset() > base) {
                throw new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID,
                        "the log cannot end behind records that are lost in the same segment: partition=" + parts.id()
                                + " offset=" + end + " lost=" + loss.firstOffset() + " lostEnd=" + loss.endOffset()
                                + "; end it at " + loss.firstOffset() + " or below");
            }
            isAtGap |= loss.firstOffset() == end;
        }
        return isAtGap;
    }

    /** What recovery would find and do, if the intent were there. Nothing is written. */
    private Examined examined(PartitionFile now, Intent.Truncate intent) {
        PartitionFile.Change asIf = now.change();
        // Segments that were trimmed and are still read are no part of this.
        now.intents().forEach(asIf::withoutIntent);
        ByteBuffer buffer = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);
        try {
            return Examination.asIf(
                            RecoveryContext.of(services),
                            parts.id(),
                            parts.directory(),
                            () -> buffer,
                            intended(asIf, now, intent))
                    .examine();
        } catch (Refusal refusal) {
            throw refusal.failure();
        }
    }

    /** A proof, or a checkpoint, above the new end would make damage of what is missing behind it. */
    private static PartitionFile intended(PartitionFile.Change change, PartitionFile now, Intent.Truncate intent) {
        return change.withoutCleanStamp()
                .provenEnd(Math.min(now.provenEnd(), intent.endOffset()))
                .checkpointsAtMost(intent.endOffset())
                .intent(intent)
                .done();
    }

    // ---------------------------------------------------------------- the decision

    private List<Segment> decide(Intent.Truncate intent, Segment old, ActiveSegment cut, Examined found) {
        List<Segment> removed = new ArrayList<>();
        List<Round> withdrawn = new ArrayList<>();
        long end = intent.endOffset();
        long before = truncations.count();
        boolean isGoneBack = false;
        try {
            parts.metadata().replace(file -> intended(file.change(), file, intent), () -> {
                truncations.add(end);
                withdrawn.addAll(intake.truncate(cut, end, found.producers()));
                writer.goOnIn(cut, end);
                removed.addAll(segments.replaceFrom(old, cut.segment));
            });
            isGoneBack = true;
        } catch (IOException e) {
            throw parts.metadata().failed("log was not truncated", parts.id(), services.room(), writer::abandon, e);
        } finally {
            if (!isGoneBack && truncations.count() > before) {
                // The intent is durable and memory is not what it says, as where a lock was not free in time.
                writer.abandon(stopped(end, "memory could not follow", null));
            }
        }
        writer.refuse(withdrawn, refusal(end));
        parts.readable().lookAgain();
        parts.written().lookAgain();
        return removed;
    }

    // ---------------------------------------------------------------- the files

    private void carryOut(Intent.Truncate intent, ActiveSegment cut, List<Segment> removed) {
        long bytes = 0;
        for (Segment segment : removed) {
            bytes += segment.isSealed() ? segment.fileBytes() : 0;
            parts.files().forget(segment);
            segment.release();
        }
        try {
            for (int i = removed.size() - 1; i > 0; i--) {
                delete(removed.get(i).name().indexFile());
                delete(removed.get(i).name().segmentFile());
            }
            delete(cut.segment.name().indexFile());
            // Before PARTITION forgets the intent: a loss of power could bring the names back, with nobody to delete
            // them.
            disk.forceDirectory(parts.directory());
            try (DiskFile file = disk.open(cut.segment.path(), Disk.Access.READ_WRITE)) {
                SegmentCut.make(file, cut.endPosition(), services.room());
            }
            parts.metadata().replaceForWork(file -> settled(file, intent, cut));
        } catch (IOException e) {
            StorageException failure =
                    stopped(intent.endOffset(), "the files behind its end could not be taken away", e);
            writer.abandon(failure);
            throw failure;
        }
        services.meters().truncated();
        services.events().truncated(parts.id(), intent.endOffset(), removed.size() - 1, bytes);
    }

    private StorageException stopped(long end, String what, @Nullable IOException cause) {
        return new StorageException(
                ErrorCode.PARTITION_FAILED,
                "log is truncated, and " + what + ": partition=" + parts.id() + " end=" + end
                        + (cause == null ? "" : " (" + DiskErrors.said(cause) + ")") + "; reopen to recover",
                cause);
    }

    private static PartitionFile settled(PartitionFile file, Intent.Truncate intent, ActiveSegment cut) {
        PartitionFile.Change change = file.change()
                .active(new SegmentRef(cut.segment.name(), cut.segment.segmentId()))
                .provenEnd(intent.endOffset())
                // Not before: a reader that has not heard of the truncation yet would take a gap for damage.
                .lossesAtMost(intent.endOffset())
                .withoutIntent(intent);
        file.closedByRecovery().stream()
                .filter(closed -> closed.name().epoch() > cut.segment.epoch())
                .forEach(closed -> change.notClosed(closed.segmentId()));
        return change.closed(cut.end()).done();
    }

    private void delete(String name) throws IOException {
        Path file = parts.directory().resolve(name);
        try {
            disk.delete(file);
        } catch (NoSuchFileException e) {
            // Not every segment has an index.
            return;
        }
    }
}
