package dev.tidemark.cli;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * What this disk takes to make 4 KiB durable, with nothing of ours around it: a write over space that was written before, and a force. No durable append
 * can be faster.
 *
 * @param medianNanos half of them took less
 * @param p99Nanos all but one in a hundred took less
 */
record ForceLatency(long medianNanos, long p99Nanos) {
    static final int ROUNDS = 200;
    private static final int BLOCK_BYTES = 4096;
    private static final int FILE_BYTES = 1 << 20;

    /** Measures in a file of its own, which is deleted again. */
    static ForceLatency measure(Disk disk, Path path) throws IOException {
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.allocateDirect(FILE_BYTES), 0);
            file.force(true);
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
            LongList nanos = new LongList();
            for (int i = 0; i < ROUNDS; i++) {
                block.clear().putInt(0, i);
                long startedNanos = System.nanoTime();
                file.writeFully(block, (long) i * BLOCK_BYTES % FILE_BYTES);
                file.force(false);
                nanos.add(System.nanoTime() - startedNanos);
            }
            return new ForceLatency(nanos.quantile(0.5), nanos.quantile(0.99));
        } finally {
            if (disk.exists(path)) {
                disk.delete(path);
            }
        }
    }
}
