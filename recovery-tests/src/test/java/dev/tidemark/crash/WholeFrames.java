package dev.tidemark.crash;

import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** Which records a damage has left whole: compared byte by byte with the files before, in segments whose header is what it was. */
final class WholeFrames {
    private WholeFrames() {}

    /** The first offsets of the frames of a partition that are in the one disk as in the other. */
    static Set<Long> of(SimulatedDisk before, SimulatedDisk after, Path partition) {
        Set<Long> whole = new TreeSet<>();
        for (Path file : before.files()) {
            if (partition.equals(file.getParent())
                    && file.toString().endsWith(".seg")
                    && after.files().contains(file)) {
                try {
                    add(before, file, after.contents(file), whole);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return whole;
    }

    private static void add(SimulatedDisk before, Path file, byte[] now, Set<Long> whole) throws IOException {
        byte[] was = before.contents(file);
        if (now.length < SegmentHeader.BYTES
                || !Arrays.equals(was, 0, SegmentHeader.BYTES, now, 0, SegmentHeader.BYTES)) {
            return;
        }
        SegmentHeader header = SegmentHeader.decode(ByteBuffer.wrap(was), 0, was.length)
                .value()
                .orElseThrow();
        try (DiskFile open = before.open(file, Disk.Access.READ)) {
            SegmentScan scan =
                    new SegmentScan(open, header.salt(), ByteBuffer.allocateDirect(64 << 10), Long.MAX_VALUE);
            scan.walk(header.name().baseOffset(), new TotalsCounter(SegmentTotals.none(header.segmentId())), frame -> {
                int from = Math.toIntExact(frame.position());
                int to = Math.toIntExact(frame.endPosition());
                boolean isWhole = to <= now.length && Arrays.equals(was, from, to, now, from, to);
                if (frame.count() > 0 && isWhole) {
                    whole.add(frame.offset());
                }
            });
        }
    }
}
