package dev.tidemark.crashtest;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Tidemark: one partition, durable appends from four threads, small segments so that they change all the time. */
public final class TidemarkAdapter implements DiskLogAdapter {
    private static final int THREADS = 4;

    /** As the crash tester makes it. */
    public TidemarkAdapter() {}

    @Override
    public int threads() {
        return THREADS;
    }

    @Override
    public TestedLog open(Path directory, Disk disk) {
        WalConfig config = WalConfig.builder(directory)
                .segmentBytes(64 << 10)
                .reserveBytes(64 << 10)
                .flusherThreads(1)
                .recoveryThreads(1)
                .build();
        Engine engine = Engine.open(config, Environment.real().withDisk(disk));
        try {
            return new OpenStore(engine, engine.partition(new PartitionId("crash-test", 0)));
        } catch (RuntimeException | Error e) {
            closeAfter(engine, e);
            throw e;
        }
    }

    private static void closeAfter(Engine engine, Throwable failure) {
        try {
            engine.close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private record OpenStore(Engine engine, LocalPartition partition) implements TestedLog {

        @Override
        public void append(byte[] record) {
            partition.append(record);
        }

        @Override
        public void read(Consumer<byte[]> records) {
            try (Cursor cursor = partition.read(From.start())) {
                while (cursor.next()) {
                    records.accept(cursor.value());
                }
            }
        }

        @Override
        public void close() {
            engine.close();
        }
    }
}
