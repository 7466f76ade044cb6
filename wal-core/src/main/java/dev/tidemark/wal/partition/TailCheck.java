package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.CleanStamp;
import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.partition.TailFound.Cut;
import dev.tidemark.wal.partition.TailFound.CutReason;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.ScannedFrame;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.SparseIndex;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Decides about the newest segment: how far its frames are good, what lies behind them, and whether that was durable ({@code docs/recovery.md}, rows
 * CLEAN, R1, R2, R3, and R5 where a seal shows that a successor is missing).
 *
 * <p><b>Threads.</b> Confined to the thread that recovers.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class TailCheck {

    /** Enough for the one frame that opening after a clean close reads; a longer one is read in pieces. */
    private static final int ONE_FRAME_BYTES = 8 << 10;

    private static final int BLOCK_BYTES = 4096;

    private final PartitionFile metadata;
    private final DiskFile file;
    private final SegmentHeader header;
    private final Segment segment;
    private final Supplier<ByteBuffer> buffer;

    private final TotalsCounter counter;
    private final ProducerFold producers = new ProducerFold();
    private long lastTimestampMillis;
    private long provenOffset;

    TailCheck(
            PartitionFile metadata, DiskFile file, SegmentHeader header, Segment segment, Supplier<ByteBuffer> buffer) {
        this.metadata = metadata;
        this.file = file;
        this.header = header;
        this.segment = segment;
        this.buffer = buffer;
        this.counter = new TotalsCounter(SegmentTotals.none(header.segmentId()));
        this.lastTimestampMillis = header.firstTimestampMillis();
        this.provenOffset = Math.max(provenBy(metadata), header.name().baseOffset());
    }

    /** The greatest offset below which {@code PARTITION} says that everything was durable. */
    static long provenBy(PartitionFile metadata) {
        long proven = Math.max(metadata.provenEnd(), metadata.startOffset());
        for (long checkpoint : metadata.checkpoints().values()) {
            proven = Math.max(proven, checkpoint);
        }
        return proven;
    }

    // ---------------------------------------------------------------- after a clean close

    /** Reads the one frame that the stamp names. If it is not as it should be, all frames are read, to say where the damage is. */
    TailFound clean(CleanStamp stamp) throws IOException, Refusal {
        // A small part of the buffer, because a scan fills what it is given: of a segment that was prepared with zeros
        // this would read a MiB for
        // one frame.
        ByteBuffer small = buffer.get().clear().slice(0, ONE_FRAME_BYTES);
        SegmentScan scan = new SegmentScan(file, header.salt(), small, Long.MAX_VALUE);
        boolean isThere = scan.check(stamp.filePosition(), stamp.endOffset()).isValid()
                && scan.frame().headerCrc() == stamp.headerCrc()
                && scan.frame().kind() == FrameKind.CONTROL
                && scan.frame().payloadLength() <= ControlPayload.MAX_BYTES;
        if (!isThere || provenOffset > stamp.endOffset()) {
            throw shortOfStamp(stamp);
        }
        ByteBuffer payload = scan.readPayload(ControlPayload.MAX_BYTES);
        Optional<ControlPayload> decoded =
                ControlPayload.decode(payload, 0, payload.remaining()).value();
        if (decoded.isEmpty()
                || !(decoded.get() instanceof ControlPayload.CloseSnapshot snapshot)
                || snapshot.summary().endOffset() != stamp.endOffset()
                || !SealedCheck.arePossible(snapshot.producers(), stamp.endOffset())) {
            throw shortOfStamp(stamp);
        }
        TailFound found = clean(stamp, snapshot, scan.frame());
        requireNothingBehind(scan, found.end());
        return found;
    }

    /**
     * Who closes writes nothing behind the snapshot, and who goes on withdraws the stamp first. So where a frame follows, {@code PARTITION} is one from
     * before that has come back, and ending here would lose what was appended since.
     */
    private void requireNothingBehind(SegmentScan scan, SegmentEnd end) throws IOException, Refusal {
        FrameVerdict next = scan.check(end.endPosition(), end.endOffset());
        if (next.isValid() || next == FrameVerdict.BAD_PAYLOAD_CRC) {
            throw Refusal.metadata(
                    metadata.partition().toString(),
                    directoryOf(file),
                    "file is older than the segment beside it, frames follow the clean stamp, named="
                            + header.name().segmentFile() + " position=" + end.endPosition());
        }
    }

    private static Path directoryOf(DiskFile file) {
        return PartitionCreator.parentOf(file.path());
    }

    private TailFound clean(CleanStamp stamp, ControlPayload.CloseSnapshot snapshot, ScannedFrame frame)
            throws IOException {
        counter.resetTo(SegmentTotals.of(snapshot.summary()));
        counter.add(frame.count(), frame.payloadLength(), frame.timestampMillis(), frame.headerCrc());
        SegmentTotals totals = counter.totals();
        return new TailFound(
                RecoveryCase.CLEAN,
                segment,
                end(frame.endPosition(), stamp.endOffset(), totals),
                totals,
                file.size(),
                Math.max(snapshot.lastTimestampMillis(), frame.timestampMillis()),
                stamp.endOffset(),
                frame.endPosition(),
                metadata.isActiveClosed(),
                new ProducerFold(snapshot.producers()),
                Optional.empty());
    }

    private Refusal shortOfStamp(CleanStamp stamp) throws IOException {
        SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
        SegmentScan.GoodEnd good = walk(scan);
        if (good.position() > stamp.filePosition()) {
            return refusal(
                    ErrorCode.SEGMENT_CORRUPT,
                    "the frame that the clean stamp names is another one",
                    "",
                    stamp.filePosition(),
                    stamp.endOffset(),
                    stamp.endOffset());
        }
        SegmentScan.Behind behind = scan.lookBehind(good.position(), good.offset());
        provenOffset = Math.max(provenOffset, stamp.endOffset());
        return belowProof(good, behind);
    }

    // ---------------------------------------------------------------- after a crash

    /** Reads all of the segment, finds where the good frames end, and decides about what lies behind. */
    TailFound scanned() throws IOException, Refusal {
        Optional<SegmentEnd> closed = metadata.closedEnd(header.segmentId());
        SegmentScan scan = new SegmentScan(
                file,
                header.salt(),
                buffer.get(),
                closed.map(SegmentEnd::endPosition).orElse(Long.MAX_VALUE));
        SegmentScan.GoodEnd good = walk(scan);
        SegmentScan.Behind behind = scan.lookBehind(good.position(), good.offset());
        while (!behind.isZeros()) {
            // A live writer may have completed the frame since it was read. Alone on the disk the second look says the
            // same.
            scan.refresh();
            SegmentScan.GoodEnd again = walkOn(scan, good);
            if (again.position() == good.position()) {
                break;
            }
            good = again;
            behind = scan.lookBehind(good.position(), good.offset());
        }
        if (good.isSeal()) {
            throw successorMissing(good);
        }
        if (behind.hasProof() || provenOffset > good.offset()) {
            throw belowProof(good, behind);
        }
        if (closed.isPresent()) {
            return closed(closed.get(), good);
        }
        return behind.isZeros()
                ? found(RecoveryCase.R1, good, false, Optional.empty())
                : found(RecoveryCase.R2, good, true, Optional.of(cut(behind, CutReason.UNDECIDED)));
    }

    /** An earlier recovery closed the segment here, and may not have come to cutting it. */
    private TailFound closed(SegmentEnd closed, SegmentScan.GoodEnd good) throws IOException, Refusal {
        if (!end(good.position(), good.offset(), counter.totals()).equals(closed)) {
            throw refusal(
                    ErrorCode.SEGMENT_CORRUPT,
                    "frames are not those up to which recovery closed this segment",
                    "found=" + good.verdict(),
                    good.position(),
                    good.offset(),
                    closed.endOffset());
        }
        SegmentScan whole = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
        SegmentScan.Behind behind = whole.lookBehind(good.position(), good.offset());
        if (behind.hasProof()) {
            throw belowProof(good, behind);
        }
        return behind.isZeros()
                ? found(RecoveryCase.R1, good, true, Optional.empty())
                : found(RecoveryCase.R2, good, true, Optional.of(cut(behind, CutReason.ALREADY_KEPT)));
    }

    // ---------------------------------------------------------------- a truncation that was begun

    /** Where the segment has to be cut so that the log ends at {@code newEnd}; what lies behind is wanted gone and not looked at. */
    TailFound truncated(long newEnd) throws IOException, Refusal {
        SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), Long.MAX_VALUE);
        Boundary boundary = new Boundary(newEnd);
        SegmentScan.GoodEnd good = scan.walk(header.name().baseOffset(), counter, frame -> {
            noteRecords(frame);
            if (boundary.position < 0) {
                producers.add(frame);
            }
            boundary.note(frame);
        });
        if (boundary.position < 0 && newEnd > good.offset()) {
            provenOffset = Math.max(provenOffset, newEnd);
            throw belowProof(good, scan.lookBehind(good.position(), good.offset()));
        }
        if (boundary.position < 0) {
            throw refusal(
                    ErrorCode.SEGMENT_CORRUPT,
                    "no frame ends where the log was to be truncated",
                    "",
                    -1,
                    newEnd,
                    good.offset());
        }
        segment.index().cutTo(newEnd);
        counter.resetTo(boundary.totals);
        provenOffset = Math.min(provenOffset, newEnd);
        boolean isLonger = file.size() > boundary.position;
        return found(
                RecoveryCase.R1,
                new SegmentScan.GoodEnd(boundary.position, newEnd, FrameVerdict.END_OF_FILE),
                true,
                isLonger
                        ? Optional.of(new Cut(boundary.position, CutReason.TRUNCATION, Optional.empty()))
                        : Optional.empty());
    }

    /** The first place at which the frames so far end at one offset. */
    private final class Boundary {
        private final long offset;
        private long position = -1;
        private SegmentTotals totals = counter.totals();

        Boundary(long offset) {
            this.offset = offset;
            if (header.name().baseOffset() == offset) {
                position = SegmentHeader.BYTES;
            }
        }

        void note(ScannedFrame frame) {
            if (position < 0 && frame.endOffset() == offset) {
                position = frame.endPosition();
                totals = counter.totals();
            }
        }
    }

    // ---------------------------------------------------------------- what all of them need

    private SegmentScan.GoodEnd walk(SegmentScan scan) throws IOException {
        return scan.walk(header.name().baseOffset(), counter, this::note);
    }

    private SegmentScan.GoodEnd walkOn(SegmentScan scan, SegmentScan.GoodEnd from) throws IOException {
        return scan.walk(from.position(), from.offset(), counter, this::note);
    }

    private void note(ScannedFrame frame) {
        noteRecords(frame);
        producers.add(frame);
    }

    private void noteRecords(ScannedFrame frame) {
        segment.index().add(frame.offset(), frame.position(), frame.timestampMillis());
        lastTimestampMillis = Math.max(lastTimestampMillis, frame.timestampMillis());
        provenOffset = Math.max(provenOffset, frame.synced());
    }

    private TailFound found(RecoveryCase row, SegmentScan.GoodEnd good, boolean isClosed, Optional<Cut> cut)
            throws IOException {
        SegmentTotals totals = counter.totals();
        return new TailFound(
                row,
                segment,
                end(good.position(), good.offset(), totals),
                totals,
                file.size(),
                lastTimestampMillis,
                Math.min(provenOffset, good.offset()),
                rewriteFrom(good),
                isClosed,
                producers,
                cut);
    }

    /**
     * Behind the last record that was proven durable, or the beginning of the block in which the good frames end, if that comes first. Frames without
     * offsets that follow the record are not known to be durable, although no offset says so.
     */
    private long rewriteFrom(SegmentScan.GoodEnd good) throws IOException {
        long blockBegin = good.position() / BLOCK_BYTES * BLOCK_BYTES;
        long proven = Math.min(provenOffset, good.offset());
        if (proven <= header.name().baseOffset()) {
            return SegmentHeader.BYTES;
        }
        SegmentScan scan = new SegmentScan(file, header.salt(), buffer.get(), good.position());
        SparseIndex index = segment.index();
        long next = index.floorPosition(proven - 1);
        while (next < good.position() && scan.check(next, FrameCodec.ANY_OFFSET).isValid()) {
            ScannedFrame frame = scan.frame();
            if (frame.count() > 0 && frame.endOffset() >= proven) {
                return Math.min(blockBegin, frame.endOffset() == proven ? frame.endPosition() : frame.position());
            }
            next = frame.endPosition();
        }
        throw new IOException("frames read differently the second time: file=" + segment.displayName() + " at=" + next);
    }

    private Cut cut(SegmentScan.Behind behind, CutReason reason) {
        if (behind.isFreeOfOffsets()) {
            return new Cut(behind.usedEnd(), reason, Optional.empty());
        }
        Path keptIn = file.path().resolveSibling(Names.cutFile(header.name(), behind.position()));
        return new Cut(
                behind.usedEnd(),
                reason,
                Optional.of(new Undecided(
                        segment.displayName(),
                        behind.position(),
                        behind.usedEnd() - behind.position(),
                        behind.offset(),
                        behind.announcedEnd(),
                        Segment.displayName(keptIn))));
    }

    private SegmentEnd end(long position, long offset, SegmentTotals totals) {
        return new SegmentEnd(header.segmentId(), header.name(), offset, position, totals.runningChecksum());
    }

    // ---------------------------------------------------------------- refusals

    private Refusal belowProof(SegmentScan.GoodEnd good, SegmentScan.Behind behind) {
        boolean isMissing = behind.isZeros();
        long proven = Math.max(provenOffset, behind.provenOffset());
        return refusal(
                isMissing ? ErrorCode.SEGMENT_TRUNCATED : ErrorCode.SEGMENT_CORRUPT,
                isMissing ? "segment ends inside durable data" : "frame fails its checks inside durable data",
                "found=" + good.verdict() + " provenEnd=" + proven,
                good.position(),
                good.offset(),
                behind.firstVerifiedOffset() >= 0 ? behind.firstVerifiedOffset() : proven);
    }

    private Refusal successorMissing(SegmentScan.GoodEnd good) {
        return Refusal.damage(
                RecoveryCase.R5,
                ErrorCode.SEGMENT_MISSING,
                metadata.partition().toString(),
                file.path(),
                "the newest segment has a seal, so the one after it is missing",
                "",
                good.position(),
                good.offset(),
                -1);
    }

    private Refusal refusal(
            ErrorCode code, String what, String detail, long filePosition, long firstOffset, long endOffset) {
        return Refusal.damage(
                RecoveryCase.R3,
                code,
                metadata.partition().toString(),
                file.path(),
                what,
                detail,
                filePosition,
                firstOffset,
                endOffset);
    }
}
