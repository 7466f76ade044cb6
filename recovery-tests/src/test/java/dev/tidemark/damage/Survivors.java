package dev.tidemark.damage;

import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentName;
import java.util.Map;
import java.util.Optional;

/**
 * What the damage has left of one partition: which frames still stand where they stood, and how far these and the other files prove
 * that everything was durable. Compared byte by byte with the undamaged store; nothing of the engine decides here.
 */
final class Survivors {
    private final Specimen.Log log;
    private final Injury injury;

    Survivors(Specimen.Log log, Injury injury) {
        this.log = log;
        this.injury = injury;
    }

    private byte @org.jspecify.annotations.Nullable [] now(SegmentName segment) {
        return injury.files().get(log.file(segment));
    }

    boolean hasHeader(SegmentName segment) {
        return log.segments().get(segment).hasHeaderIn(now(segment));
    }

    boolean isMetadataIntact() {
        return !injury.changed().contains(log.metadataFile());
    }

    /** Whether the record at this offset still stands as a whole, under a good header. */
    boolean isIntact(long offset) {
        Optional<Map.Entry<SegmentName, Anatomy.Frame>> place = placeOf(offset);
        return place.isPresent() && isIntact(place.get().getKey(), place.get().getValue());
    }

    private boolean isIntact(SegmentName segment, Anatomy.Frame frame) {
        return hasHeader(segment) && log.segments().get(segment).isIn(now(segment), frame);
    }

    private Optional<Map.Entry<SegmentName, Anatomy.Frame>> placeOf(long offset) {
        for (Map.Entry<SegmentName, Anatomy> segment : log.segments().entrySet()) {
            for (Anatomy.Frame frame : segment.getValue().frames()) {
                if (frame.holdsRecords() && frame.offset() <= offset && offset < frame.endOffset()) {
                    return Optional.of(Map.entry(segment.getKey(), frame));
                }
            }
        }
        return Optional.empty();
    }

    /** One after the last record that is still whole, at or above this offset; the offset itself if there is none. */
    long endOfIntactFrom(long from) {
        long end = from;
        for (Map.Entry<SegmentName, Anatomy> segment : log.segments().entrySet()) {
            for (Anatomy.Frame frame : segment.getValue().frames()) {
                if (frame.holdsRecords()
                        && frame.offset() >= from
                        && frame.endOffset() <= log.end()
                        && isIntact(segment.getKey(), frame)) {
                    end = Math.max(end, frame.endOffset());
                }
            }
        }
        return end;
    }

    /** The greatest offset of which something that is still whole says that all below was durable. */
    long provenEnd() {
        long proven = isMetadataIntact() ? log.metadata().provenEnd() : 0;
        for (Map.Entry<SegmentName, Anatomy> segment : log.segments().entrySet()) {
            if (!hasHeader(segment.getKey())) {
                continue;
            }
            proven = Math.max(
                    proven,
                    segment.getValue()
                            .header()
                            .predecessor()
                            .map(SegmentEnd::endOffset)
                            .orElse(0L));
            for (Anatomy.Frame frame : segment.getValue().frames()) {
                if (frame.synced() > proven && isIntact(segment.getKey(), frame)) {
                    proven = frame.synced();
                }
            }
        }
        return Math.min(proven, log.end());
    }

    /** Whether a record below this offset is not what it was. */
    boolean isAnyDamagedBelow(long end) {
        for (Map.Entry<SegmentName, Anatomy> segment : log.segments().entrySet()) {
            for (Anatomy.Frame frame : segment.getValue().frames()) {
                if (frame.holdsRecords() && frame.offset() < end && !isIntact(segment.getKey(), frame)) {
                    return true;
                }
            }
        }
        return false;
    }
}
