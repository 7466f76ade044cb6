package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Does what a {@link RepairPlan} says, in the order of ADR 0013.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers or repairs.
 *
 * <p><b>Crash.</b> Everything that is written over was copied aside and forced before. Until the last step the partition is refused as before, or opens with
 * its losses on record; the next repair begins anew from what is there. Nothing that verifies is written over.
 */
final class RepairSteps {

    private final Disk disk;
    private final Path directory;
    private final RepairPlan plan;
    private final PartitionMetadata metadata;
    private final RandomGenerator random;
    private final List<String> keptIn = new ArrayList<>();

    RepairSteps(RecoveryContext context, Path directory, RepairPlan plan) {
        this.disk = context.disk();
        this.directory = directory;
        this.plan = plan;
        this.random = context.environment().random();
        this.metadata = new PartitionMetadata(
                disk, context.room(), context.metadataLock().get(), directory, plan.recorded());
    }

    /** All of it. Returns the names of the copies. */
    List<String> run(ByteBuffer buffer) throws IOException {
        begin(buffer);
        if (plan.successor().isPresent()) {
            makeSuccessor(plan.successor().get());
        }
        for (RepairPlan.Change change : plan.changes()) {
            write(change, buffer);
        }
        for (Path stray : plan.strays()) {
            disk.delete(stray);
        }
        disk.forceDirectory(directory);
        metadata.rewrite(recorded -> plan.settled());
        return keptIn;
    }

    private void begin(ByteBuffer buffer) throws IOException {
        try {
            for (Path file : plan.damaged()) {
                keepAside(file, buffer);
            }
            // Before anything is written over: a loss of power must not keep the change and lose the copy.
            disk.forceDirectory(directory);
            metadata.rewrite(recorded -> recorded);
        } catch (IOException e) {
            if (!metadata.isOutcomeUnknown()) {
                // Nothing was changed, so the copies are of no use, and on a full disk each attempt would leave more of
                // them.
                keptIn.forEach(name -> remove(directory.resolve(name), e));
            }
            throw e;
        }
    }

    private void keepAside(Path damaged, ByteBuffer buffer) throws IOException {
        Path aside = free(damaged);
        try (DiskFile from = disk.open(damaged, Disk.Access.READ);
                DiskFile to = disk.create(aside)) {
            FileCopy.copy(from, 0, from.size(), to, 0, buffer);
            to.force(false);
        } catch (IOException e) {
            remove(aside, e);
            throw e;
        }
        keptIn.add(aside.getFileName().toString());
    }

    /** A name that no earlier copy has: what that holds is the older damage. */
    private Path free(Path damaged) throws IOException {
        while (true) {
            Path aside =
                    directory.resolve(Names.damagedFile(damaged.getFileName().toString(), random.nextLong()));
            if (!disk.exists(aside)) {
                return aside;
            }
        }
    }

    private void remove(Path aside, IOException cause) {
        try {
            if (disk.exists(aside)) {
                disk.delete(aside);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private void makeSuccessor(SegmentHeader header) throws IOException {
        Path temporary = directory.resolve(Names.nextSegment(header.segmentId()));
        try (DiskFile file = disk.create(temporary)) {
            file.writeFully(encoded(header), 0);
            file.force(false);
        }
        disk.rename(temporary, directory.resolve(header.name().segmentFile()));
        disk.forceDirectory(directory);
    }

    private static ByteBuffer encoded(SegmentHeader header) {
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        return block;
    }

    private void write(RepairPlan.Change change, ByteBuffer buffer) throws IOException {
        try (DiskFile file =
                change.isNew() ? disk.create(change.segment()) : disk.open(change.segment(), Disk.Access.READ_WRITE)) {
            if (change.header().isPresent()) {
                file.writeFully(encoded(change.header().get()), 0);
            }
            if (change.isWrittenAgain()) {
                // The process before may have died after a failed force: what reads well may be nowhere but in clean
                // pages.
                long end = Math.min(file.size(), change.sealPosition());
                FileCopy.copy(file, SegmentHeader.BYTES, end, file, SegmentHeader.BYTES, buffer);
            }
            if (change.seal().isPresent()) {
                ByteBuffer seal = change.seal().get().duplicate().clear();
                long sealEnd = change.sealPosition() + seal.limit();
                file.writeFully(seal, change.sealPosition());
                file.truncate(sealEnd);
            }
            file.force(false);
        }
    }
}
