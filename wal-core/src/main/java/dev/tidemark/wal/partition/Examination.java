package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.ProducerFold;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentOwner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Looks at one partition as a whole and decides, without writing anything: the chain of segments from its names, each segment by its header, each
 * sealed one by its seal, the newest by its frames. The first row of the table that refuses ends it.
 *
 * <p>Segments are opened one at a time, the newest first: the header of each says where the one before it ends.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class Examination {

    private final RecoveryContext context;
    private final Disk disk;
    private final PartitionId id;
    private final Path directory;
    private final Supplier<ByteBuffer> buffer;
    private final PartitionListing listing;

    /** {@code PARTITION} as it was read. */
    private final PartitionFile onDisk;

    /** The same, as if what its intents want were done already. */
    private final PartitionFile metadata;

    private final SegmentOwner owner;

    /** The segments that stay, by epoch. */
    private final NavigableMap<SegmentName, Long> chain;

    private final List<SegmentName> doomed = new ArrayList<>();

    private Examination(
            RecoveryContext context,
            PartitionId id,
            Path directory,
            Supplier<ByteBuffer> buffer,
            PartitionListing listing,
            PartitionFile onDisk) {
        this.context = context;
        this.disk = context.disk();
        this.id = id;
        this.directory = directory;
        this.buffer = buffer;
        this.listing = listing;
        this.onDisk = onDisk;
        this.metadata = asIntended(onDisk);
        this.owner = new SegmentOwner(context.storeId(), metadata.partitionId(), id);
        this.chain = new TreeMap<>(listing.segments());
    }

    /** Reads the directory and {@code PARTITION}: what every examination begins with. */
    static Examination begin(RecoveryContext context, PartitionId id, Path directory, Supplier<ByteBuffer> buffer)
            throws Refusal {
        PartitionListing listing;
        try {
            listing = PartitionListing.read(context.disk(), directory);
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), directory, e);
        }
        return new Examination(context, id, directory, buffer, listing, readMetadata(context, id, directory));
    }

    /** Begins one of a directory whose {@code PARTITION} is taken to be this one. */
    static Examination asIf(
            RecoveryContext context, PartitionId id, Path directory, Supplier<ByteBuffer> buffer, PartitionFile file)
            throws Refusal {
        try {
            PartitionListing listing = PartitionListing.read(context.disk(), directory);
            return new Examination(context, id, directory, buffer, listing, file);
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), directory, e);
        }
    }

    private static PartitionFile readMetadata(RecoveryContext context, PartitionId id, Path directory) throws Refusal {
        Decoded<PartitionFile> decoded;
        try {
            decoded = PartitionMetadata.read(context.disk(), directory);
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), directory.resolve(Names.PARTITION), e);
        }
        if (decoded instanceof Decoded.Newer<PartitionFile> newer) {
            throw Refusal.newer(RecoveryCase.R8, directory.resolve(Names.PARTITION), newer.version());
        }
        if (decoded instanceof Decoded.Damaged<PartitionFile> damaged) {
            throw Refusal.metadata(id.toString(), directory, damaged.reason());
        }
        PartitionFile metadata = decoded.value().orElseThrow();
        if (!metadata.storeId().equals(context.storeId())
                || !metadata.partition().equals(id)) {
            throw Refusal.metadata(id.toString(), directory, "file belongs to another store or partition");
        }
        return metadata.sharing(context.storeId(), id);
    }

    private static PartitionFile asIntended(PartitionFile onDisk) {
        PartitionFile.Change change = onDisk.change();
        for (Intent intent : onDisk.intents()) {
            if (intent instanceof Intent.Trim trim && trim.startOffset() > onDisk.startOffset()) {
                change.start(trim.startOffset(), trim.startSegment())
                        .provenEnd(Math.max(onDisk.provenEnd(), trim.startOffset()));
            } else if (intent instanceof Intent.Truncate truncate) {
                change.provenEnd(Math.min(onDisk.provenEnd(), truncate.endOffset()))
                        .checkpointsAtMost(truncate.endOffset())
                        .lossesAtMost(truncate.endOffset());
            }
        }
        return change.done();
    }

    /** {@code PARTITION} as it was read. */
    PartitionFile onDisk() {
        return onDisk;
    }

    /** Whether the directory or {@code PARTITION} have changed since, as they do under a live writer. */
    boolean isOutdated() {
        try {
            PartitionListing now = PartitionListing.read(disk, directory);
            Decoded<PartitionFile> file = PartitionMetadata.read(disk, directory);
            return !now.hasSegmentsOf(listing)
                    || !file.value().map(onDisk::equals).orElse(false);
        } catch (IOException e) {
            // What cannot be read again cannot excuse what was found.
            return false;
        }
    }

    /** The deletion of the whole partition, if one was begun. */
    Optional<Intent.Delete> deletion() {
        return intent(Intent.Delete.class);
    }

    // ---------------------------------------------------------------- the whole

    Examined examine() throws Refusal {
        Optional<Intent.Truncate> truncation = intent(Intent.Truncate.class);
        intent(Intent.Trim.class)
                .ifPresent(
                        trim -> doom(name -> name.epoch() < trim.startSegment().epoch()));
        truncation.ifPresent(
                cut -> doom(name -> name.epoch() > cut.cutSegment().epoch() && name.epoch() <= cut.lastEpoch()));
        // Older than the start and with no intent: remains that someone brought back. They are not part of the log.
        chain.headMap(metadata.startSegment(), false).clear();
        Collections.reverse(doomed);
        requireEnds();
        boolean isClean = metadata.cleanStamp().isPresent() && truncation.isEmpty();
        return isClean ? afterCleanClose() : afterCrash(truncation);
    }

    private <T extends Intent> Optional<T> intent(Class<T> kind) {
        return metadata.intents().stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst();
    }

    private void doom(Predicate<SegmentName> isDoomed) {
        for (Iterator<SegmentName> names = chain.keySet().iterator(); names.hasNext(); ) {
            SegmentName name = names.next();
            if (isDoomed.test(name)) {
                doomed.add(name);
                names.remove();
            }
        }
    }

    /** The oldest segment is the one in which the log starts; the newest is the active one, or the successor of that. */
    private void requireEnds() throws Refusal {
        SegmentName start = metadata.startSegment();
        if (chain.isEmpty() || !chain.firstKey().equals(start)) {
            throw missing(start, "the segment in which the log starts is missing", "");
        }
        SegmentName active = newestIntended();
        if (!chain.containsKey(active)) {
            throw missing(active, "the newest segment that PARTITION names is missing", "");
        }
        if (chain.tailMap(active, false).size() > 1) {
            throw tooNew(active);
        }
    }

    /**
     * There are newer segments than {@code PARTITION} can know of. If they belong here, it is an earlier one that has come back: going by it would lose what
     * they hold. If not, they are what is wrong.
     */
    private Refusal tooNew(SegmentName active) throws Refusal {
        for (SegmentName newer : chain.tailMap(active, false).keySet()) {
            headerOf(newer);
        }
        return Refusal.metadata(
                id.toString(),
                directory,
                "file is older than the segments beside it, named=" + active.segmentFile() + " newest="
                        + chain.lastKey().segmentFile());
    }

    /** The segment that {@code PARTITION} names; or the one to be cut, if a truncation deletes the other. */
    private SegmentName newestIntended() {
        SegmentName named = metadata.active().name();
        return intent(Intent.Truncate.class)
                .filter(cut -> named.epoch() > cut.cutSegment().epoch() && named.epoch() <= cut.lastEpoch())
                .map(Intent.Truncate::cutSegment)
                .orElse(named);
    }

    // ---------------------------------------------------------------- after a clean close

    private Examined afterCleanClose() throws Refusal {
        SegmentName active = metadata.active().name();
        int expected = metadata.cleanStamp().orElseThrow().segments();
        // Those that a trim has given up are not counted: a crash may come between the deletions.
        int found = chain.size();
        if (!chain.lastKey().equals(active)) {
            throw tooNew(active);
        }
        if (found != expected) {
            throw miscounted(active, "found=" + found + " expected=" + expected);
        }
        List<Segment> segments = new ArrayList<>();
        for (Map.Entry<SegmentName, Long> entry : chain.headMap(active, false).entrySet()) {
            segments.add(unopened(entry.getKey(), entry.getValue(), chain.higherKey(entry.getKey())));
        }
        TailFound tail = onSegment(
                active,
                (file, header, segment) -> new TailCheck(metadata, file, header, segment, buffer)
                        .clean(metadata.cleanStamp().orElseThrow()));
        segments.add(tail.segment());
        return new Examined(
                metadata,
                owner,
                listing.temporaries(),
                doomed,
                List.of(),
                segments,
                tail,
                tail.producers().snapshot(),
                SegmentHeader.BYTES);
    }

    /** One is missing, or one too many: the headers, each of which names the segment before it, tell which. */
    private Refusal miscounted(SegmentName active, String detail) {
        try {
            SegmentHeader successor = headerOf(active);
            while (!successor.name().equals(chain.firstKey())) {
                SegmentName name = chain.lowerKey(successor.name());
                requirePredecessor(successor, name);
                successor = headerOf(name);
            }
        } catch (Refusal told) {
            if (told.row() == RecoveryCase.R5) {
                return told;
            }
            // Names come before contents: that a header cannot be read as well leaves only the count to tell of.
        }
        return missing(active, "there are not as many segments as there were when the log was closed", detail);
    }

    /** A sealed segment that nobody looks at until it is read. */
    private Segment unopened(SegmentName name, long fileBytes, SegmentName next) throws Refusal {
        if (next.baseOffset() < name.baseOffset()) {
            throw missing(next, "segment begins before the one before it", "");
        }
        if (fileBytes <= SegmentHeader.BYTES) {
            throw Refusal.damage(
                    RecoveryCase.R4,
                    ErrorCode.SEGMENT_TRUNCATED,
                    id.toString(),
                    pathOf(name),
                    "sealed segment is too short to hold a seal",
                    "bytes=" + fileBytes,
                    fileBytes,
                    name.baseOffset(),
                    next.baseOffset());
        }
        return new Segment(pathOf(name), name, next.baseOffset(), fileBytes);
    }

    // ---------------------------------------------------------------- after a crash

    private Examined afterCrash(Optional<Intent.Truncate> truncation) throws Refusal {
        SegmentName newest = chain.lastKey();
        TailFound tail = onSegment(newest, (file, header, segment) -> {
            TailCheck check = new TailCheck(metadata, file, header, segment, buffer);
            boolean isToBeCut =
                    truncation.isPresent() && truncation.get().cutSegment().equals(newest);
            return isToBeCut ? check.truncated(truncation.get().endOffset()) : check.scanned();
        });
        ProducerFold producers = new ProducerFold();
        List<SealedFound> sealed = sealedBefore(tail.segment().header(), producers);
        producers.add(tail.producers());
        List<Segment> segments = new ArrayList<>();
        sealed.forEach(found -> segments.add(found.segment()));
        segments.add(tail.segment());
        return new Examined(
                metadata,
                owner,
                listing.temporaries(),
                doomed,
                sealed,
                segments,
                tail,
                producers.snapshot(),
                tail.end().endPosition());
    }

    /**
     * Looks at all of them, the newest first.
     *
     * @param producers takes in what was known at the end of the last of them
     */
    private List<SealedFound> sealedBefore(SegmentHeader newest, ProducerFold producers) throws Refusal {
        List<SealedCheck> checks = new ArrayList<>();
        SegmentHeader successor = newest;
        while (!successor.name().equals(chain.firstKey())) {
            SegmentName name = chain.lowerKey(successor.name());
            SegmentEnd end = requirePredecessor(successor, name);
            checks.add(onSegment(name, (file, header, segment) -> {
                requireId(header, end);
                SealedCheck check = new SealedCheck(id.toString(), header, end, file, buffer);
                check.check();
                return check;
            }));
            successor = checks.get(checks.size() - 1).header();
        }
        Collections.reverse(checks);
        return sealed(checks, producers);
    }

    /** A seal that is missing is made from the one before it, which may be one that is missing, too: so the oldest comes first. */
    private List<SealedFound> sealed(List<SealedCheck> oldestFirst, ProducerFold producers) throws Refusal {
        List<SealedFound> sealed = new ArrayList<>();
        for (int i = 0; i < oldestFirst.size(); i++) {
            SealedCheck check = oldestFirst.get(i);
            if (check.isSealMissing()) {
                // Of the first nothing is known: with the segments before it their producers are gone.
                check.remember(i == 0 ? List.of() : producersAtEndOf(oldestFirst.get(i - 1)));
            }
            sealed.add(check.found());
        }
        if (!oldestFirst.isEmpty()) {
            producers.add(new ProducerFold(producersAtEndOf(oldestFirst.get(oldestFirst.size() - 1))));
        }
        return sealed;
    }

    /** Read when it is needed and not kept, so that the memory does not depend on how many segments there are. */
    private List<ProducerState> producersAtEndOf(SealedCheck check) throws Refusal {
        return onSegment(check.header().name(), (file, header, segment) -> check.producers(file));
    }

    /** Where the segment of this name ends, by the header of its successor. */
    private SegmentEnd requirePredecessor(SegmentHeader successor, SegmentName name) throws Refusal {
        Optional<SegmentEnd> end = successor.predecessor();
        if (end.isEmpty() || !end.get().name().equals(name)) {
            boolean isMissing = end.isPresent() && !chain.containsKey(end.get().name());
            throw missing(
                    isMissing ? end.get().name() : name,
                    isMissing ? "segment is missing" : "segment is not the one that the next one follows",
                    "next=" + successor.name().segmentFile());
        }
        if (successor.name().baseOffset() != end.get().endOffset()) {
            throw Refusal.damage(
                    RecoveryCase.R5,
                    ErrorCode.SEGMENT_MISSING,
                    id.toString(),
                    pathOf(successor.name()),
                    "segment does not begin where the one before it ended",
                    "",
                    0,
                    end.get().endOffset(),
                    successor.name().baseOffset());
        }
        return end.get();
    }

    private void requireId(SegmentHeader header, SegmentEnd end) throws Refusal {
        if (header.segmentId() != end.segmentId()) {
            throw badHeader(header.name(), "segment is not the one that the header of the next segment names");
        }
    }

    // ---------------------------------------------------------------- one segment

    @FunctionalInterface
    private interface SegmentLook<T> {
        T look(DiskFile file, SegmentHeader header, Segment segment) throws IOException, Refusal;
    }

    private <T> T onSegment(SegmentName name, SegmentLook<T> look) throws Refusal {
        Path path = pathOf(name);
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            SegmentHeader header = readHeader(name, file);
            Segment segment = new Segment(path, header);
            segment.index().keepEvery(context.indexIntervalBytes());
            return look.look(file, header, segment);
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), path, e);
        }
    }

    private SegmentHeader headerOf(SegmentName name) throws Refusal {
        try (DiskFile file = disk.open(pathOf(name), Disk.Access.READ)) {
            return readHeader(name, file);
        } catch (IOException e) {
            throw Refusal.unreadable(id.toString(), pathOf(name), e);
        }
    }

    private SegmentHeader readHeader(SegmentName name, DiskFile file) throws IOException, Refusal {
        ByteBuffer block = buffer.get().clear().limit(SegmentHeader.BYTES);
        int bytes = file.readFully(block, 0);
        Decoded<SegmentHeader> decoded = owner.check(SegmentHeader.decode(block.clear(), 0, bytes), name);
        if (decoded instanceof Decoded.Newer<SegmentHeader> newer) {
            throw Refusal.newer(RecoveryCase.R4, file.path(), newer.version());
        }
        if (decoded instanceof Decoded.Damaged<SegmentHeader> damaged) {
            throw badHeader(name, damaged.reason());
        }
        SegmentHeader header = decoded.value().orElseThrow();
        if (name.equals(metadata.active().name())
                && header.segmentId() != metadata.active().segmentId()) {
            throw badHeader(name, "segment is not the one that PARTITION names");
        }
        return header;
    }

    private Path pathOf(SegmentName name) {
        return directory.resolve(name.segmentFile());
    }

    // ---------------------------------------------------------------- refusals

    private Refusal badHeader(SegmentName name, String what) {
        SegmentName next = chain.higherKey(name);
        return Refusal.damage(
                RecoveryCase.R4,
                ErrorCode.SEGMENT_CORRUPT,
                id.toString(),
                pathOf(name),
                what,
                "",
                0,
                name.baseOffset(),
                next == null ? -1 : next.baseOffset());
    }

    private Refusal missing(SegmentName name, String what, String detail) {
        SegmentName next = chain.higherKey(name);
        return Refusal.damage(
                RecoveryCase.R5,
                ErrorCode.SEGMENT_MISSING,
                id.toString(),
                pathOf(name),
                what,
                detail,
                -1,
                name.baseOffset(),
                next == null ? -1 : next.baseOffset());
    }
}
