package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Repairs partitions of a store that nobody has open (ADR 0013): first {@link #look}, which changes nothing, then {@link #repair}. It does what the policy {@code
 * QUARANTINE} does at an opening, and looks further: at every frame of every segment.
 *
 * <p><b>Threads.</b> Confined to one thread.
 *
 * <p><b>Crash.</b> Looking writes nothing; repairing is {@link RepairSteps}.
 */
public final class PartitionMender {

    private static final int INDEX_INTERVAL_BYTES = 1 << 20;
    private static final long LOCK_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Environment environment;
    private final Path store;
    private final UUID storeId;
    private final DiskRoom room;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);
    private final Timer unusedWaits = new CompositeMeterRegistry().timer("repair.lock");

    /**
     * @param store the store's directory
     * @param storeId as {@code STORE} has it
     * @param room for metadata on a full disk
     */
    public PartitionMender(Environment environment, Path store, UUID storeId, DiskRoom room) {
        this.environment = environment;
        this.store = store;
        this.storeId = storeId;
        this.room = room;
    }

    /** Reads all of a partition and says what can be done about it. */
    public RepairOutlook look(PartitionId id) {
        Path directory = directoryOf(id);
        RecoveryContext context = context(true);
        Optional<Refusal> refused = Optional.empty();
        try {
            Examination examination = Examination.begin(context, id, directory, () -> buffer);
            if (examination.onDisk().intents().stream().anyMatch(intent -> !(intent instanceof Intent.Trim))) {
                // It is the next opening that finishes what was begun. If it cannot, that is damage, and told below.
                examination.examine();
                return new RepairOutlook.Sound(id);
            }
            examination.examine();
        } catch (Refusal refusal) {
            if (!refusal.isMendable()) {
                return new RepairOutlook.Hindered(id, refusal.failure());
            }
            refused = Optional.of(refusal);
        }
        return look(id, directory, context, refused);
    }

    private RepairOutlook look(PartitionId id, Path directory, RecoveryContext context, Optional<Refusal> refused) {
        try {
            Optional<RepairPlan> plan = new PartitionRepair(context, id, directory, () -> buffer).plan(refused);
            if (plan.isPresent()) {
                return new RepairOutlook.Proposed(id, plan.get(), files(plan.get()));
            }
            return refused.isPresent()
                    ? new RepairOutlook.Hindered(id, refused.get().failure())
                    : new RepairOutlook.Sound(id);
        } catch (Refusal hindrance) {
            return new RepairOutlook.Hindered(id, hindrance.failure());
        } catch (IOException e) {
            return new RepairOutlook.Hindered(
                    id, Refusal.unreadable(id.toString(), directory, e).failure());
        }
    }

    /**
     * Does it. The store must be this process's, and nothing may have changed since it was looked at.
     *
     * @throws WalException if a step failed: the partition is as it was, or another look and repair go on from there
     */
    public PartitionRecovery.Quarantined repair(RepairOutlook.Proposed proposed) {
        RepairPlan plan = proposed.plan();
        Path directory = directoryOf(proposed.partition());
        try {
            return plan.told(new RepairSteps(context(false), directory, plan).run(buffer));
        } catch (IOException e) {
            throw Refusal.notWritten(directory, "repair what is damaged", e).failure();
        }
    }

    private Path directoryOf(PartitionId id) {
        return store.resolve(Names.partitionDirectory(id));
    }

    private RecoveryContext context(boolean readOnly) {
        return new RecoveryContext(
                storeId,
                environment,
                room,
                () -> RankedLock.exclusive(LockRank.METADATA, unusedWaits, environment.clock(), LOCK_TIMEOUT_NANOS),
                readOnly,
                INDEX_INTERVAL_BYTES);
    }

    // ---------------------------------------------------------------- in words

    private List<RepairOutlook.ChangedFile> files(RepairPlan plan) throws IOException {
        List<RepairOutlook.ChangedFile> files = new ArrayList<>();
        for (RepairPlan.Change change : plan.changes()) {
            long bytes = change.isNew() ? -1 : sizeOf(change.segment());
            files.add(new RepairOutlook.ChangedFile(
                    Segment.displayName(change.segment()), bytes, inWords(change, bytes)));
        }
        for (Path stray : plan.strays()) {
            files.add(new RepairOutlook.ChangedFile(
                    Segment.displayName(stray), sizeOf(stray), "deleted, since nothing leads to it"));
        }
        plan.successor()
                .ifPresent(header -> files.add(new RepairOutlook.ChangedFile(
                        Segment.displayName(directoryOf(plan.recorded().partition())
                                .resolve(header.name().segmentFile())),
                        -1,
                        "made, for what is appended from now on")));
        if (plan.isMetadataBad()) {
            Path metadata = directoryOf(plan.recorded().partition()).resolve(Names.PARTITION);
            boolean isThere = environment.disk().exists(metadata);
            files.add(new RepairOutlook.ChangedFile(
                    Segment.displayName(metadata),
                    isThere ? sizeOf(metadata) : -1,
                    "made again, without checkpoints: the log starts with its oldest segment"));
        }
        return files;
    }

    private static String inWords(RepairPlan.Change change, long bytes) {
        if (change.isNew()) {
            return "made, in place of one that is gone";
        }
        List<String> words = new ArrayList<>();
        change.header().ifPresent(header -> words.add("header made again"));
        change.seal().ifPresent(seal -> {
            long behind = bytes - change.sealPosition();
            words.add(
                    behind > 0
                            ? "cut and sealed at=" + change.sealPosition() + " cutBytes=" + behind
                            : "sealed at=" + change.sealPosition());
        });
        return String.join(", ", words);
    }

    private long sizeOf(Path file) throws IOException {
        try (DiskFile open = environment.disk().open(file, Disk.Access.READ)) {
            return open.size();
        }
    }
}
