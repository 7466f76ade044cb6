package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import java.util.Optional;

/**
 * One segment of a repaired log, as it is going to be. First it is known what is left of it; then, from its successor, where it ends; last, when all before
 * it are known, its header, if that is made again.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers or repairs.
 */
final class RepairedSegment {

    private final SegmentName name;
    private final long segmentId;
    private final boolean isNew;
    private final boolean isHeaderNew;
    private final SegmentSurvey survey;

    private Optional<SegmentHeader> header;
    private Optional<SegmentEnd> predecessor;
    private Optional<SegmentEnd> end = Optional.empty();
    private boolean isSealNew;

    private RepairedSegment(
            SegmentName name,
            long segmentId,
            boolean isNew,
            boolean isHeaderNew,
            SegmentSurvey survey,
            Optional<SegmentHeader> header) {
        this.name = name;
        this.segmentId = segmentId;
        this.isNew = isNew;
        this.isHeaderNew = isHeaderNew;
        this.survey = survey;
        this.header = header;
        this.predecessor = header.flatMap(SegmentHeader::predecessor);
    }

    /** One whose header is good. */
    static RepairedSegment of(SegmentHeader header, SegmentSurvey survey) {
        return new RepairedSegment(header.name(), header.segmentId(), false, false, survey, Optional.of(header));
    }

    /** One whose header is bad: its frames are those that verify with this id. */
    static RepairedSegment withoutHeader(SegmentName name, long segmentId, SegmentSurvey survey) {
        return new RepairedSegment(name, segmentId, false, true, survey, Optional.empty());
    }

    /** One whose file is gone. */
    static RepairedSegment standIn(SegmentHeader bare) {
        return new RepairedSegment(
                bare.name(), bare.segmentId(), true, true, SegmentSurvey.ofNothing(bare), Optional.empty());
    }

    SegmentName name() {
        return name;
    }

    long segmentId() {
        return segmentId;
    }

    /** What is left. */
    SegmentSurvey survey() {
        return survey;
    }

    boolean isNew() {
        return isNew;
    }

    boolean isHeaderNew() {
        return isHeaderNew;
    }

    boolean isSealNew() {
        return isSealNew;
    }

    boolean isChanged() {
        return isNew || isHeaderNew || isSealNew;
    }

    /** The good header, or the one that is made; nothing until it is. */
    Optional<SegmentHeader> header() {
        return header;
    }

    /** The header that is to be written. */
    void make(SegmentHeader made) {
        header = Optional.of(made);
    }

    /** Where the one before ends, as far as that is known. */
    Optional<SegmentEnd> predecessor() {
        return predecessor;
    }

    void follows(SegmentEnd before) {
        predecessor = Optional.of(before);
    }

    /** Where it ends; nothing in a newest segment that goes on. */
    Optional<SegmentEnd> end() {
        return end;
    }

    void endsAt(SegmentEnd newEnd, boolean isSealMade) {
        end = Optional.of(newEnd);
        isSealNew = isSealMade;
    }
}
