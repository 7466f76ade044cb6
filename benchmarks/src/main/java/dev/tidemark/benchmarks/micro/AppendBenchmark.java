package dev.tidemark.benchmarks.micro;

import dev.tidemark.benchmarks.Scratch;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Appends on a disk that takes every write and does nothing with it: the engine's own cost of an append, with one caller, and how rounds are handed
 * over between callers that wait beside each other.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AppendBenchmark {
    private static final int PIPELINED = 256;

    /** How long a value is. */
    @Param({"128", "1024", "16384"})
    private int payloadBytes;

    private byte[] payload = {};
    private @Nullable Scratch scratch;
    private @Nullable Engine engine;
    private @Nullable LocalPartition partition;

    /** A store with one partition. */
    @Setup
    public void open() throws IOException {
        payload = new byte[payloadBytes];
        Scratch directory = Scratch.ofThisProcess();
        scratch = directory;
        Environment real = Environment.real();
        Engine opened = Engine.open(
                WalConfig.builder(directory.directory().resolve("data")).build(),
                real.withDisk(new DiskWithoutWrites(real.disk())));
        engine = opened;
        partition = opened.partition(new PartitionId("bench", 0));
    }

    /** Takes it away. */
    @TearDown
    public void close() throws IOException {
        Objects.requireNonNull(engine).close();
        Objects.requireNonNull(scratch).close();
    }

    private LocalPartition partition() {
        return Objects.requireNonNull(partition);
    }

    /** A lone caller that waits: it leads every round itself. */
    @Benchmark
    @Threads(1)
    public long lone() {
        return partition().append(payload);
    }

    /** Eight callers that wait: a round is led by one of them, and wakes the others. */
    @Benchmark
    @Threads(8)
    public long eightThatWait() {
        return partition().append(payload);
    }

    /** One caller with 256 under way; the time is that of one append. */
    @Benchmark
    @Threads(1)
    @OperationsPerInvocation(PIPELINED)
    public long pipelined() {
        LocalPartition target = partition();
        Appended last = target.enqueue(payload);
        for (int i = 1; i < PIPELINED; i++) {
            last = target.enqueue(payload);
        }
        return last.durable().toCompletableFuture().join();
    }
}
