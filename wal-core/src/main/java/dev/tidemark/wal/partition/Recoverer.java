package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.SegmentScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns the directory of a partition into a log, or says why not: looks ({@link Examination}), then writes ({@link RecoverySteps}). Nothing else
 * reads a segment before that.
 *
 * <p><b>Threads.</b> Confined to one thread; each thread that recovers has its own, and so its own buffer.
 *
 * <p><b>Crash.</b> At any moment: the next recovery ends in the same state.
 */
final class Recoverer {

    /** A reader beside a live writer begins again when files changed under its eyes; after so many times it tells what it saw. */
    private static final int MAX_LOOKS = 10;

    private final RecoveryContext context;
    private @Nullable ByteBuffer buffer;

    Recoverer(RecoveryContext context) {
        this.context = context;
    }

    /** With the buffer of somebody who does not use it meanwhile. */
    Recoverer(RecoveryContext context, ByteBuffer buffer) {
        this.context = context;
        this.buffer = buffer;
    }

    /**
     * Recovers one partition.
     *
     * @param directory the partition's directory, which exists
     */
    RecoveryResult recover(PartitionId id, Path directory) {
        long began = context.environment().clock().nanos();
        Look look = new Look(id, directory, began);
        for (int looks = 1; ; looks++) {
            try {
                return look.look();
            } catch (Refusal refusal) {
                if (mayQuarantine(refusal)) {
                    return look.quarantined(refusal);
                }
                if (!context.readOnly() || looks == MAX_LOOKS || !(refusal.isOfChangedFile() || look.isOutdated())) {
                    return new RecoveryResult.Refused(look.refused(refusal));
                }
            }
        }
    }

    private boolean mayQuarantine(Refusal refusal) {
        return context.policy() == DamagePolicy.QUARANTINE && !context.readOnly() && refusal.isMendable();
    }

    private ByteBuffer buffer() {
        ByteBuffer mine = buffer;
        if (mine == null) {
            mine = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);
            buffer = mine;
        }
        return mine;
    }

    /** One partition. */
    private final class Look {
        private final PartitionId id;
        private final Path directory;
        private final long beganNanos;
        private @Nullable Examination examination;

        Look(PartitionId id, Path directory, long beganNanos) {
            this.id = id;
            this.directory = directory;
            this.beganNanos = beganNanos;
        }

        RecoveryResult look() throws Refusal {
            examination = null;
            Examination begun = Examination.begin(context, id, directory, Recoverer.this::buffer);
            examination = begun;
            Optional<Intent.Delete> deletion = begun.deletion();
            if (deletion.isPresent()) {
                return deleted(begun.onDisk(), deletion.get());
            }
            Examined found = begun.examine();
            PartitionMetadata metadata = new PartitionMetadata(
                    context.disk(), context.room(), context.metadataLock().get(), directory, begun.onDisk());
            return recovered(found, metadata);
        }

        boolean isOutdated() {
            // Without an examination PARTITION was not there or not readable: it may have been in the middle of its
            // replacement.
            return examination == null || examination.isOutdated();
        }

        // ------------------------------------------------------------ writing

        private RecoveryResult recovered(Examined found, PartitionMetadata metadata) throws Refusal {
            Optional<UnfinishedRecovery> unfinished = Optional.empty();
            if (!context.readOnly()) {
                RecoverySteps steps = new RecoverySteps(context, directory, found, metadata);
                write("delete unfinished files", steps::deleteTemporaries);
                write("write the tail again", () -> steps.secure(buffer()));
                unfinished = finished(steps, metadata);
            }
            return new RecoveryResult.Recovered(log(found, metadata, unfinished));
        }

        private void write(String what, RecoverySteps.Action action) throws Refusal {
            try {
                action.run();
            } catch (IOException e) {
                throw Refusal.notWritten(directory, what, e);
            }
        }

        private Optional<UnfinishedRecovery> finished(RecoverySteps steps, PartitionMetadata metadata) throws Refusal {
            try {
                steps.finish(buffer());
                return Optional.empty();
            } catch (IOException e) {
                if (DiskErrors.isFull(e) && !metadata.isOutcomeUnknown()) {
                    context.room().full(e);
                    return Optional.of(steps);
                }
                throw Refusal.notWritten(directory, steps.stoppedAt(), e);
            }
        }

        private RecoveryResult deleted(PartitionFile metadata, Intent.Delete deletion) throws Refusal {
            Optional<String> left = Optional.empty();
            if (!context.readOnly()) {
                Disk disk = context.disk();
                Path doomed = directory.resolveSibling(Names.deleteDirectory(deletion.deleteId()));
                try {
                    disk.rename(directory, doomed);
                    disk.forceDirectory(PartitionCreator.parentOf(directory));
                    left = DoomedDirectory.remove(disk, doomed);
                } catch (IOException e) {
                    throw Refusal.notWritten(directory, "finish the deletion", e);
                }
            }
            PartitionRecovery report = report(
                    List.of(RecoveryCase.R6),
                    metadata.startOffset(),
                    metadata.provenEnd(),
                    0,
                    Optional.empty(),
                    Optional.empty());
            return new RecoveryResult.Deleted(report, left);
        }

        /** Repairs what was refused, and looks once more. What cannot be repaired stays refused, for the first reason. */
        RecoveryResult quarantined(Refusal refusal) {
            try {
                Optional<RepairPlan> plan =
                        new PartitionRepair(context, id, directory, Recoverer.this::buffer).plan(Optional.of(refusal));
                if (plan.isEmpty()) {
                    return new RecoveryResult.Refused(refused(refusal));
                }
                PartitionRecovery.Quarantined given = carriedOut(plan.get());
                RecoveryResult result = look();
                return result instanceof RecoveryResult.Recovered recovered
                        ? new RecoveryResult.Recovered(
                                recovered.log().with(recovered.report().with(given)))
                        : result;
            } catch (Refusal again) {
                // What keeps it from being repaired is in the log of the caller; the damage itself is what counts.
                return new RecoveryResult.Refused(refused(again.row() == RecoveryCase.R7 ? again : refusal));
            }
        }

        private PartitionRecovery.Quarantined carriedOut(RepairPlan plan) throws Refusal {
            try {
                List<String> keptIn = new RepairSteps(context, directory, plan).run(buffer());
                return plan.told(keptIn);
            } catch (IOException e) {
                throw Refusal.notWritten(directory, "quarantine what is damaged", e);
            }
        }

        // ------------------------------------------------------------ telling

        private RecoveredLog log(Examined found, PartitionMetadata metadata, Optional<UnfinishedRecovery> unfinished) {
            TailFound tail = found.tail();
            long end = tail.end().endOffset();
            PartitionRecovery report = report(
                    found.rows(),
                    found.metadata().startOffset(),
                    end,
                    found.scannedBytes(),
                    tail.cut().flatMap(TailFound.Cut::undecided).map(this::asKept),
                    Optional.empty());
            return new RecoveredLog(
                    id,
                    directory,
                    found.owner(),
                    metadata,
                    found.segments(),
                    found.active(),
                    found.metadata().startOffset(),
                    end,
                    context.readOnly() ? tail.provenEnd() : end,
                    tail.lastTimestampMillis(),
                    found.producers(),
                    unfinished,
                    report);
        }

        /** A read-only opening keeps nothing aside. */
        private Undecided asKept(Undecided undecided) {
            return !context.readOnly()
                    ? undecided
                    : new Undecided(
                            undecided.file(),
                            undecided.filePosition(),
                            undecided.bytes(),
                            undecided.firstOffset(),
                            undecided.endOffset(),
                            "");
        }

        PartitionRecovery refused(Refusal refusal) {
            PartitionFile known = examination == null ? null : examination.onDisk();
            return report(
                    List.of(refusal.row()),
                    known == null ? 0 : known.startOffset(),
                    known == null ? 0 : known.provenEnd(),
                    0,
                    Optional.empty(),
                    Optional.of(refusal.failure()));
        }

        private PartitionRecovery report(
                List<RecoveryCase> rows,
                long start,
                long end,
                long scannedBytes,
                Optional<Undecided> undecided,
                Optional<WalException> failure) {
            long nanos = context.environment().clock().nanos() - beganNanos;
            return new PartitionRecovery(id.toString(), rows, start, end, scannedBytes, undecided, failure, nanos);
        }
    }
}
