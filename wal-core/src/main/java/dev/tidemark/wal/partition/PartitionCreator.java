package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.SegmentTotals;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Makes partitions.
 *
 * <p><b>Threads.</b> Any; two threads must not create the same partition at the same time, which the store sees to.
 *
 * <p><b>Crash.</b> A partition is made complete in {@code create-<id>.tmp}, every file and the directory forced, then renamed, and
 * the parent forced. Before the rename a crash leaves a directory that the next opening removes; after it, a partition that is
 * empty and whole.
 */
final class PartitionCreator {

    private static final SegmentName FIRST = new SegmentName(0, 1);

    private PartitionCreator() {}

    /**
     * Makes an empty partition, durably.
     *
     * @param store the store's directory
     */
    static RecoveredLog create(RecoveryContext context, PartitionId id, Path store) throws IOException {
        long began = context.environment().clock().nanos();
        Disk disk = context.disk();
        RandomGenerator random = context.environment().random();
        long nowMillis = context.environment().clock().millis();
        long partitionId = random.nextLong();
        SegmentHeader header = new SegmentHeader(
                context.storeId(), partitionId, newSegmentId(random), FIRST, Optional.empty(), nowMillis, 0);
        PartitionFile file = PartitionFile.first(
                context.storeId(), id, partitionId, nowMillis, new SegmentRef(FIRST, header.segmentId()));

        Path unfinished = store.resolve(Names.createDirectory(random.nextLong()));
        Path directory = store.resolve(id.toString());
        disk.createDirectory(unfinished);
        boolean isComplete = false;
        try {
            write(disk, unfinished.resolve(FIRST.segmentFile()), encoded(header));
            write(disk, unfinished.resolve(Names.PARTITION), ByteBuffer.wrap(file.encode()));
            disk.forceDirectory(unfinished);
            disk.rename(unfinished, directory);
            isComplete = true;
        } finally {
            if (!isComplete) {
                removeQuietly(disk, unfinished);
            }
        }
        // Without it a loss of power could keep the first acknowledged records in a directory that has no name.
        disk.forceDirectory(store);
        return created(context, id, directory, header, file, began);
    }

    /** An id for a segment: never 0, and drawn from a generator that does not repeat itself in the life of a store. */
    static long newSegmentId(RandomGenerator random) {
        long drawn = random.nextLong();
        while (drawn == 0) {
            drawn = random.nextLong();
        }
        return drawn;
    }

    /** The directory of the store in which a partition lies. */
    static Path parentOf(Path directory) {
        Path parent = directory.getParent();
        if (parent == null) {
            throw new IllegalArgumentException("a partition lies in a store: directory=" + directory);
        }
        return parent;
    }

    private static RecoveredLog created(
            RecoveryContext context,
            PartitionId id,
            Path directory,
            SegmentHeader header,
            PartitionFile file,
            long beganNanos) {
        Segment segment = new Segment(directory.resolve(FIRST.segmentFile()), header);
        segment.index().keepEvery(context.indexIntervalBytes());
        SegmentTotals none = SegmentTotals.none(header.segmentId());
        SegmentEnd end = new SegmentEnd(
                header.segmentId(), FIRST, FIRST.baseOffset(), SegmentHeader.BYTES, none.runningChecksum());
        PartitionRecovery report = new PartitionRecovery(
                id.toString(),
                List.of(RecoveryCase.CLEAN),
                0,
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                context.environment().clock().nanos() - beganNanos);
        return new RecoveredLog(
                id,
                directory,
                new SegmentOwner(context.storeId(), file.partitionId(), id),
                new PartitionMetadata(
                        context.disk(), context.room(), context.metadataLock().get(), directory, file),
                List.of(segment),
                new ActiveState(segment, end, SegmentHeader.BYTES, none, false),
                0,
                0,
                0,
                0,
                List.of(),
                Optional.empty(),
                report);
    }

    private static ByteBuffer encoded(SegmentHeader header) {
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        return block;
    }

    private static void write(Disk disk, Path path, ByteBuffer bytes) throws IOException {
        try (DiskFile file = disk.create(path)) {
            file.writeFully(bytes, 0);
            file.force(false);
        }
    }

    /** The first error is what counts; a directory that stays is removed by the next opening. */
    private static void removeQuietly(Disk disk, Path directory) {
        try {
            DoomedDirectory.remove(disk, directory);
        } catch (IOException leftForRecovery) {
            assert directory.getFileName().toString().startsWith("create-") : directory;
        }
    }
}
