package dev.tidemark.contract;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;
import java.time.Duration;

/** Partitions of a store in this process. */
final class EmbeddedPartitions implements PartitionSource {
    private final Wal wal;

    EmbeddedPartitions(Path directory) {
        wal = Wal.open(config(directory));
    }

    /** Small, and patient enough for a slow machine. */
    static WalConfig config(Path directory) {
        return WalConfig.builder(directory.resolve("data"))
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 20)
                .appendTimeout(Duration.ofSeconds(60))
                .build();
    }

    @Override
    public Partition partition(String name, int number) {
        return wal.partition(name, number);
    }

    @Override
    public void delete(String name, int number) {
        wal.deletePartition(name, number);
    }

    @Override
    public void close() {
        wal.close();
    }
}
