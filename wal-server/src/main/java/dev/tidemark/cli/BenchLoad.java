package dev.tidemark.cli;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
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

/**
 * Appends from several threads, as fast as they are let.
 *
 * @param producers how many threads
 * @param inFlight how many appends of each are under way; with 1 it waits for each
 * @param bytes how long a value is
 * @param durability what an acknowledgement survives
 */
record BenchLoad(int producers, int inFlight, int bytes, Durability durability) {
    /** An append that takes longer is an error. */
    private static final long PATIENCE_SECONDS = 120;

    /** What was acknowledged, and how long each append took. */
    static final class Outcome {
        private final double seconds;
        private final long[] sortedNanos;

        private Outcome(double seconds, long[] sortedNanos) {
            this.seconds = seconds;
            this.sortedNanos = sortedNanos;
        }

        long appends() {
            return sortedNanos.length;
        }

        double perSecond() {
            return sortedNanos.length / seconds;
        }

        /** So long took this part of them, or less. */
        long nanos(double quantile) {
            return sortedNanos.length == 0 ? 0 : sortedNanos[(int) (quantile * (sortedNanos.length - 1))];
        }
    }

    /**
     * Appends for that time, or until so many bytes are appended in all.
     *
     * @throws WalException of the first append that failed
     */
    Outcome run(Partition target, double seconds, long mostBytes) throws InterruptedException {
        long began = System.nanoTime();
        long until = began + (long) (seconds * 1e9);
        long mostAppends = Math.max(1, mostBytes / Math.max(1, bytes) / producers);
        List<CompletableFuture<Latencies>> all = new ArrayList<>();
        for (int i = 0; i < producers; i++) {
            CompletableFuture<Latencies> done = new CompletableFuture<>();
            all.add(done);
            Thread thread = new Thread(
                    () -> {
                        try {
                            done.complete(append(target, began, until, mostAppends));
                        } catch (RuntimeException | Error e) {
                            done.completeExceptionally(e);
                        }
                    },
                    "bench-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        List<Latencies> latencies = new ArrayList<>();
        for (CompletableFuture<Latencies> one : all) {
            latencies.add(awaited(one, seconds));
        }
        long last = latencies.stream().mapToLong(one -> one.last).max().orElse(began);
        long[] sorted = latencies.stream()
                .flatMapToLong(one -> Arrays.stream(one.all()))
                .sorted()
                .toArray();
        return new Outcome(Math.max(1, last - began) / 1e9, sorted);
    }

    private static Latencies awaited(CompletableFuture<Latencies> done, double seconds) throws InterruptedException {
        try {
            return done.get((long) (seconds * 2) + PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof WalException cause ? cause : new CompletionException(e.getCause());
        } catch (TimeoutException e) {
            throw new CompletionException(e);
        }
    }

    private Latencies append(Partition target, long began, long until, long mostAppends) {
        AppendRequest request = AppendRequest.of(new byte[bytes])
                .withDurability(durability)
                .withTimeout(Duration.ofSeconds(PATIENCE_SECONDS));
        ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
        Latencies latencies = new Latencies(began);
        for (long appends = 0; appends < mostAppends && System.nanoTime() < until; appends++) {
            long start = System.nanoTime();
            if (inFlight == 1) {
                target.append(request);
                latencies.add(start, System.nanoTime());
                continue;
            }
            underWay.add(new UnderWay(start, target.appendAsync(request)));
            if (underWay.size() == inFlight) {
                latencies.settle(underWay.remove());
            }
        }
        while (!underWay.isEmpty()) {
            latencies.settle(underWay.remove());
        }
        return latencies;
    }

    private static void join(UnderWay append) {
        try {
            append.offset.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof WalException cause ? cause : e;
        }
    }

    private record UnderWay(long start, CompletableFuture<Long> offset) {}

    /** Grows as it is filled; of one thread. */
    private static final class Latencies {
        private long[] nanos = new long[1 << 12];
        private int count;
        private long last;

        Latencies(long began) {
            this.last = began;
        }

        void settle(UnderWay append) {
            join(append);
            add(append.start, System.nanoTime());
        }

        void add(long began, long ended) {
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, count * 2);
            }
            nanos[count++] = ended - began;
            last = ended;
        }

        long[] all() {
            return Arrays.copyOf(nanos, count);
        }
    }
}
