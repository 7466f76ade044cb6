package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.FrameWithoutOffsets;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks a segment that has a successor by its seal, whose place the successor's header tells; and by all its frames, when there is no good
 * seal at that place ({@code docs/recovery.md}, "Sealed segments").
 *
 * <p><b>Threads.</b> Confined to the thread that recovers.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class SealedCheck {

    private final String partition;
    private final SegmentHeader header;
    private final SegmentEnd end;
    private final DiskFile file;
    private final Supplier<ByteBuffer> buffer;

    private long sealEnd;
    private boolean isCutNeeded;
    /** What the frames say, when there is no good seal. */
    private @Nullable SegmentTotals totals;

    private final ProducerFold producers = new ProducerFold();
    private List<ProducerState> remembered = List.of();

    /**
     * @param header this segment's header, which was found good
     * @param end where the successor says that this segment's frames end
     */
    SealedCheck(String partition, SegmentHeader header, SegmentEnd end, DiskFile file, Supplier<ByteBuffer> buffer) {
        this.partition = partition;
        this.header = header;
        this.end = end;
        this.file = file;
        this.buffer = buffer;
    }

    /** Looks at the segment; refuses it or makes {@link #found} possible. */
    void check() throws IOException, Refusal {
        SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
        FrameVerdict verdict = scan.check(end.endPosition(), end.endOffset());
        if (!verdict.isValid() || scan.frame().kind() != FrameKind.SEAL) {
            withoutSeal();
            return;
        }
        sealEnd = scan.frame().endPosition();
        Decoded<SealPayload> decoded = decode(scan);
        Optional<SealPayload> payload = decoded.value();
        if (payload.isEmpty()
                || payload.get().summary().checksum() != end.checksum()
                || payload.get().summary().endOffset() != end.endOffset()
                || !arePossible(payload.get().producers(), end.endOffset())) {
            throw Refusal.damage(
                    RecoveryCase.R4,
                    ErrorCode.SEGMENT_CORRUPT,
                    partition,
                    file.path(),
                    "seal says something else than the header of the next segment",
                    "",
                    end.endPosition(),
                    header.name().baseOffset(),
                    end.endOffset());
        }
        isCutNeeded = file.size() > sealEnd;
    }

    /** The segment's header. */
    SegmentHeader header() {
        return header;
    }

    /** Whether the seal has to be made again, from what {@link #remember} is given. */
    boolean isSealMissing() {
        return totals != null;
    }

    /** For a seal that is missing: what was known of producers at the end of the segment before this one. */
    void remember(List<ProducerState> producersBefore) {
        ProducerFold known = new ProducerFold(producersBefore);
        known.add(producers);
        remembered = known.snapshot();
    }

    /** What was known of producers at the end of this segment, by its seal, from this file of it; or by the seal that is going to be written. */
    List<ProducerState> producers(DiskFile open) throws IOException {
        if (isSealMissing()) {
            return remembered;
        }
        SegmentScan scan = new SegmentScan(open, header.salt(), buffer.get(), Long.MAX_VALUE);
        boolean isSeal = scan.check(end.endPosition(), end.endOffset()).isValid()
                && scan.frame().kind() == FrameKind.SEAL;
        Optional<SealPayload> payload = isSeal ? decode(scan).value() : Optional.empty();
        if (payload.isEmpty() || !arePossible(payload.get().producers(), end.endOffset())) {
            throw new IOException("seal reads differently the second time: file=" + Segment.displayName(open.path())
                    + " at=" + end.endPosition());
        }
        return payload.get().producers();
    }

    /** Whether a snapshot at this offset can be one: it cannot tell of what comes later. */
    static boolean arePossible(List<ProducerState> producers, long endOffset) {
        return producers.stream().allMatch(state -> state.last().endOffset() <= endOffset);
    }

    private static Decoded<SealPayload> decode(SegmentScan scan) throws IOException {
        if (scan.frame().payloadLength() > SealPayload.MAX_BYTES) {
            return new Decoded.Damaged<>("seal is longer than any seal");
        }
        ByteBuffer payload = scan.readPayload(SealPayload.MAX_BYTES);
        return SealPayload.decode(payload, 0, payload.remaining());
    }

    /** The frames must be exactly those that the successor's header counts, and none may follow. */
    private void withoutSeal() throws IOException, Refusal {
        SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), end.endPosition());
        TotalsCounter counter = new TotalsCounter(SegmentTotals.none(header.segmentId()));
        SegmentScan.GoodEnd good = scan.walk(header.name().baseOffset(), counter, producers::add);
        SegmentTotals counted = counter.totals();
        if (good.position() < end.endPosition()) {
            throw shortfall(good);
        }
        if (good.offset() != end.endOffset() || counted.runningChecksum() != end.checksum()) {
            throw Refusal.damage(
                    RecoveryCase.R3,
                    ErrorCode.SEGMENT_CORRUPT,
                    partition,
                    file.path(),
                    "frames are good, but not those that the header of the next segment counts",
                    "",
                    SegmentHeader.BYTES,
                    header.name().baseOffset(),
                    end.endOffset());
        }
        SegmentScan whole = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
        SegmentScan.Behind behind = whole.lookBehind(end.endPosition(), end.endOffset());
        if (behind.firstVerifiedOffset() >= 0 && behind.announcedEnd() > end.endOffset()) {
            throw Refusal.damage(
                    RecoveryCase.R3,
                    ErrorCode.SEGMENT_CORRUPT,
                    partition,
                    file.path(),
                    "good frames lie behind the end that the header of the next segment records",
                    "",
                    end.endPosition(),
                    end.endOffset(),
                    behind.announcedEnd());
        }
        totals = counted;
        isCutNeeded = true;
    }

    private Refusal shortfall(SegmentScan.GoodEnd good) throws IOException {
        SegmentScan whole = new SegmentScan(file, header.salt(), buffer.get(), end.endPosition());
        SegmentScan.Behind behind = whole.lookBehind(good.position(), good.offset());
        return Refusal.damage(
                RecoveryCase.R3,
                behind.isZeros() ? ErrorCode.SEGMENT_TRUNCATED : ErrorCode.SEGMENT_CORRUPT,
                partition,
                file.path(),
                "frames end before the end that the header of the next segment records",
                "found=" + good.verdict(),
                good.position(),
                good.offset(),
                behind.firstVerifiedOffset() >= 0 ? behind.firstVerifiedOffset() : end.endOffset());
    }

    /** The segment, as it is or as it is going to be. */
    SealedFound found() {
        Optional<ByteBuffer> missingSeal = Optional.empty();
        SegmentTotals counted = totals;
        if (counted != null) {
            SealPayload payload = new SealPayload(counted.summary(end.endOffset()), remembered);
            ByteBuffer seal = FrameWithoutOffsets.seal(header, payload, end.endPosition());
            sealEnd = end.endPosition() + seal.capacity();
            missingSeal = Optional.of(seal);
        }
        Segment segment = new Segment(file.path(), header);
        segment.seal(end, sealEnd);
        return new SealedFound(segment, header, end, sealEnd, missingSeal, isCutNeeded);
    }
}
