package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Makes appends of all shapes and sizes; some of them hold frames of the log they go to. */
public final class Payloads {
    private final SimulatedDisk disk;
    private final RandomGenerator random;
    private final int largestBytes;

    public Payloads(SimulatedDisk disk, RandomGenerator random, int largestBytes) {
        this.disk = disk;
        this.random = random;
        this.largestBytes = largestBytes;
    }

    public AppendRequest next(Durability durability, Path directory) {
        int shape = random.nextInt(100);
        if (shape < 55) {
            return AppendRequest.of(value(directory)).withDurability(durability);
        }
        if (shape < 75) {
            return AppendRequest.opaque(value(directory), 1 + random.nextInt(20))
                    .withDurability(durability);
        }
        return AppendRequest.of(records()).withDurability(durability);
    }

    private byte[] value(Path directory) {
        if (random.nextInt(100) < 8) {
            return framesOfThisLog(directory);
        }
        byte[] value = new byte[size()];
        random.nextBytes(value);
        return value;
    }

    private int size() {
        int kind = random.nextInt(100);
        int bound = kind < 5 ? 1 : kind < 60 ? 200 : kind < 90 ? 3_000 : largestBytes;
        return random.nextInt(bound);
    }

    /** What a copy of a log inside a log looks like: recovery must not take the frames in it for frames. */
    private byte[] framesOfThisLog(Path directory) {
        byte[] segment = oneOfTheSegments(directory);
        if (segment.length == 0) {
            return segment;
        }
        int from = Math.min(4096, segment.length);
        int length = Math.min(segment.length - from, random.nextInt(Math.min(4_000, largestBytes)));
        byte[] value = new byte[length];
        System.arraycopy(segment, from, value, 0, length);
        return value;
    }

    /**
     * The bytes of a segment, or none if there is no segment.
     *
     * <p><b>Threads.</b> Another thread may delete what this one has chosen; the disk's own lock keeps it until it has been read.
     */
    private byte[] oneOfTheSegments(Path directory) {
        synchronized (disk) {
            List<Path> segments = disk.files().stream()
                    .filter(file -> directory.equals(file.getParent())
                            && file.toString().endsWith(".seg"))
                    .toList();
            return segments.isEmpty() ? new byte[0] : disk.contents(segments.get(random.nextInt(segments.size())));
        }
    }

    private List<WalRecord> records() {
        int count = 1 + random.nextInt(random.nextInt(100) < 80 ? 5 : 40);
        List<WalRecord> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] value = new byte[random.nextInt(random.nextInt(100) < 90 ? 60 : 250)];
            random.nextBytes(value);
            WalRecord record = random.nextBoolean()
                    ? WalRecord.of(value)
                    : WalRecord.of(
                            ("key" + random.nextInt(10)).getBytes(java.nio.charset.StandardCharsets.UTF_8), value);
            if (random.nextInt(5) == 0) {
                record = record.withHeaders(List.of(Header.of("trace", new byte[] {(byte) i})));
            }
            if (random.nextInt(5) == 0) {
                record = record.withTimestamp(random.nextLong(1L << 45));
            }
            records.add(record);
        }
        return records;
    }
}
