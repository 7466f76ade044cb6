package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The names in a partition's directory, sorted by what they mean. Files with other names are somebody else's and left alone.
 *
 * @param segments by epoch, with the size of the file
 * @param temporaries unfinished files of ours
 */
record PartitionListing(NavigableMap<SegmentName, Long> segments, List<String> temporaries) {

    static PartitionListing read(Disk disk, Path directory) throws IOException {
        NavigableMap<SegmentName, Long> segments = new TreeMap<>();
        List<String> temporaries = new ArrayList<>();
        for (DiskEntry entry : disk.list(directory)) {
            Optional<SegmentName> segment = SegmentName.parseSegmentFile(entry.name());
            if (entry.directory()) {
                continue;
            }
            if (segment.isPresent()) {
                segments.put(segment.get(), entry.sizeBytes());
            } else if (Names.isTemporary(entry.name())) {
                temporaries.add(entry.name());
            }
        }
        return new PartitionListing(segments, temporaries);
    }

    /** Whether there are the same segments, whatever their sizes. */
    boolean hasSegmentsOf(PartitionListing other) {
        return segments.keySet().equals(other.segments.keySet());
    }
}
