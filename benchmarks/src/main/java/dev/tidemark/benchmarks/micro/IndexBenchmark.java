package dev.tidemark.benchmarks.micro;

import dev.tidemark.wal.segment.SparseIndex;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/** Where a reader begins: a lookup by offset and by time, in an index of a segment that is full. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class IndexBenchmark {
    private static final int INTERVAL_BYTES = 4096;

    /** How many entries: those of 1 MiB, 64 MiB and 1 GiB of log. */
    @Param({"256", "16384", "262144"})
    private int entries;

    private final SparseIndex index = new SparseIndex();
    private final SplittableRandom random = new SplittableRandom(1);

    /** One frame for each entry. */
    @Setup
    public void fill() {
        for (int i = 0; i < entries; i++) {
            index.add(i, SparseIndex.FIRST_FRAME + (long) i * INTERVAL_BYTES, i);
        }
        if (index.size() != entries) {
            throw new IllegalStateException("the index has " + index.size() + " entries, not " + entries);
        }
    }

    /** By offset, anywhere. */
    @Benchmark
    public SparseIndex.Place byOffset() {
        return index.floor(random.nextInt(entries));
    }

    /** By time, anywhere. */
    @Benchmark
    public SparseIndex.Place byTime() {
        return index.floorByTime(random.nextInt(entries), entries);
    }
}
