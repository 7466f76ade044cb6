package dev.tidemark.benchmarks.micro;

import dev.tidemark.benchmarks.Scratch;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reading a log that lies in the page cache: entry after entry, and one entry somewhere. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CursorBenchmark {
    private static final int LOG_BYTES = 64 << 20;

    /** How long a value is. */
    @Param({"128", "1024", "16384"})
    private int payloadBytes;

    private final SplittableRandom random = new SplittableRandom(1);
    private long records;
    private @Nullable Scratch scratch;
    private @Nullable Wal wal;
    private @Nullable LocalPartition partition;
    private @Nullable Cursor cursor;

    /** A partition of 64 MiB. */
    @Setup
    public void fill() throws IOException {
        Scratch directory = Scratch.ofThisProcess();
        scratch = directory;
        Wal opened = Wal.open(WalConfig.builder(directory.directory().resolve("data"))
                .defaultDurability(Durability.WRITTEN)
                .build());
        wal = opened;
        LocalPartition filled = opened.partition("bench", 0);
        partition = filled;
        byte[] payload = new byte[payloadBytes];
        random.nextBytes(payload);
        records = LOG_BYTES / payloadBytes;
        for (long i = 0; i < records; i++) {
            filled.enqueue(payload);
        }
        filled.sync();
    }

    /** Takes it away. */
    @TearDown
    public void close() throws IOException {
        Cursor last = cursor;
        if (last != null) {
            last.close();
        }
        Objects.requireNonNull(wal).close();
        Objects.requireNonNull(scratch).close();
    }

    /** The next entry, from the start again behind the last. */
    @Benchmark
    public int next() {
        Cursor reading = cursor;
        if (reading == null || !reading.next()) {
            if (reading != null) {
                reading.close();
            }
            reading = Objects.requireNonNull(partition).read(From.start());
            cursor = reading;
            if (!reading.next()) {
                throw new IllegalStateException("the log is empty");
            }
        }
        return reading.buffer().remaining();
    }

    /** A cursor somewhere, one entry, and closed. */
    @Benchmark
    public long one() {
        long offset = random.nextLong(records);
        try (Cursor reading = Objects.requireNonNull(partition).read(From.offset(offset))) {
            if (!reading.next()) {
                throw new IllegalStateException("no entry at " + offset);
            }
            return reading.offset();
        }
    }
}
