package dev.tidemark.cli;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Appends as fast as it is let, and says how fast that was. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Appends values to a partition from several threads for some seconds, and prints rate and latency.",
            "The values stay in the partition: take one that is for this."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal bench --data data bench-0",
            "  wal bench --server localhost:7878 bench-0 --producers 64",
            "  wal bench --server localhost:7878 bench-0 --producers 8 --in-flight 256 --json"
        })
final class BenchCommand extends ConsoleCommand {
    /** An append that takes longer is an error. */
    private static final long PATIENCE_SECONDS = 120;

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(paramLabel = "PARTITION", description = "The partition, such as bench-0; made if there is none.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @Option(names = "--producers", paramLabel = "N", description = "How many threads append. Default: 1.")
    private int producers = 1;

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            description = "How many appends of a thread may be under way. Default: 1, it waits for each.")
    private int inFlight = 1;

    @Option(names = "--bytes", paramLabel = "N", description = "How long a value is. Default: 1024.")
    private int bytes = 1024;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long it is measured, after a quarter of that. Default: 4.")
    private int seconds = 4;

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "What an acknowledgement survives: SYNCED, WRITTEN or ACCEPTED. Default: SYNCED.")
    private Durability durability = Durability.SYNCED;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean isJson;

    BenchCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws InterruptedException {
        requireAtLeast(1, "--producers", producers);
        requireAtLeast(1, "--in-flight", inFlight);
        requireAtLeast(0, "--bytes", bytes);
        requireAtLeast(1, "--seconds", seconds);
        try (Logs open = logs.openToWrite()) {
            print(measure(open.partition(partition)));
        }
        return ExitCode.OK;
    }

    private long[] measure(Partition target) throws InterruptedException {
        long began = System.nanoTime();
        long from = began + TimeUnit.MILLISECONDS.toNanos(seconds * 250L);
        long until = from + TimeUnit.SECONDS.toNanos(seconds);
        List<CompletableFuture<long[]>> all = new ArrayList<>();
        for (int i = 0; i < producers; i++) {
            CompletableFuture<long[]> done = new CompletableFuture<>();
            all.add(done);
            Thread thread = new Thread(
                    () -> {
                        try {
                            done.complete(append(target, from, until));
                        } catch (RuntimeException e) {
                            done.completeExceptionally(e);
                        }
                    },
                    "bench-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        List<long[]> latencies = new ArrayList<>();
        for (CompletableFuture<long[]> one : all) {
            latencies.add(awaited(one));
        }
        return latencies.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    }

    private long[] awaited(CompletableFuture<long[]> done) throws InterruptedException {
        try {
            return done.get(seconds * 2L + PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof WalException cause ? cause : new CompletionException(e.getCause());
        } catch (TimeoutException e) {
            throw new CompletionException(e);
        }
    }

    /** The latencies, in nanoseconds, of what was acknowledged in the time that is measured. */
    private long[] append(Partition target, long from, long until) {
        AppendRequest request = AppendRequest.of(new byte[bytes])
                .withDurability(durability)
                .withTimeout(Duration.ofSeconds(PATIENCE_SECONDS));
        ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
        Latencies latencies = new Latencies();
        while (System.nanoTime() < until) {
            long began = System.nanoTime();
            if (inFlight == 1) {
                target.append(request);
                latencies.add(began, System.nanoTime(), from);
                continue;
            }
            underWay.add(new UnderWay(began, target.appendAsync(request)));
            if (underWay.size() == inFlight) {
                UnderWay oldest = underWay.remove();
                settle(oldest);
                latencies.add(oldest.began, System.nanoTime(), from);
            }
        }
        underWay.forEach(BenchCommand::settle);
        return latencies.all();
    }

    private static void settle(UnderWay append) {
        try {
            append.offset.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof WalException cause ? cause : e;
        }
    }

    private record UnderWay(long began, CompletableFuture<Long> offset) {}

    /** Grows as it is filled; of one thread. */
    private static final class Latencies {
        private long[] nanos = new long[1 << 12];
        private int count;

        void add(long began, long ended, long from) {
            if (ended < from) {
                return;
            }
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, count * 2);
            }
            nanos[count++] = ended - began;
        }

        long[] all() {
            return Arrays.copyOf(nanos, count);
        }
    }

    private void print(long[] sorted) {
        double rate = sorted.length / (double) seconds;
        if (isJson) {
            out().line(new Json()
                    .put("appends", sorted.length)
                    .put("appendsPerSecond", Math.round(rate))
                    .put("p50Micros", micros(sorted, 0.5))
                    .put("p99Micros", micros(sorted, 0.99))
                    .put("p999Micros", micros(sorted, 0.999))
                    .toString());
        } else {
            out().line(
                            "%d appends/s of %d bytes, p50 %d us, p99 %d us, p99.9 %d us: producers=%d inFlight=%d durability=%s",
                            Math.round(rate),
                            bytes,
                            micros(sorted, 0.5),
                            micros(sorted, 0.99),
                            micros(sorted, 0.999),
                            producers,
                            inFlight,
                            durability);
        }
    }

    private static long micros(long[] sorted, double quantile) {
        return sorted.length == 0 ? 0 : sorted[(int) (quantile * (sorted.length - 1))] / 1_000;
    }
}
