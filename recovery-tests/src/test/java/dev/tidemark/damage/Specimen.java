package dev.tidemark.damage;

import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A store as some process has left it, and what is in it. Never changed: what is damaged are copies.
 *
 * <p><b>Threads.</b> Any that make copies of the disk one at a time.
 */
final class Specimen {
    static final Path DATA = Path.of("/data");

    private final long seed;
    private final String shape;
    private final SimulatedDisk disk;
    private final WalConfig config;
    private final NavigableMap<Path, byte[]> files = new TreeMap<>();
    private final Map<Path, List<byte[]>> earlier;
    private final Map<PartitionId, Log> logs = new TreeMap<>();

    /**
     * One partition.
     *
     * @param records what was appended, by first offset
     * @param end where it ends when nothing is damaged
     * @param segments the segments, oldest first
     * @param metadata what {@code PARTITION} says
     * @param hasUndecided whether its tail is torn, also without damage
     * @param behindTornTail what the last crash took: frames of it may stand whole behind one that does not, and an opening that meets no damage cuts them. One that
     *     does cannot tell which it is, and may serve them: they were submitted, and their offsets never given to anything else
     */
    record Log(
            PartitionId id,
            NavigableMap<Long, Submission> records,
            long end,
            NavigableMap<SegmentName, Anatomy> segments,
            PartitionFile metadata,
            boolean hasUndecided,
            NavigableMap<Long, Submission> behindTornTail) {

        boolean isClean() {
            return metadata.cleanStamp().isPresent();
        }

        Path file(SegmentName segment) {
            return Path.of(id.toString(), segment.segmentFile());
        }

        Path metadataFile() {
            return Path.of(id.toString(), Names.PARTITION);
        }
    }

    /** What a specimen is made of, apart from what can be read from its files. */
    record Origin(
            long seed,
            String shape,
            WalConfig config,
            Map<Path, List<byte[]>> earlier,
            Map<PartitionId, NavigableMap<Long, Submission>> behindTornTail) {}

    /**
     * @param disk nobody's any more
     * @param records what is in each partition
     * @param undecided the partitions whose tails are torn
     */
    Specimen(
            Origin origin,
            SimulatedDisk disk,
            Map<PartitionId, NavigableMap<Long, Submission>> records,
            List<PartitionId> undecided) {
        this.seed = origin.seed();
        this.shape = origin.shape();
        this.config = origin.config();
        this.earlier = origin.earlier();
        this.disk = disk;
        for (Path file : disk.files()) {
            if (file.startsWith(DATA)) {
                files.put(DATA.relativize(file), disk.contents(file));
            }
        }
        records.forEach((id, held) -> logs.put(
                id,
                log(id, held, undecided.contains(id), origin.behindTornTail().getOrDefault(id, new TreeMap<>()))));
    }

    private Log log(
            PartitionId id,
            NavigableMap<Long, Submission> records,
            boolean hasUndecided,
            NavigableMap<Long, Submission> behindTornTail) {
        NavigableMap<SegmentName, Anatomy> segments = new TreeMap<>();
        Path directory = Path.of(id.toString());
        for (Map.Entry<Path, byte[]> file : files.entrySet()) {
            Optional<SegmentName> name =
                    SegmentName.parseSegmentFile(file.getKey().getFileName().toString());
            if (name.isPresent() && directory.equals(file.getKey().getParent())) {
                segments.put(name.get(), Anatomy.of(file.getValue()).orElseThrow());
            }
        }
        byte[] metadata = files.get(directory.resolve(Names.PARTITION));
        long end = records.isEmpty() ? 0 : records.lastEntry().getValue().endOffset();
        return new Log(
                id,
                records,
                end,
                segments,
                PartitionFile.decode(metadata).value().orElseThrow(),
                hasUndecided,
                behindTornTail);
    }

    long seed() {
        return seed;
    }

    String shape() {
        return shape;
    }

    WalConfig config() {
        return config;
    }

    /** A disk of one's own with this store on it. */
    SimulatedDisk copy() {
        SimulatedDisk copy = disk.copy();
        copy.recordNothing();
        return copy;
    }

    /** All files, relative to the store, with their bytes. */
    NavigableMap<Path, byte[]> files() {
        return files;
    }

    /** What a file held at earlier times. */
    List<byte[]> earlier(Path file) {
        return earlier.getOrDefault(file, List.of());
    }

    Map<PartitionId, Log> logs() {
        return logs;
    }

    List<Path> files(FileKind kind) {
        List<Path> found = new ArrayList<>();
        for (Path file : files.keySet()) {
            if (kindOf(file) == kind) {
                found.add(file);
            }
        }
        return found;
    }

    /** The kind of any file, also of one that is not here. */
    FileKind kindOf(Path file) {
        Optional<SegmentName> active = logOf(file).map(log -> log.segments().lastKey());
        return FileKind.of(file, active);
    }

    /** The partition in whose directory a file lies. */
    Optional<Log> logOf(Path file) {
        return Names.parsePartitionDirectory(file.getName(0).toString()).map(logs::get);
    }

    /** What lies where in a segment. */
    Optional<Anatomy> anatomy(Path file) {
        return logOf(file)
                .flatMap(log -> SegmentName.parseSegmentFile(file.getFileName().toString())
                        .map(log.segments()::get));
    }

    long bytes() {
        return files.values().stream().mapToLong(bytes -> bytes.length).sum();
    }
}
