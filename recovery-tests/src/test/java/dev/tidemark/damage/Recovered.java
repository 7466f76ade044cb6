package dev.tidemark.damage;

import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Judges a partition that was opened although its store is damaged: is its end where it must be, is what is missing reported, and is
 * everything else there?
 *
 * <p><b>Threads.</b> One.
 */
final class Recovered {
    private final Judge judge;
    private final SimulatedDisk disk;
    private final Specimen.Log log;
    private final PartitionRecovery report;
    private final boolean isReadOnly;
    private final Survivors left;

    Recovered(Judge judge, SimulatedDisk disk, Specimen.Log log, PartitionRecovery report, boolean isReadOnly) {
        this.judge = judge;
        this.disk = disk;
        this.log = log;
        this.report = report;
        this.isReadOnly = isReadOnly;
        this.left = new Survivors(log, judge.injury());
    }

    void judge(LocalPartition partition) {
        Ends ends = partition.ends();
        requireEnds(ends);
        if (ends.logEnd() < log.end()) {
            judgeLoss(ends.logEnd());
        }
        report.undecided().ifPresent(this::judgeUndecided);
        new Reading(judge).readAll(partition, log, isReadOnly);
    }

    private Judge.Violation violation(String what) {
        return new Judge.Violation(what + ": " + report);
    }

    private void requireEnds(Ends ends) {
        if (ends.logEnd() != report.end()) {
            throw violation("the log does not end where recovery says, ends=" + ends);
        }
        if (ends.logEnd() > log.end() && !judge.injury().kind().isForged()) {
            throw violation("there is more than was ever appended, end=" + log.end());
        }
        boolean isForgedMetadata = judge.injury().kind().isForged() && !left.isMetadataIntact();
        if (ends.start() != 0 && !isForgedMetadata) {
            throw violation("the log does not begin where it did, ends=" + ends);
        }
        if (!isReadOnly && ends.readable() != ends.logEnd()) {
            throw violation("a recovered log is readable to its end, ends=" + ends);
        }
    }

    /** Only what nothing proves may be missing; and of that, what is still whole must be in the range that is reported. */
    private void judgeLoss(long end) {
        if (judge.injury().isHarmless(judge.specimen())) {
            throw violation("records are gone, and nothing that matters was damaged, end=" + log.end());
        }
        if (judge.injury().kind().isForged()) {
            judge.verdict().saw(Outcome.SHORTER);
            return;
        }
        if (end < left.provenEnd()) {
            throw violation("records that are proven durable are gone, proven=" + left.provenEnd());
        }
        long whole = left.endOfIntactFrom(end);
        long reported = report.undecided().map(Undecided::endOffset).orElse(end);
        if (whole > reported) {
            throw violation("records that are whole are gone without a word, wholeTo=" + whole);
        }
        judge.verdict().saw(report.undecided().isPresent() ? Outcome.UNDECIDED : Outcome.SHORTER);
    }

    private void judgeUndecided(Undecided undecided) {
        if (undecided.firstOffset() != report.end() || undecided.endOffset() < undecided.firstOffset()) {
            throw violation("the undecided range does not begin where the log ends");
        }
        if (!log.hasUndecided()) {
            judge.verdict().saw(Outcome.UNDECIDED);
            judge.verdict().named(judge.injury(), undecided.file(), report.toString());
        }
        if (isReadOnly || !undecided.keptIn().isEmpty() && wasThere(undecided.keptIn())) {
            return;
        }
        byte[] kept = disk.contents(Specimen.DATA.resolve(undecided.keptIn()));
        byte[] segment = judge.injury().files().get(Path.of(undecided.file()));
        int from = Math.toIntExact(undecided.filePosition());
        if (kept.length != undecided.bytes()
                || !Arrays.equals(kept, 0, kept.length, segment, from, from + kept.length)) {
            throw violation("what was cut is not what is kept");
        }
    }

    /** Written by an earlier recovery, and not again. */
    private boolean wasThere(String sideFile) {
        return judge.injury().files().containsKey(Path.of(sideFile));
    }
}
