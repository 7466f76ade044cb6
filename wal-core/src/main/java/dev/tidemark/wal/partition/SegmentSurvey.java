package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All that can be read of one segment, whatever has become of the rest: every frame that verifies, and the offsets that are missing between them.
 *
 * @param endPosition behind the last good frame, a seal not counted
 * @param endOffset behind the last good record
 * @param totals of the good frames
 * @param holes offsets that are missing before a good frame that follows them, in order
 * @param badPlaces how many places were no good frame, with or without a record missing, before a good one
 * @param proven the greatest offset below which a good frame, or a good header over a bad payload, says that there is or was something
 * @param usedEnd behind the last byte that is not zero, as far as was looked
 * @param sealPosition where a good seal stands behind the frames, or -1
 * @param seal what it says
 * @param producers what the frames tell of producers
 */
record SegmentSurvey(
        long endPosition,
        long endOffset,
        SegmentTotals totals,
        List<Hole> holes,
        int badPlaces,
        long proven,
        long usedEnd,
        long sealPosition,
        Optional<SealPayload> seal,
        ProducerFold producers) {

    /** More holes than a {@code PARTITION} can have losses are not told one by one; who asks has to give up. */
    static final int MAX_HOLES = 4096;

    /** How many bytes there were in a file that is gone. */
    static final long UNKNOWN = -1;

    /**
     * Offsets of which nothing is left that verifies.
     *
     * @param position where the bytes begin that are no good frames
     * @param bytes how many they are; {@link #UNKNOWN} in a file that is gone
     */
    record Hole(long firstOffset, long endOffset, long position, long bytes) {}

    /** Nothing of it is left. */
    static SegmentSurvey ofNothing(SegmentHeader header) {
        return new SegmentSurvey(
                SegmentHeader.BYTES,
                header.name().baseOffset(),
                SegmentTotals.none(header.segmentId()),
                List.of(),
                0,
                header.name().baseOffset(),
                SegmentHeader.BYTES,
                -1,
                Optional.empty(),
                new ProducerFold());
    }

    /**
     * Reads the segment.
     *
     * @param limit nothing at or behind this file position is looked at
     */
    static SegmentSurvey of(DiskFile file, SegmentHeader header, long limit, ByteBuffer window) throws IOException {
        return new Reading(new SegmentScan(file, header.salt(), window, limit), header).read();
    }

    private static final class Reading {
        private final SegmentScan scan;
        private final SegmentHeader header;
        private final TotalsCounter counter;
        private final ProducerFold producers = new ProducerFold();
        private final List<Hole> holes = new ArrayList<>();
        private int badPlaces;
        private long proven;

        Reading(SegmentScan scan, SegmentHeader header) {
            this.scan = scan;
            this.header = header;
            this.counter = new TotalsCounter(SegmentTotals.none(header.segmentId()));
            this.proven = header.name().baseOffset();
        }

        SegmentSurvey read() throws IOException {
            long position = SegmentHeader.BYTES;
            long offset = header.name().baseOffset();
            long usedEnd = position;
            long sealPosition = -1;
            Optional<SealPayload> seal = Optional.empty();
            while (true) {
                SegmentScan.GoodEnd good = scan.walk(position, offset, counter, frame -> {
                    proven = Math.max(proven, frame.synced());
                    producers.add(frame);
                });
                position = good.position();
                usedEnd = position;
                offset = good.offset();
                if (good.isSeal()) {
                    sealPosition = position;
                    seal = sealPayload();
                    break;
                }
                SegmentScan.Behind behind = scan.lookBehind(position, offset);
                proven = Math.max(proven, Math.max(behind.announcedEnd(), behind.provenOffset()));
                usedEnd = behind.isZeros() ? position : Math.max(position, behind.usedEnd());
                if (behind.isZeros() || !scan.findVerified(position, offset)) {
                    break;
                }
                badPlaces++;
                long next = scan.frame().offset();
                if (next > offset && holes.size() <= MAX_HOLES) {
                    holes.add(new Hole(offset, next, position, scan.frame().position() - position));
                }
                position = scan.frame().position();
                offset = next;
            }
            return new SegmentSurvey(
                    position,
                    offset,
                    counter.totals(),
                    holes,
                    badPlaces,
                    Math.max(proven, offset),
                    usedEnd,
                    sealPosition,
                    seal,
                    producers);
        }

        private Optional<SealPayload> sealPayload() throws IOException {
            if (scan.frame().payloadLength() > SealPayload.MAX_BYTES) {
                return Optional.empty();
            }
            ByteBuffer payload = scan.readPayload(SealPayload.MAX_BYTES);
            return SealPayload.decode(payload, 0, payload.remaining()).value();
        }
    }
}
