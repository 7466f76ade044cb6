package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.List;

/**
 * Undoes a write that the disk refused: what it left is overwritten with zeros and these are forced, the file is cut to the end of the last good
 * round, and only then are the appends refused. Refused earlier, a crash could bring them back, and the caller's retry would be a duplicate.
 *
 * <p>A cut alone, however well forced, is not enough on a file system that does not order data before metadata. There the blocks that it gives back
 * may be given to the same place of the same file again, and a loss of power before the next round is forced shows what they held:
 * frames that verify. Over zeros the cut only gives space back, so it is left to the next force.
 *
 * <p><b>Threads.</b> The holder of both rights.
 *
 * <p><b>Crash.</b> Before the zeros are forced the refused round may be found by recovery, or a part of it; nobody was told anything
 * by then.
 *
 * <p><b>Failure.</b> Zeros or a cut that fail, or the force between them, stop the partition, and the outcome of the round is unknown.
 */
final class CutBack {
    private final PartitionLife life;
    private final SegmentInUse segment;
    private final Outcomes outcomes;
    private final ForceRight force;
    private final DiskRoom room;

    CutBack(WriteParts write, Outcomes outcomes, ForceRight force) {
        this.life = write.parts().life();
        this.segment = write.segment();
        this.room = write.services().room();
        this.outcomes = outcomes;
        this.force = force;
    }

    /** Undoes and refuses. Returns what the force of the zeros has made durable. */
    List<Round> run(RoundsUnderway.Refused refused) {
        if (refused.entered() == null && DiskErrors.isTooManyOpenFiles(refused.cause())) {
            // The file could not even be opened for it, so there is nothing to undo.
            outcomes.refuseStaged(refused.round(), refused.cause());
            return List.of();
        }
        try {
            return undo(refused);
        } finally {
            refused.leave();
        }
    }

    private List<Round> undo(RoundsUnderway.Refused refused) {
        ActiveSegment on = segment.active();
        if (!change(refused, on, this::overwrite)) {
            return List.of();
        }
        List<Round> covered = force.force(on);
        if (life.hasFailed()) {
            outcomes.unknown(refused.round(), life.failure().orElseThrow());
            return covered;
        }
        if (change(refused, on, DiskFile::truncate)) {
            outcomes.refuseStaged(refused.round(), refused.cause());
        }
        return covered;
    }

    /** Something done to a file from a position on. */
    @FunctionalInterface
    private interface Change {
        void make(DiskFile file, long from) throws IOException;
    }

    /** False if it failed, and the partition has stopped over it. */
    private boolean change(RoundsUnderway.Refused refused, ActiveSegment on, Change change) {
        try {
            on.prefill.reset(on.endPosition());
            OpenSegment file = on.enter();
            try {
                change.make(file.file(), on.endPosition());
            } finally {
                on.leave();
            }
            return true;
        } catch (IOException e) {
            outcomes.fail(refused.round(), outcomes.storageFailed("a refused write could not be undone", e));
        } catch (Throwable t) {
            outcomes.fail(refused.round(), outcomes.failedBy(t));
        }
        return false;
    }

    /** What is there has blocks of its own already, so this finds room, but on a file system that never writes in place. */
    private void overwrite(DiskFile file, long from) throws IOException {
        room.withReserve(() -> {
            Prefill.writeZeros(file, from, file.size() - from);
            return file;
        });
    }
}
