package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentOwner;
import java.util.ArrayList;
import java.util.List;

/**
 * What looking at a whole partition has shown, and so what is to be done. Nothing was written yet.
 *
 * @param metadata {@code PARTITION} as it was read, as if what its intents want were done
 * @param owner what all segments' headers say
 * @param temporaries unfinished files to be deleted
 * @param doomed segments that a trim or truncation was deleting, newest first
 * @param sealed segments with a successor, oldest first; empty after a clean close, where they are not looked at
 * @param segments all that stay, oldest first
 * @param tail the newest
 * @param producers what is known of producers at the end of the newest
 * @param scannedBytes how much was read
 */
record Examined(
        PartitionFile metadata,
        SegmentOwner owner,
        List<String> temporaries,
        List<SegmentName> doomed,
        List<SealedFound> sealed,
        List<Segment> segments,
        TailFound tail,
        List<ProducerState> producers,
        long scannedBytes) {

    /** Whether nothing needs to be written, but for intents. */
    boolean isClean() {
        return tail.row() == RecoveryCase.CLEAN;
    }

    /** Whether something was interrupted that has to be finished. */
    boolean isUnfinished() {
        return !metadata.intents().isEmpty()
                || !metadata.active().name().equals(tail.segment().name())
                || sealed.stream().anyMatch(SealedFound::isUnfinished);
    }

    /** The rows of the table that apply. */
    List<RecoveryCase> rows() {
        List<RecoveryCase> rows = new ArrayList<>();
        if (isUnfinished()) {
            rows.add(RecoveryCase.R6);
        }
        rows.add(tail.row());
        return rows;
    }

    /** Where the writer goes on. */
    ActiveState active() {
        // Only in R1 were the zeros behind the end read, and only there may they be written over.
        boolean hasZeros = tail.row() == RecoveryCase.R1 && !tail.isClosed();
        return new ActiveState(
                tail.segment(),
                tail.end(),
                hasZeros ? tail.fileBytes() : tail.end().endPosition(),
                tail.totals(),
                tail.isClosed());
    }

    /** {@code PARTITION} as it has to be when all is done. */
    PartitionFile settled() {
        PartitionFile.Change change = metadata.change()
                .active(new SegmentRef(tail.segment().name(), tail.segment().segmentId()))
                .provenEnd(tail.end().endOffset());
        for (Intent intent : metadata.intents()) {
            change.withoutIntent(intent);
        }
        sealed.forEach(found -> change.notClosed(found.header().segmentId()));
        if (isClean()) {
            metadata.cleanStamp().ifPresent(stamp -> change.cleanStamp(stamp.withSegments(segments.size())));
        } else {
            change.withoutCleanStamp();
        }
        if (tail.isClosed()) {
            change.closed(tail.end());
        }
        return change.done();
    }
}
