package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Puts the segments of a damaged partition in a row again (ADR 0013): from the newest to the oldest, each by what its own header, its successor's, and {@code
 * PARTITION} say of it. What is missing in between are the holes.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers or repairs.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class RepairedChain {

    private final RecoveryContext context;
    private final PartitionId id;
    private final PartitionRemains remains;
    private final PartitionFile metadata;
    private final Supplier<ByteBuffer> buffer;

    /** The newest first while it grows, then turned. */
    private final List<RepairedSegment> segments = new ArrayList<>();

    private final List<HoleIn> holes = new ArrayList<>();
    private final List<SegmentName> strays = new ArrayList<>();
    private boolean isStampBad;
    private boolean isActiveOutdated;
    private Optional<SegmentHeader> successor = Optional.empty();

    /** Where in which file. */
    record HoleIn(Path segment, SegmentSurvey.Hole hole) {}

    RepairedChain(RecoveryContext context, PartitionId id, PartitionRemains remains, Supplier<ByteBuffer> buffer)
            throws IOException, Refusal {
        this.context = context;
        this.id = id;
        this.remains = remains;
        this.metadata = remains.metadata();
        this.buffer = buffer;
        RepairedSegment newest = newest();
        segments.add(newest);
        boolean isTailDamaged = isTailDamaged(newest);
        if (isTailDamaged) {
            closeOff(newest);
        }
        while (!isOldest(last())) {
            addPredecessor(last());
        }
        findStrays();
        Collections.reverse(segments);
        makeHeaders();
        if (isTailDamaged) {
            successor = Optional.of(successorOf(newest));
        }
    }

    /** The oldest first. */
    List<RepairedSegment> segments() {
        return segments;
    }

    /** Offsets of which nothing is left that verifies, in no order. */
    List<HoleIn> holes() {
        return holes;
    }

    /** The segment that has to follow the newest, if damage has closed that. */
    Optional<SegmentHeader> successor() {
        return successor;
    }

    /** Whether the clean stamp in {@code PARTITION} is of a time before what lies beside it. */
    boolean isStampBad() {
        return isStampBad;
    }

    /** Whether {@code PARTITION} is of a time before segments beside it, and not merely of before the last rotation. */
    boolean isActiveOutdated() {
        return isActiveOutdated;
    }

    /** Files that are called like segments and are no part of the log: nothing leads to them, or not under this name. */
    List<SegmentName> strays() {
        return strays;
    }

    private RepairedSegment last() {
        return segments.get(segments.size() - 1);
    }

    // ---------------------------------------------------------------- the newest segment

    private RepairedSegment newest() throws IOException, Refusal {
        SegmentName active = metadata.active().name();
        SegmentName newest = remains.listed().keySet().stream()
                .filter(name ->
                        name.epoch() > active.epoch() && remains.header(name).isPresent())
                .reduce((older, newer) -> newer)
                .orElse(active);
        for (SegmentName behind : remains.listed().tailMap(newest, false).keySet()) {
            // An interrupted rotation leaves one that holds nothing. One that holds something can be told of by nobody.
            if (remains.isAnythingIn(behind)) {
                throw remains.cannot("a segment that PARTITION does not name has a bad header");
            }
        }
        isStampBad = !newest.equals(active) && metadata.cleanStamp().isPresent();
        Optional<SegmentHeader> known = remains.header(newest)
                .filter(header -> !newest.equals(active)
                        || header.segmentId() == metadata.active().segmentId());
        isActiveOutdated = !newest.equals(active)
                && !known.flatMap(SegmentHeader::predecessor)
                        .map(SegmentEnd::name)
                        .equals(Optional.of(active));
        long segmentId =
                known.map(SegmentHeader::segmentId).orElse(metadata.active().segmentId());
        // What recovery has cut behind the end at which it closed the segment may be there still; it is no part of the
        // log.
        long limit = metadata.closedEnd(segmentId).map(SegmentEnd::endPosition).orElse(Long.MAX_VALUE);
        return known.isPresent()
                ? RepairedSegment.of(known.get(), remains.survey(known.get(), limit))
                : salvaged(newest, segmentId, limit);
    }

    /** A segment of which the header is bad or the file is gone, by its id. */
    private RepairedSegment salvaged(SegmentName name, long segmentId, long limit) throws IOException {
        SegmentHeader bare =
                new SegmentHeader(context.storeId(), metadata.partitionId(), segmentId, name, Optional.empty(), 0, 0);
        return remains.isThere(name)
                ? RepairedSegment.withoutHeader(name, segmentId, remains.survey(bare, limit))
                : RepairedSegment.standIn(bare);
    }

    /** Whether recovery would not go on in it: then it has to be closed. */
    private boolean isTailDamaged(RepairedSegment newest) throws IOException {
        boolean isAnyBad = newest.survey().badPlaces() > 0;
        if (newest.header().isEmpty() || newest.survey().sealPosition() >= 0) {
            return true;
        }
        if ((remains.isMetadataBad() || isActiveOutdated) && isAnyBad) {
            // What proved the frames behind the bad place may have been in the PARTITION that is gone.
            return true;
        }
        SegmentHeader header = newest.header().get();
        Segment segment = new Segment(remains.pathOf(newest.name()), header);
        segment.index().keepEvery(context.indexIntervalBytes());
        try (DiskFile file = context.disk().open(segment.path(), Disk.Access.READ)) {
            TailCheck check = new TailCheck(metadata, file, header, segment, buffer);
            if (metadata.cleanStamp().isPresent() && !isStampBad) {
                check.clean(metadata.cleanStamp().get());
                return isAnyBad;
            }
            check.scanned();
            return false;
        } catch (Refusal refusal) {
            if (refusal.row() == RecoveryCase.R8) {
                // Frames follow the stamp: PARTITION is an earlier one. Without the stamp it says nothing wrong.
                isStampBad = true;
                return isAnyBad;
            }
            return true;
        } finally {
            segment.release();
        }
    }

    /** Nothing is added to it any more; the next segment begins above every offset that was proven, announced or read. */
    private void closeOff(RepairedSegment newest) throws IOException {
        SegmentSurvey survey = newest.survey();
        long base = Math.max(Math.max(survey.proven(), survey.endOffset()), TailCheck.provenBy(metadata));
        base = Math.max(
                base, metadata.cleanStamp().map(stamp -> stamp.endOffset()).orElse(0L));
        base = Math.max(
                base, survey.seal().map(seal -> seal.summary().endOffset()).orElse(0L));
        for (Loss loss : metadata.losses()) {
            base = Math.max(base, loss.endOffset());
        }
        Optional<SegmentEnd> closed = metadata.closedEnd(newest.segmentId());
        if (closed.isPresent()) {
            base = Math.max(base, closed.get().endOffset());
            base = Math.max(base, announcedBehind(newest));
        }
        newest.endsAt(
                new SegmentEnd(
                        newest.segmentId(),
                        newest.name(),
                        base,
                        survey.endPosition(),
                        survey.totals().runningChecksum()),
                true);
        noteHoles(newest, base);
    }

    /** What lies behind the place at which recovery closed it is not served again, and its offsets are not given again either. */
    private long announcedBehind(RepairedSegment newest) throws IOException {
        return newest.header().isPresent()
                ? remains.survey(newest.header().get(), Long.MAX_VALUE).proven()
                : 0;
    }

    // ---------------------------------------------------------------- the others

    private boolean isOldest(RepairedSegment segment) {
        return segment.name().epoch() <= metadata.startSegment().epoch();
    }

    private void addPredecessor(RepairedSegment next) throws IOException, Refusal {
        if (next.header().isEmpty()) {
            addUnnamed(next);
            return;
        }
        Optional<SegmentEnd> named = next.predecessor();
        if (named.isEmpty()
                || named.get().name().epoch() < metadata.startSegment().epoch()) {
            throw remains.cannot("the segment in which the log starts is not among those that follow one another");
        }
        SegmentEnd end = named.get();
        RepairedSegment segment = known(end);
        segment.endsAt(end, segment.isChanged() || !hasGoodEnd(segment, end));
        noteHoles(segment, end.endOffset());
        segments.add(segment);
    }

    private RepairedSegment known(SegmentEnd end) throws IOException {
        Optional<SegmentHeader> found = remains.header(end.name());
        return found.isPresent() && found.get().segmentId() == end.segmentId()
                ? RepairedSegment.of(found.get(), remains.survey(found.get(), end.endPosition()))
                : salvaged(end.name(), end.segmentId(), end.endPosition());
    }

    /** Whether opening is content with how it ends: by its seal, or because all frames are there to make it from. */
    private boolean hasGoodEnd(RepairedSegment segment, SegmentEnd end) throws IOException {
        if (segment.header().isEmpty()) {
            return false;
        }
        try (DiskFile file = context.disk().open(remains.pathOf(segment.name()), Disk.Access.READ)) {
            SealedCheck check = new SealedCheck(id.toString(), segment.header().get(), end, file, buffer);
            check.check();
            // After a crash opening makes the seal again. After a clean close it does not look, and nobody would.
            return !(check.isSealMissing() && metadata.cleanStamp().isPresent());
        } catch (Refusal refusal) {
            return false;
        }
    }

    /** The header that named the one before is gone: it is the next that is there, or the one in which the log starts. */
    private void addUnnamed(RepairedSegment next) throws IOException {
        SegmentName name = nameBefore(next.name());
        Optional<SegmentHeader> found = remains.header(name);
        // Without an id nothing in it verifies.
        RepairedSegment segment = found.isPresent()
                ? RepairedSegment.of(found.get(), remains.survey(found.get(), Long.MAX_VALUE))
                : salvaged(
                        name,
                        PartitionCreator.newSegmentId(context.environment().random()),
                        SegmentHeader.BYTES);
        long base = next.name().baseOffset();
        Optional<SealPayload> seal = segment.survey().seal();
        boolean isSealGood = seal.isPresent() && seal.get().summary().endOffset() == base;
        SegmentEnd end = new SegmentEnd(
                segment.segmentId(),
                name,
                base,
                segment.survey().endPosition(),
                isSealGood
                        ? seal.get().summary().checksum()
                        : segment.survey().totals().runningChecksum());
        segment.endsAt(end, !isSealGood);
        noteHoles(segment, base);
        segments.add(segment);
        next.follows(end);
    }

    /** One whose header is good, if there is one: the frames of another cannot be told from bytes. */
    private SegmentName nameBefore(SegmentName next) {
        for (SegmentName older : remains.listed().headMap(next, false).descendingKeySet()) {
            if (remains.header(older).isPresent()) {
                return older;
            }
        }
        SegmentName lower = remains.listed().lowerKey(next);
        return lower == null ? metadata.startSegment() : lower;
    }

    private void findStrays() {
        for (SegmentName name : remains.listed().keySet()) {
            if (segments.stream().noneMatch(segment -> segment.name().equals(name))) {
                strays.add(name);
            }
        }
    }

    private void noteHoles(RepairedSegment segment, long endOffset) {
        SegmentSurvey survey = segment.survey();
        Path path = remains.pathOf(segment.name());
        survey.holes().forEach(hole -> holes.add(new HoleIn(path, hole)));
        if (survey.endOffset() < endOffset) {
            long bytes = segment.isNew() ? SegmentSurvey.UNKNOWN : survey.usedEnd() - survey.endPosition();
            holes.add(new HoleIn(
                    path, new SegmentSurvey.Hole(survey.endOffset(), endOffset, survey.endPosition(), bytes)));
        }
    }

    // ---------------------------------------------------------------- headers

    /**
     * A header says the time before which all older records are. A search by time goes by it, so one that said less than is true would hide
     * records.
     */
    private void makeHeaders() {
        long lastMillis = 0;
        for (RepairedSegment segment : segments) {
            if (segment.header().isEmpty()) {
                segment.make(new SegmentHeader(
                        context.storeId(),
                        metadata.partitionId(),
                        segment.segmentId(),
                        segment.name(),
                        segment.predecessor(),
                        nowMillis(),
                        lastMillis));
            }
            lastMillis = lastMillisOf(segment, lastMillis);
        }
    }

    private static long lastMillisOf(RepairedSegment segment, long before) {
        long told = segment.header().map(SegmentHeader::firstTimestampMillis).orElse(0L);
        return Math.max(before, Math.max(told, segment.survey().totals().maxTimestampMillis()));
    }

    private SegmentHeader successorOf(RepairedSegment newest) {
        SegmentEnd end = newest.end().orElseThrow();
        long lastMillis = 0;
        for (RepairedSegment segment : segments) {
            lastMillis = lastMillisOf(segment, lastMillis);
        }
        int epoch = Math.max(metadata.lastEpoch(), newest.name().epoch()) + 1;
        return new SegmentHeader(
                context.storeId(),
                metadata.partitionId(),
                PartitionCreator.newSegmentId(context.environment().random()),
                new SegmentName(end.endOffset(), epoch),
                Optional.of(end),
                nowMillis(),
                lastMillis);
    }

    private long nowMillis() {
        return Math.max(0, context.environment().clock().millis());
    }
}
