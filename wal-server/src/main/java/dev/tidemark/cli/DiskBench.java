package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a disk can do, what the log does on it, and how far apart they are. The disk is measured right before the log, with nothing of the log around it.
 *
 * <p><b>Threads.</b> Confined to the thread that runs the command, but for the appends.
 */
final class DiskBench {
    private static final int SMALL_BYTES = 128;
    private static final int BLOCK_BYTES = 4 << 10;
    private static final int LARGE_BYTES = 1 << 20;
    private static final int OVERWRITTEN_BYTES = 1 << 20;

    /**
     * One comparison.
     *
     * @param name what is done
     * @param unit of both numbers
     * @param disk what the disk can do
     * @param log what the log does
     * @param p50Nanos half of the appends took no longer; 0 where there are none
     * @param p99Nanos all but one in a hundred
     */
    record Row(String name, String unit, double disk, double log, long p50Nanos, long p99Nanos) {
        /** How much of the disk the log gets out; more than 1 where several appends share what the disk does. */
        double ratio() {
            return disk > 0 ? log / disk : 0;
        }
    }

    private final Disk disk = Environment.real().disk();
    private final Path directory;
    private final double seconds;
    private final long mostBytes;

    /**
     * In a directory that is there and empty.
     *
     * @param seconds how long each number is measured
     * @param mostBytes no number needs more space
     */
    DiskBench(Path directory, double seconds, long mostBytes) {
        this.directory = directory;
        this.seconds = seconds;
        this.mostBytes = mostBytes;
    }

    /** The forces of a bare disk, for what is said beside the rows. */
    ForceLatency force() throws IOException {
        return ForceLatency.measure(disk, directory.resolve("force.tmp"));
    }

    /** Measures everything, and leaves a store and a file or two behind. */
    List<Row> run() throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        rows.add(appends("1 thread, each append waits, 128 B", 1, 1, SMALL_BYTES));
        rows.add(appends("64 threads, each append waits, 128 B", 64, 1, SMALL_BYTES));
        rows.add(stream("8 threads, 256 appends under way, 1 KiB", 8, 256, 1 << 10));
        rows.add(stream("8 threads, 64 appends under way, 16 KiB", 8, 64, 16 << 10));
        rows.add(reading());
        return rows;
    }

    /** Appends for which the disk's forces count. */
    private Row appends(String name, int producers, int inFlight, int bytes) throws IOException, InterruptedException {
        double forces = forcesPerSecond(bytes);
        BenchLoad.Outcome outcome = log(new BenchLoad(producers, inFlight, bytes, Durability.SYNCED));
        return new Row(name, "/s", forces, outcome.perSecond(), outcome.nanos(0.5), outcome.nanos(0.99));
    }

    /** Appends for which the disk's bandwidth counts. */
    private Row stream(String name, int producers, int inFlight, int bytes) throws IOException, InterruptedException {
        double written = writtenPerSecond();
        BenchLoad.Outcome outcome = log(new BenchLoad(producers, inFlight, bytes, Durability.SYNCED));
        return new Row(
                name,
                "MB/s",
                written / 1e6,
                outcome.perSecond() * bytes / 1e6,
                outcome.nanos(0.5),
                outcome.nanos(0.99));
    }

    private BenchLoad.Outcome log(BenchLoad load) throws InterruptedException {
        try (Wal wal = open()) {
            LocalPartition partition = wal.partition("bench", 0);
            load.run(partition, seconds / 4, mostBytes / 4);
            BenchLoad.Outcome outcome = load.run(partition, seconds, mostBytes);
            // The next row needs the space.
            partition.rotate();
            partition.trimTo(partition.ends().durable());
            return outcome;
        }
    }

    private Wal open() {
        return Wal.open(WalConfig.of(directory.resolve("data")));
    }

    /** Writes of so many bytes over space that was written before, and a force behind each. */
    private double forcesPerSecond(int bytes) throws IOException {
        Path path = directory.resolve("forces.tmp");
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.allocateDirect(OVERWRITTEN_BYTES), 0);
            file.force(true);
            ByteBuffer block = ByteBuffer.allocateDirect(bytes);
            long began = System.nanoTime();
            long until = began + (long) (seconds * 1e9);
            long forces = 0;
            long now = began;
            while (now < until) {
                block.clear().putLong(0, forces);
                file.writeFully(block, forces * bytes % (OVERWRITTEN_BYTES - BLOCK_BYTES));
                file.force(false);
                forces++;
                now = System.nanoTime();
            }
            return forces / ((now - began) / 1e9);
        } finally {
            deleteIfThere(path);
        }
    }

    /** Bytes in pieces of 1 MiB, each with a force, into a file that grows. */
    private double writtenPerSecond() throws IOException {
        Path path = directory.resolve("stream.tmp");
        try (DiskFile file = disk.create(path)) {
            ByteBuffer piece = ByteBuffer.allocateDirect(LARGE_BYTES);
            long began = System.nanoTime();
            long until = began + (long) (seconds * 1e9);
            long bytes = 0;
            long now = began;
            while (now < until && bytes < mostBytes) {
                piece.clear().putLong(0, bytes);
                file.writeFully(piece, bytes);
                file.force(false);
                bytes += LARGE_BYTES;
                now = System.nanoTime();
            }
            return bytes / ((now - began) / 1e9);
        } finally {
            deleteIfThere(path);
        }
    }

    /** A log read from its start, with every checksum tested, and the same bytes read without a look at them. Both are in memory: it was written just now. */
    private Row reading() throws IOException, InterruptedException {
        long bytes = Math.max(LARGE_BYTES, mostBytes / 4);
        try (Wal wal = open()) {
            LocalPartition partition = wal.partition("bench", 0);
            new BenchLoad(4, 64, 1 << 10, Durability.WRITTEN).run(partition, seconds * 2, bytes);
            partition.sync();
            double read = rawBytesRead(partition);
            long values = 0;
            long began = System.nanoTime();
            long until = began + (long) (seconds * 1e9);
            do {
                try (Cursor cursor = partition.read(From.start())) {
                    while (cursor.next()) {
                        values += cursor.buffer().remaining();
                    }
                }
            } while (System.nanoTime() < until);
            double logged = values / ((System.nanoTime() - began) / 1e9);
            return new Row("reading, 1 KiB, checksums tested", "MB/s", read / 1e6, logged / 1e6, 0, 0);
        }
    }

    private double rawBytesRead(LocalPartition partition) throws IOException {
        Path newest = directory
                .resolve("data")
                .resolve(partition.id().toString())
                .resolve(partition.describe().segments().get(0).file());
        long size = partition.describe().segments().get(0).usedBytes();
        try (DiskFile file = disk.open(newest, Disk.Access.READ)) {
            ByteBuffer piece = ByteBuffer.allocateDirect(LARGE_BYTES);
            long bytes = 0;
            long began = System.nanoTime();
            long until = began + (long) (seconds * 1e9 / 2);
            do {
                for (long at = 0; at < size; at += LARGE_BYTES) {
                    bytes += file.readFully(piece.clear(), at);
                }
            } while (System.nanoTime() < until);
            return bytes / ((System.nanoTime() - began) / 1e9);
        }
    }

    private void deleteIfThere(Path path) throws IOException {
        if (disk.exists(path)) {
            disk.delete(path);
        }
    }
}
