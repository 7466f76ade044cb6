package dev.tidemark.wal.segment;

import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads all of one segment, and goes on behind what is bad: at the end of a frame whose header verifies, or else at the next frame that verifies
 * as a whole.
 *
 * <p><b>Threads.</b> Confined to one thread, with its buffer.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
public final class SegmentVerifier {

    /** No more places are listed one by one; the rest is counted. */
    public static final int MAX_PLACES = 100;

    private final SegmentHeader header;
    private final SegmentScan scan;
    private final TotalsCounter counter;
    private final List<BadPlace> badPlaces = new ArrayList<>();
    private final List<Long> dirtyPaddings = new ArrayList<>();
    private long badPlacesInAll;
    private long provenOffset;
    private long dirtyPaddingsInAll;
    private Optional<SealPayload> seal = Optional.empty();
    private long sealEnd = -1;
    private Optional<IndexEntries> index = Optional.empty();

    /**
     * Bytes that are not the next good frame, with good frames behind them or with none.
     *
     * @param position where they begin
     * @param offset the offset that was expected there
     * @param verdict what stands there
     * @param resumesAt file position of the next good frame, or -1 if there is none
     * @param resumesOffset its first offset, or -1
     */
    public record BadPlace(long position, long offset, FrameVerdict verdict, long resumesAt, long resumesOffset) {}

    /**
     * What a segment holds.
     *
     * @param endPosition where its good frames end, the seal not counted
     * @param endOffset offset behind the last record
     * @param totals of all good frames
     * @param badPlaces the first {@link #MAX_PLACES}
     * @param badPlacesInAll how many there are
     * @param dirtyPaddings file positions of good frames with bytes in their padding that are not zero; likewise the first
     * @param dirtyPaddingsInAll how many there are
     * @param seal what the seal says, if there is a good one behind the frames
     * @param sealEnd file position behind it, or -1
     * @param isIndexGood false if there is an index file that does not fit the frames
     * @param provenOffset the greatest {@code synced} of a good frame: everything below was durable
     * @param bytesRead how much was read
     */
    public record Contents(
            long endPosition,
            long endOffset,
            SegmentTotals totals,
            List<BadPlace> badPlaces,
            long badPlacesInAll,
            List<Long> dirtyPaddings,
            long dirtyPaddingsInAll,
            Optional<SealPayload> seal,
            long sealEnd,
            boolean isIndexGood,
            long provenOffset,
            long bytesRead) {

        public Contents {
            badPlaces = List.copyOf(badPlaces);
            dirtyPaddings = List.copyOf(dirtyPaddings);
        }

        /** Whether the frames follow one another from the first to the end. */
        public boolean isUnbroken() {
            return badPlacesInAll == 0;
        }
    }

    /**
     * @param header which was found good
     * @param window a direct buffer, whose contents, position and limit are used as needed
     * @param limit nothing at or behind this file position is looked at
     */
    public SegmentVerifier(DiskFile file, SegmentHeader header, ByteBuffer window, long limit) throws IOException {
        this.header = header;
        this.scan = new SegmentScan(file, header.salt(), window, limit);
        this.counter = new TotalsCounter(SegmentTotals.none(header.segmentId()));
    }

    /** Also compares the segment's index file, if there is one, with the frames. Only for a segment that is sealed. */
    public SegmentVerifier withIndex(Disk disk, Segment sealed) throws IOException {
        index = IndexEntries.read(disk, sealed);
        return this;
    }

    /** Reads everything. Called once. */
    public Contents verify() throws IOException {
        try {
            return readAll();
        } finally {
            index.ifPresent(IndexEntries::release);
        }
    }

    private Contents readAll() throws IOException {
        long position = SegmentHeader.BYTES;
        long offset = header.name().baseOffset();
        while (true) {
            SegmentScan.GoodEnd good = scan.walk(position, offset, counter, this::note);
            position = good.position();
            offset = good.offset();
            if (good.isSeal()) {
                noteSeal();
                break;
            }
            if (!goesOnBehind(good)) {
                break;
            }
            position = scan.frame().position();
            offset = scan.frame().offset();
        }
        return new Contents(
                position,
                offset,
                counter.totals(),
                badPlaces,
                badPlacesInAll,
                dirtyPaddings,
                dirtyPaddingsInAll,
                seal,
                sealEnd,
                index.map(IndexEntries::isUsedUp).orElse(true),
                provenOffset,
                scan.bytesRead());
    }

    private void note(ScannedFrame frame) throws IOException {
        provenOffset = Math.max(provenOffset, frame.synced());
        index.ifPresent(entries -> entries.compare(frame));
        notePadding(frame);
    }

    private void notePadding(ScannedFrame frame) throws IOException {
        if (!scan.isPaddingZero() && dirtyPaddingsInAll++ < MAX_PLACES) {
            dirtyPaddings.add(frame.position());
        }
    }

    private void noteSeal() throws IOException {
        sealEnd = scan.frame().endPosition();
        notePadding(scan.frame());
        if (scan.frame().payloadLength() <= SealPayload.MAX_BYTES) {
            ByteBuffer payload = scan.readPayload(SealPayload.MAX_BYTES);
            Decoded<SealPayload> decoded = SealPayload.decode(payload, 0, payload.remaining());
            seal = decoded.value();
        }
    }

    /** Notes a bad place, unless nothing but zeros or nothing at all is there; true if good frames follow. */
    private boolean goesOnBehind(SegmentScan.GoodEnd good) throws IOException {
        if (good.verdict() == FrameVerdict.END_OF_FILE || scan.usedEnd(good.position()) == good.position()) {
            return false;
        }
        boolean isThereMore = scan.findVerified(good.position(), good.offset());
        if (badPlacesInAll++ < MAX_PLACES) {
            badPlaces.add(new BadPlace(
                    good.position(),
                    good.offset(),
                    good.verdict(),
                    isThereMore ? scan.frame().position() : -1,
                    isThereMore ? scan.frame().offset() : -1));
        }
        return isThereMore;
    }

    /** An index file, held against the frames one after the other. */
    private static final class IndexEntries {
        private final IndexMemory entries;
        private int next;
        private boolean isGood;

        private IndexEntries(IndexMemory entries, boolean isGood) {
            this.entries = entries;
            this.isGood = isGood;
        }

        static Optional<IndexEntries> read(Disk disk, Segment segment) throws IOException {
            if (!disk.exists(IndexFile.of(segment))) {
                return Optional.empty();
            }
            IndexMemory entries = BytesChoice.current().newIndexMemory(SparseIndex.MAX_ENTRIES);
            ByteBuffer chunk = ByteBuffer.allocateDirect(IndexFile.CHUNK_BYTES);
            return Optional.of(new IndexEntries(entries, IndexFile.read(disk, segment, entries, chunk)));
        }

        void compare(ScannedFrame frame) {
            if (next == entries.size() || entries.get(next, SparseIndex.POSITION) > frame.position()) {
                return;
            }
            isGood &= entries.get(next, SparseIndex.POSITION) == frame.position()
                    && entries.get(next, SparseIndex.OFFSET) == frame.offset()
                    && entries.get(next, SparseIndex.TIME) == frame.timestampMillis();
            next++;
        }

        /** Whether every entry was met by a frame. */
        boolean isUsedUp() {
            return isGood && next == entries.size();
        }

        void release() {
            entries.release();
        }
    }
}
