package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.SegmentScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What is left of a damaged partition, before anything is concluded from it: the files of its segments, those of their headers that are good, and {@code
 * PARTITION}, made again from the headers where it is bad.
 *
 * <p><b>Threads.</b> Confined to the thread that recovers or repairs.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class PartitionRemains {

    /** Of a file of which no frame is read. */
    private static final int NO_SALT = 0;

    private final RecoveryContext context;
    private final Disk disk;
    private final PartitionId id;
    private final Path directory;
    private final Supplier<ByteBuffer> buffer;

    private final NavigableMap<SegmentName, Long> listed;
    private final Map<SegmentName, SegmentHeader> headers = new HashMap<>();
    private final PartitionFile metadata;
    private final boolean isMetadataBad;

    /**
     * Reads it.
     *
     * @throws Refusal if it is a newer version's, another partition's, or in the middle of a truncation or a deletion; or nothing is left that says what it was
     */
    PartitionRemains(RecoveryContext context, PartitionId id, Path directory, Supplier<ByteBuffer> buffer)
            throws IOException, Refusal {
        this.context = context;
        this.disk = context.disk();
        this.id = id;
        this.directory = directory;
        this.buffer = buffer;
        listed = new TreeMap<>(PartitionListing.read(disk, directory).segments());
        Optional<PartitionFile> good = goodMetadata();
        if (good.isPresent()) {
            listed.headMap(good.get().startSegment(), false).clear();
        }
        readHeaders(good.map(PartitionFile::partitionId));
        isMetadataBad = good.isEmpty();
        metadata = isMetadataBad ? madeAgain() : good.get();
    }

    private Optional<PartitionFile> goodMetadata() throws IOException, Refusal {
        Decoded<PartitionFile> decoded = PartitionMetadata.read(disk, directory);
        if (decoded instanceof Decoded.Newer<PartitionFile> newer) {
            throw Refusal.newer(RecoveryCase.R8, directory.resolve(Names.PARTITION), newer.version());
        }
        Optional<PartitionFile> good = decoded.value();
        if (good.isPresent()
                && !(good.get().storeId().equals(context.storeId())
                        && good.get().partition().equals(id))) {
            throw cannot("it is another one, or of another store");
        }
        if (good.isPresent() && good.get().intents().stream().anyMatch(intent -> !(intent instanceof Intent.Trim))) {
            throw cannot("a truncation or a deletion has begun");
        }
        return good;
    }

    private void readHeaders(Optional<Long> partitionId) throws IOException, Refusal {
        for (SegmentName name : listed.keySet()) {
            try (DiskFile file = disk.open(pathOf(name), Disk.Access.READ)) {
                ByteBuffer block = buffer.get().clear().limit(SegmentHeader.BYTES);
                int bytes = file.readFully(block, 0);
                Decoded<SegmentHeader> decoded = SegmentHeader.decode(block.clear(), 0, bytes);
                if (decoded instanceof Decoded.Newer<SegmentHeader> newer) {
                    throw Refusal.newer(RecoveryCase.R4, file.path(), newer.version());
                }
                decoded.value()
                        .filter(header -> new SegmentOwner(
                                        context.storeId(), partitionId.orElse(header.partitionId()), id)
                                .check(decoded, name)
                                .value()
                                .isPresent())
                        .ifPresent(header -> headers.put(name, header));
            }
        }
    }

    /** From the headers alone: the log is what its segments are. */
    private PartitionFile madeAgain() throws Refusal {
        SegmentName newest = listed.isEmpty() ? null : listed.lastKey();
        SegmentHeader last = newest == null ? null : headers.get(newest);
        if (newest == null || last == null) {
            throw cannot("PARTITION is bad, and so is the header of the newest segment");
        }
        SegmentName oldest = oldestOf(newest);
        listed.headMap(oldest, false).clear();
        return new PartitionFile(
                context.storeId(),
                id,
                last.partitionId(),
                Math.max(0, context.environment().clock().millis()),
                oldest.baseOffset(),
                oldest,
                new SegmentRef(newest, last.segmentId()),
                newest.epoch(),
                newest.baseOffset(),
                List.of(),
                Optional.empty(),
                List.of(),
                Collections.emptyNavigableMap(),
                List.of());
    }

    private SegmentName oldestOf(SegmentName newest) {
        SegmentName oldest = newest;
        while (true) {
            SegmentHeader header = headers.get(oldest);
            SegmentName before = header == null
                    ? listed.lowerKey(oldest)
                    : header.predecessor().map(SegmentEnd::name).orElse(null);
            if (before == null || !listed.containsKey(before)) {
                return oldest;
            }
            oldest = before;
        }
    }

    // ---------------------------------------------------------------- what is there

    /** As it is on the disk, or as it is made again. */
    PartitionFile metadata() {
        return metadata;
    }

    boolean isMetadataBad() {
        return isMetadataBad;
    }

    /** Files of segments that are not older than the log. */
    NavigableMap<SegmentName, Long> listed() {
        return Collections.unmodifiableNavigableMap(listed);
    }

    boolean isThere(SegmentName name) {
        return listed.containsKey(name);
    }

    /** The header under this name, if it is good, and of this partition. */
    Optional<SegmentHeader> header(SegmentName name) {
        return Optional.ofNullable(headers.get(name));
    }

    /** Whether a file holds more than a header and zeros behind it. */
    boolean isAnythingIn(SegmentName name) throws IOException {
        try (DiskFile file = disk.open(pathOf(name), Disk.Access.READ)) {
            SegmentScan scan = new SegmentScan(file, NO_SALT, buffer.get(), Long.MAX_VALUE);
            return scan.usedEnd(SegmentHeader.BYTES) > SegmentHeader.BYTES;
        }
    }

    Path pathOf(SegmentName name) {
        return directory.resolve(name.segmentFile());
    }

    /** All that can be read of a segment whose header is this one, or would be. */
    SegmentSurvey survey(SegmentHeader header, long limit) throws IOException {
        try (DiskFile file = disk.open(pathOf(header.name()), Disk.Access.READ)) {
            return SegmentSurvey.of(file, header, limit, buffer.get());
        }
    }

    /** Why this partition stays as it is. */
    Refusal cannot(String why) {
        return Refusal.metadata(id.toString(), directory, "the partition cannot be repaired, " + why);
    }
}
