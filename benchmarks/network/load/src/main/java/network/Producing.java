package network;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Some threads that append, each with so many appends under way at a time; with one, it waits for each. */
final class Producing implements Load.Phase {
    /** A phase begins with a part that is not counted: threads start, and a pause of the other side has let processors sleep. */
    private static final int LEAD_PART = 8;

    private final int threads;
    private final int window;
    private final byte[] value;

    Producing(int threads, int window, int size) {
        this.threads = threads;
        this.window = window;
        value = new byte[size];
        new SplittableRandom(7).nextBytes(value);
    }

    @Override
    public Measured run(Side side, long nanos) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        long from = System.nanoTime() + nanos / LEAD_PART;
        long until = from + nanos;
        try {
            List<Future<Histogram>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> append(side, from, until)));
            }
            TimeUnit.NANOSECONDS.sleep(from - System.nanoTime());
            long serverCpu = Cpu.nanosOf(side.serverPid());
            long ownCpu = Cpu.ownNanos();
            TimeUnit.NANOSECONDS.sleep(until - System.nanoTime());
            serverCpu = Cpu.nanosOf(side.serverPid()) - serverCpu;
            ownCpu = Cpu.ownNanos() - ownCpu;
            Histogram latencies = new Histogram(3);
            for (Future<Histogram> one : all) {
                latencies.add(one.get(Side.PATIENCE_SECONDS, TimeUnit.SECONDS));
            }
            double appends = Math.max(1, latencies.getTotalCount());
            return new Measured(
                    side.name(),
                    appends / (nanos / 1e9),
                    latencies.getValueAtPercentile(50) / 1e3,
                    latencies.getValueAtPercentile(99) / 1e3,
                    serverCpu / 1e3 / appends,
                    ownCpu / 1e3 / appends);
        } finally {
            pool.shutdownNow();
        }
    }

    private Histogram append(Side side, long from, long until) throws Exception {
        Histogram latencies = new Histogram(3);
        if (window == 1) {
            for (long began = System.nanoTime(); began < until; ) {
                side.append(value);
                long ended = System.nanoTime();
                count(latencies, began, ended, from, until);
                began = ended;
            }
            return latencies;
        }
        ArrayDeque<Side.Ack> underWay = new ArrayDeque<>();
        ArrayDeque<Long> begins = new ArrayDeque<>();
        while (System.nanoTime() < until) {
            begins.add(System.nanoTime());
            underWay.add(side.send(value));
            if (underWay.size() == window) {
                underWay.remove().await();
                count(latencies, begins.remove(), System.nanoTime(), from, until);
            }
        }
        for (Side.Ack late : underWay) {
            late.await();
        }
        return latencies;
    }

    /** Of what ended in the time that is measured. */
    private static void count(Histogram latencies, long began, long ended, long from, long until) {
        if (ended >= from && ended < until) {
            latencies.recordValue(ended - began);
        }
    }
}
