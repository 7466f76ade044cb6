package dev.tidemark.wal.partition;

import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.util.List;

/**
 * Undoes a write that the disk refused: the file is cut to the end of the last good round and the cut forced, and only then are
 * the appends refused. Refused earlier, a crash could bring them back, and the caller's retry would be a duplicate.
 *
 * <p><b>Threads.</b> The holder of both rights.
 *
 * <p><b>Crash.</b> Before the cut is forced the refused round may be found by recovery, or a part of it; nobody was told anything
 * by then.
 *
 * <p><b>Failure.</b> A cut that fails, or a force behind it, stops the partition, and the outcome of the round is unknown.
 */
final class CutBack {
    private final PartitionLife life;
    private final SegmentInUse segment;
    private final Outcomes outcomes;
    private final ForceRight force;

    CutBack(WriteParts write, Outcomes outcomes, ForceRight force) {
        this.life = write.parts().life();
        this.segment = write.segment();
        this.outcomes = outcomes;
        this.force = force;
    }

    /** Undoes and refuses. Returns what the force of the cut has made durable. */
    List<Round> run(RoundsUnderway.Refused refused) {
        ActiveSegment on = segment.active();
        try {
            cut(on);
        } catch (IOException e) {
            outcomes.fail(refused.round(), outcomes.storageFailed("a refused write could not be undone", e));
            return List.of();
        } catch (Throwable t) {
            outcomes.fail(refused.round(), outcomes.failedBy(t));
            return List.of();
        }
        List<Round> covered = force.force(on);
        if (life.hasFailed()) {
            outcomes.unknown(refused.round(), life.failure().orElseThrow());
            return covered;
        }
        outcomes.refuseStaged(refused.round(), refused.cause());
        return covered;
    }

    private static void cut(ActiveSegment on) throws IOException {
        on.prefill.reset(on.endPosition());
        OpenSegment file = on.enter();
        try {
            file.file().truncate(on.endPosition());
        } finally {
            on.leave();
        }
    }
}
