package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.format.SegmentSummary;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.FrameWithoutOffsets;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Looks at a damaged partition as a whole and decides how it becomes a log again (ADR 0013): {@link PartitionRemains} is what is left, {@link RepairedChain}
 * puts it in a row, and here it is said what has to be written for it. {@link RepairSteps} does that.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers or repairs.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class PartitionRepair {

    private final RecoveryContext context;
    private final Disk disk;
    private final PartitionId id;
    private final Path directory;
    private final Supplier<ByteBuffer> buffer;

    PartitionRepair(RecoveryContext context, PartitionId id, Path directory, Supplier<ByteBuffer> buffer) {
        this.context = context;
        this.disk = context.disk();
        this.id = id;
        this.directory = directory;
        this.buffer = buffer;
    }

    /**
     * Decides.
     *
     * @param refused why opening refuses the partition, if it does
     * @return nothing, when there is nothing to be repaired
     * @throws Refusal when it cannot be
     */
    Optional<RepairPlan> plan(Optional<Refusal> refused) throws Refusal {
        try {
            PartitionRemains remains = new PartitionRemains(context, id, directory, buffer);
            RepairedChain chain = new RepairedChain(context, id, remains, buffer);
            ErrorCode why = refused.map(refusal -> refusal.failure().code()).orElse(ErrorCode.SEGMENT_CORRUPT);
            List<RepairPlan.Lost> lost = lost(remains, chain, why);
            boolean isNeeded = remains.isMetadataBad()
                    || chain.isStampBad()
                    || chain.isActiveOutdated()
                    || !chain.strays().isEmpty()
                    || chain.successor().isPresent()
                    || !lost.isEmpty()
                    || chain.segments().stream().anyMatch(RepairedSegment::isChanged);
            return isNeeded ? Optional.of(planned(refused, remains, chain, lost)) : Optional.empty();
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), directory, e);
        } catch (IllegalArgumentException e) {
            // Each part is checked as it is put together. What an accident leaves can be put together; what somebody
            // has
            // signed anew may contradict itself.
            throw Refusal.metadata(
                    id.toString(),
                    directory,
                    "the partition cannot be repaired, what is left contradicts itself (" + e.getMessage() + ")");
        }
    }

    // ---------------------------------------------------------------- what is lost

    /** What is not on record yet, and not trimmed. */
    private List<RepairPlan.Lost> lost(PartitionRemains remains, RepairedChain chain, ErrorCode why) throws Refusal {
        List<RepairPlan.Lost> lost = new ArrayList<>();
        List<Loss> known = remains.metadata().losses();
        long start = remains.metadata().startOffset();
        long nowMillis = Math.max(0, context.environment().clock().millis());
        for (RepairedChain.HoleIn found : chain.holes()) {
            SegmentSurvey.Hole hole = found.hole();
            long first = Math.max(start, hole.firstOffset());
            boolean isOnRecord = known.stream()
                    .anyMatch(loss -> loss.firstOffset() <= first && hole.endOffset() <= loss.endOffset());
            if (first < hole.endOffset() && !isOnRecord) {
                lost.add(new RepairPlan.Lost(
                        new Loss(first, hole.endOffset(), why.name(), nowMillis),
                        found.segment(),
                        hole.position(),
                        hole.bytes()));
            }
        }
        long kept = known.stream().filter(loss -> loss.endOffset() > start).count();
        if (lost.size() + kept > PartitionFile.MAX_LOSSES) {
            throw remains.cannot("more is lost than can be put on record");
        }
        lost.sort((a, b) -> Long.compare(a.loss().firstOffset(), b.loss().firstOffset()));
        return lost;
    }

    // ---------------------------------------------------------------- what is written

    private RepairPlan planned(
            Optional<Refusal> refused, PartitionRemains remains, RepairedChain chain, List<RepairPlan.Lost> lost)
            throws IOException {
        List<RepairPlan.Change> changes = changes(remains, chain);
        List<Path> damaged = new ArrayList<>();
        changes.stream()
                .filter(change -> !change.isNew())
                .map(RepairPlan.Change::segment)
                .forEach(damaged::add);
        List<Path> strays = chain.strays().stream().map(remains::pathOf).toList();
        damaged.addAll(strays);
        if (remains.isMetadataBad() && disk.exists(directory.resolve(Names.PARTITION))) {
            damaged.add(directory.resolve(Names.PARTITION));
        }
        PartitionFile recorded = recorded(remains.metadata(), chain, lost, !damaged.isEmpty() || !changes.isEmpty());
        return new RepairPlan(
                refused.map(Refusal::row),
                refused.map(why -> String.valueOf(why.failure().getMessage()))
                        .orElse("records are damaged in segments that opening does not read"),
                damaged,
                recorded,
                remains.isMetadataBad(),
                changes,
                strays,
                chain.successor(),
                settled(recorded, chain),
                lost);
    }

    private List<RepairPlan.Change> changes(PartitionRemains remains, RepairedChain chain) throws IOException {
        List<RepairPlan.Change> changes = new ArrayList<>();
        List<RepairedSegment> segments = chain.segments();
        boolean isAnySealNew = segments.stream().anyMatch(RepairedSegment::isSealNew);
        List<ProducerState> producers = List.of();
        for (RepairedSegment segment : segments) {
            Optional<ByteBuffer> seal = Optional.empty();
            if (isAnySealNew && segment.end().isPresent()) {
                SegmentEnd end = segment.end().get();
                producers =
                        segment.isSealNew() ? added(producers, segment) : producersIn(remains, segment, end, producers);
                seal = segment.isSealNew() ? Optional.of(sealOf(segment, end, producers)) : Optional.empty();
            }
            if (segment.isChanged()) {
                boolean isNewest = segment == segments.get(segments.size() - 1);
                changes.add(new RepairPlan.Change(
                        remains.pathOf(segment.name()),
                        segment.isNew(),
                        segment.isHeaderNew() ? segment.header() : Optional.empty(),
                        seal,
                        segment.end().map(SegmentEnd::endPosition).orElse(-1L),
                        isNewest && !segment.isNew()));
            }
        }
        return changes;
    }

    /** The same place, offset and checksum as the header of the next segment says. */
    private static ByteBuffer sealOf(RepairedSegment segment, SegmentEnd end, List<ProducerState> producers) {
        SegmentTotals totals = segment.survey().totals();
        SegmentSummary summary = new SegmentSummary(
                end.endOffset(),
                totals.frames(),
                totals.records(),
                totals.payloadBytes(),
                totals.minTimestampMillis(),
                totals.maxTimestampMillis(),
                end.checksum());
        List<ProducerState> possible = producers.stream()
                .filter(state -> state.last().endOffset() <= end.endOffset())
                .toList();
        SegmentHeader header = segment.header().orElseThrow();
        return FrameWithoutOffsets.seal(header, new SealPayload(summary, possible), end.endPosition());
    }

    private static List<ProducerState> added(List<ProducerState> before, RepairedSegment segment) {
        ProducerFold known = new ProducerFold(before);
        known.add(segment.survey().producers());
        return known.snapshot();
    }

    /** By its seal; or, where that is missing and recovery is going to make it, by its frames. */
    private List<ProducerState> producersIn(
            PartitionRemains remains, RepairedSegment segment, SegmentEnd end, List<ProducerState> before)
            throws IOException {
        SegmentHeader header = segment.header().orElseThrow();
        try (DiskFile file = disk.open(remains.pathOf(segment.name()), Disk.Access.READ)) {
            SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
            boolean isSeal = scan.check(end.endPosition(), end.endOffset()).isValid()
                    && scan.frame().kind() == FrameKind.SEAL
                    && scan.frame().payloadLength() <= SealPayload.MAX_BYTES;
            if (!isSeal) {
                return added(before, segment);
            }
            ByteBuffer payload = scan.readPayload(SealPayload.MAX_BYTES);
            return SealPayload.decode(payload, 0, payload.remaining())
                    .value()
                    .map(SealPayload::producers)
                    .orElseGet(() -> added(before, segment));
        }
    }

    private static PartitionFile recorded(
            PartitionFile metadata, RepairedChain chain, List<RepairPlan.Lost> lost, boolean isAnyChanged) {
        PartitionFile.Change change = metadata.change();
        if (isAnyChanged || chain.successor().isPresent()) {
            // With the stamp of a clean close nobody looks at sealed segments, and so not at one that a crash has left
            // half written.
            change.withoutCleanStamp();
        }
        // From here on nobody may take for a torn tail what this one has decided to keep.
        chain.successor()
                .ifPresent(next -> change.provenEnd(
                        Math.max(metadata.provenEnd(), next.name().baseOffset())));
        // Nobody reads below the start while this runs, so what was lost there concerns nobody any more.
        change.lossesFrom(metadata.startOffset());
        lost.forEach(one -> change.loss(one.loss()));
        return change.done();
    }

    private static PartitionFile settled(PartitionFile recorded, RepairedChain chain) {
        PartitionFile.Change change = recorded.change();
        if (chain.successor().isPresent()) {
            SegmentHeader next = chain.successor().get();
            change.withoutCleanStamp()
                    .active(new SegmentRef(next.name(), next.segmentId()))
                    .provenEnd(next.name().baseOffset());
            recorded.closedByRecovery().forEach(closed -> change.notClosed(closed.segmentId()));
        } else if (chain.isStampBad() || chain.isActiveOutdated()) {
            RepairedSegment newest = chain.segments().get(chain.segments().size() - 1);
            change.withoutCleanStamp().active(new SegmentRef(newest.name(), newest.segmentId()));
        }
        return change.done();
    }
}
