package dev.tidemark.cli;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the id of a segment whose own header is bad: {@code PARTITION} knows the newest one's, a successor that of the one before it. */
final class LostSegmentId {
    private final Disk disk;

    LostSegmentId(Disk disk) {
        this.disk = disk;
    }

    /** The id of this segment, or 0 when nobody knows it. */
    long of(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Optional<SegmentName> name =
                SegmentName.parseSegmentFile(file.getFileName().toString());
        if (name.isEmpty() || directory == null) {
            return 0;
        }
        for (DiskEntry entry : disk.list(directory)) {
            long id = 0;
            if (entry.name().equals(Names.PARTITION)) {
                id = accordingToPartition(directory.resolve(entry.name()), name.get());
            } else if (SegmentName.parseSegmentFile(entry.name()).isPresent()) {
                id = accordingToSuccessor(directory.resolve(entry.name()), name.get());
            }
            if (id != 0) {
                return id;
            }
        }
        return 0;
    }

    private long accordingToPartition(Path file, SegmentName wanted) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(read(file, PartitionFile.MAX_BYTES));
        return PartitionFile.decode(bytes.array())
                .value()
                .map(PartitionFile::active)
                .filter(active -> active.name().equals(wanted))
                .map(active -> active.segmentId())
                .orElse(0L);
    }

    private long accordingToSuccessor(Path file, SegmentName wanted) throws IOException {
        byte[] header = read(file, SegmentHeader.BYTES);
        return SegmentHeader.decode(ByteBuffer.wrap(header), 0, header.length)
                .value()
                .flatMap(SegmentHeader::predecessor)
                .filter(end -> end.name().equals(wanted))
                .map(SegmentEnd::segmentId)
                .orElse(0L);
    }

    private byte[] read(Path path, int maxBytes) throws IOException {
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(maxBytes, file.size()));
            int read = file.readFully(bytes, 0);
            byte[] all = new byte[read];
            bytes.flip().get(all);
            return all;
        }
    }
}
