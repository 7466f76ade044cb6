package dev.tidemark.wal.format;

import dev.tidemark.wal.api.PartitionId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The file {@code PARTITION}: all that is to be known about a partition before one of its segments is read. An immutable value; a change makes
 * a new one with {@link #change}, which is written aside and takes the place of the old.
 *
 * <p><b>Crash.</b> The file is replaced as a whole, so it is either the value before or the value after.
 *
 * @param storeId the store it belongs to
 * @param partition name and number, as in the directory's name
 * @param partitionId random; in every segment header, so that a name used again does not adopt files of the partition before
 * @param createdAtMillis for people
 * @param startOffset exact start of the log
 * @param startSegment the oldest segment there is
 * @param active the newest segment there is
 * @param lastEpoch highest epoch ever given to a segment
 * @param provenEnd everything below was durable when this file was written
 * @param closedByRecovery segments that recovery cut and closed where they end: they have no seal, and no more frames are added. When
 *     {@code active} is among them, the next append opens a new segment
 * @param cleanStamp present after a close in order, until the first change
 * @param intents what has begun and may not be finished
 * @param checkpoints named positions, by name
 * @param losses what is gone for good, by first offset
 */
public record PartitionFile(
        UUID storeId,
        PartitionId partition,
        long partitionId,
        long createdAtMillis,
        long startOffset,
        SegmentName startSegment,
        SegmentRef active,
        int lastEpoch,
        long provenEnd,
        List<SegmentEnd> closedByRecovery,
        Optional<CleanStamp> cleanStamp,
        List<Intent> intents,
        NavigableMap<String, Long> checkpoints,
        List<Loss> losses) {

    public static final int FORMAT_VERSION = 1;

    /** No such file is larger; to be compared with the file's size before it is read. */
    public static final int MAX_BYTES = MetadataEnvelope.MAX_FILE_BYTES;

    public static final int MAX_CLOSED = 4096;
    public static final int MAX_INTENTS = 16;
    public static final int MAX_CHECKPOINTS = 1024;
    public static final int MAX_LOSSES = 4096;

    public PartitionFile {
        closedByRecovery = List.copyOf(closedByRecovery);
        intents = List.copyOf(intents);
        checkpoints = checkpoints.isEmpty()
                ? Collections.emptyNavigableMap()
                : Collections.unmodifiableNavigableMap(new TreeMap<>(checkpoints));
        losses = List.copyOf(losses);
        PartitionFileRules.check(
                createdAtMillis,
                startOffset,
                startSegment,
                active,
                lastEpoch,
                provenEnd,
                closedByRecovery,
                cleanStamp,
                intents,
                checkpoints,
                losses);
    }

    /** The file of a partition that is being made: empty, with its first segment. */
    public static PartitionFile first(
            UUID storeId, PartitionId partition, long partitionId, long createdAtMillis, SegmentRef firstSegment) {
        long start = firstSegment.name().baseOffset();
        return new PartitionFile(
                storeId,
                partition,
                partitionId,
                createdAtMillis,
                start,
                firstSegment.name(),
                firstSegment,
                firstSegment.name().epoch(),
                start,
                List.of(),
                Optional.empty(),
                List.of(),
                Collections.emptyNavigableMap(),
                List.of());
    }

    /** Reads the whole file. */
    public static Decoded<PartitionFile> decode(byte[] file) {
        return PartitionFileCodec.decode(file);
    }

    /** The same, with these equal values in place of those that were decoded: a store has many partitions, and these once. */
    public PartitionFile sharing(UUID sameStoreId, PartitionId samePartition) {
        return new PartitionFile(
                sameStoreId,
                samePartition,
                partitionId,
                createdAtMillis,
                startOffset,
                startSegment,
                active,
                lastEpoch,
                provenEnd,
                closedByRecovery,
                cleanStamp,
                intents,
                checkpoints,
                losses);
    }

    /** The whole file. */
    public byte[] encode() {
        return PartitionFileCodec.encode(this);
    }

    /** Whether recovery closed the active segment, so that the next append has to open a new one. */
    public boolean isActiveClosed() {
        return closedEnd(active.segmentId()).isPresent();
    }

    /** Where recovery closed this segment, if it did. */
    public Optional<SegmentEnd> closedEnd(long segmentId) {
        return closedByRecovery.stream()
                .filter(end -> end.segmentId() == segmentId)
                .findFirst();
    }

    /** Begins a new value that differs from this one only in what is set. */
    public Change change() {
        return new Change(this);
    }

    /** A {@link PartitionFile} in the making. Each method replaces one thing; {@link #done} checks the whole. */
    public static final class Change {
        private final PartitionFile from;
        private long startOffset;
        private SegmentName startSegment;
        private SegmentRef active;
        private int lastEpoch;
        private long provenEnd;
        private final List<SegmentEnd> closedByRecovery;
        private Optional<CleanStamp> cleanStamp;
        private final List<Intent> intents;
        private final NavigableMap<String, Long> checkpoints;
        private final List<Loss> losses;

        private Change(PartitionFile from) {
            this.from = from;
            startOffset = from.startOffset;
            startSegment = from.startSegment;
            active = from.active;
            lastEpoch = from.lastEpoch;
            provenEnd = from.provenEnd;
            closedByRecovery = new ArrayList<>(from.closedByRecovery);
            cleanStamp = from.cleanStamp;
            intents = new ArrayList<>(from.intents);
            checkpoints = new TreeMap<>(from.checkpoints);
            losses = new ArrayList<>(from.losses);
        }

        /** Moves the old end; segments older than {@code segment} are no longer on the list of those closed by recovery. */
        public Change start(long offset, SegmentName segment) {
            startOffset = offset;
            startSegment = segment;
            closedByRecovery.removeIf(end -> end.name().epoch() < segment.epoch());
            return this;
        }

        /** Names the newest segment; its epoch counts as given from then on. */
        public Change active(SegmentRef segment) {
            active = segment;
            return lastEpoch(Math.max(lastEpoch, segment.name().epoch()));
        }

        /** Records that epochs up to this one were given, also when the segment never came into use. */
        public Change lastEpoch(int epoch) {
            lastEpoch = epoch;
            return this;
        }

        /** Sets the proven end; a truncation lowers it. */
        public Change provenEnd(long endOffset) {
            provenEnd = endOffset;
            return this;
        }

        /** Records that recovery closed a segment here. Recording it again replaces the entry. */
        public Change closed(SegmentEnd end) {
            closedByRecovery.removeIf(known -> known.segmentId() == end.segmentId());
            closedByRecovery.add(end);
            closedByRecovery.sort((a, b) -> a.name().compareTo(b.name()));
            return this;
        }

        /** Takes a segment off the list, as when its file is gone or has a seal by now. */
        public Change notClosed(long segmentId) {
            closedByRecovery.removeIf(known -> known.segmentId() == segmentId);
            return this;
        }

        /** Sets the clean stamp. */
        public Change cleanStamp(CleanStamp stamp) {
            cleanStamp = Optional.of(stamp);
            return this;
        }

        /** Withdraws the clean stamp; the proven end stays. */
        public Change withoutCleanStamp() {
            cleanStamp = Optional.empty();
            return this;
        }

        /** Adds an intent behind those that are there. */
        public Change intent(Intent intent) {
            intents.add(intent);
            return this;
        }

        /** Clears an intent that was carried out. */
        public Change withoutIntent(Intent intent) {
            intents.remove(intent);
            return this;
        }

        /** Sets or moves a checkpoint. */
        public Change checkpoint(String name, long offset) {
            checkpoints.put(name, offset);
            return this;
        }

        /** Removes a checkpoint, if it is there. */
        public Change withoutCheckpoint(String name) {
            checkpoints.remove(name);
            return this;
        }

        /** Lowers every checkpoint above {@code endOffset} to it, as a truncation has to. */
        public Change checkpointsAtMost(long endOffset) {
            checkpoints.replaceAll((name, offset) -> Math.min(offset, endOffset));
            return this;
        }

        /** Puts a loss on record. */
        public Change loss(Loss loss) {
            losses.add(loss);
            losses.sort((a, b) -> Long.compare(a.firstOffset(), b.firstOffset()));
            return this;
        }

        /** Takes the losses that end at or below {@code startOffset} off the list. */
        public Change lossesFrom(long startOffset) {
            losses.removeIf(loss -> loss.endOffset() <= startOffset);
            return this;
        }

        /** Takes the losses that begin at or above {@code endOffset} off the list, as a truncation has to: these offsets are given again. */
        public Change lossesAtMost(long endOffset) {
            losses.removeIf(loss -> loss.firstOffset() >= endOffset);
            losses.replaceAll(loss -> loss.endOffset() <= endOffset
                    ? loss
                    : new Loss(loss.firstOffset(), endOffset, loss.reason(), loss.atMillis()));
            return this;
        }

        /**
         * The new value.
         *
         * @throws IllegalArgumentException when its parts cannot be together, or a list is over its limit
         */
        public PartitionFile done() {
            return new PartitionFile(
                    from.storeId,
                    from.partition,
                    from.partitionId,
                    from.createdAtMillis,
                    startOffset,
                    startSegment,
                    active,
                    lastEpoch,
                    provenEnd,
                    closedByRecovery,
                    cleanStamp,
                    intents,
                    checkpoints,
                    losses);
        }
    }
}
