package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentHeader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a repair of one partition is going to do (ADR 0013). Nothing was written yet.
 *
 * @param row the row of the recovery table for which opening refuses the partition, if it does
 * @param why what is wrong, for people
 * @param damaged files that will be written, cut or replaced: they are copied aside first
 * @param recorded {@code PARTITION} with the losses, and otherwise as it is; or made again
 * @param isMetadataBad whether {@code PARTITION} is made again
 * @param changes of segments, in the order in which they are made
 * @param strays files that are called like segments and are no part of the log: they are deleted
 * @param successor the header of the segment that follows the newest, if one has to
 * @param settled {@code PARTITION} when all is done
 * @param lost what goes on record now
 */
record RepairPlan(
        Optional<RecoveryCase> row,
        String why,
        List<Path> damaged,
        PartitionFile recorded,
        boolean isMetadataBad,
        List<Change> changes,
        List<Path> strays,
        Optional<SegmentHeader> successor,
        PartitionFile settled,
        List<Lost> lost) {

    RepairPlan {
        damaged = List.copyOf(damaged);
        changes = List.copyOf(changes);
        strays = List.copyOf(strays);
        lost = List.copyOf(lost);
    }

    /** What is told when it was carried out. */
    PartitionRecovery.Quarantined told(List<String> keptIn) {
        return new PartitionRecovery.Quarantined(
                row, why, ReadErrors.told(lost.stream().map(Lost::loss).toList()), keptIn);
    }

    /**
     * One range that goes on record, and where it was.
     *
     * @param segment its file
     * @param position where the bytes begin that are no good frames
     * @param bytes how many they are, or -1 if the file is gone
     */
    record Lost(Loss loss, Path segment, long position, long bytes) {}

    /**
     * What is written to one segment.
     *
     * @param segment its file
     * @param isNew whether the file is made, in place of what is there, if anything is
     * @param header its header, if that is written
     * @param seal its seal, if that is written, behind which the file is cut
     * @param sealPosition where
     * @param isWrittenAgain whether its frames are written again: those of the newest segment may be in the page cache alone
     */
    record Change(
            Path segment,
            boolean isNew,
            Optional<SegmentHeader> header,
            Optional<ByteBuffer> seal,
            long sealPosition,
            boolean isWrittenAgain) {}
}
