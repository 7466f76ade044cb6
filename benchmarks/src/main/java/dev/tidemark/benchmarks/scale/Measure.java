package dev.tidemark.benchmarks.scale;

import dev.tidemark.benchmarks.JsonLine;
import dev.tidemark.benchmarks.Machine;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * One process of {@link Scale}: opens a store, measures it, and prints each result as a line that begins with {@link #RESULT}. A fresh process for each
 * point, so that none has code that was compiled for another.
 */
public final class Measure {
    static final String RESULT = "RESULT ";
    /** The process may be killed now. */
    static final String READY = "READY";

    private static final double[] SHARES = {0.1, 0.5, 0.9};
    private static final Duration READER_PATIENCE = Duration.ofMillis(20);

    private final Point point;
    private final Path data;
    private final double seconds;
    private final long mostBytes;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final long processBegan = System.nanoTime();

    private Measure(Map<String, String> arguments) {
        point = Point.of(arguments);
        data = Path.of(required(arguments, "data"));
        seconds = Double.parseDouble(required(arguments, "seconds"));
        mostBytes = Long.parseLong(required(arguments, "mostBytes"));
        // Only what is read here: every other meter would cost the appends something.
        meters.config().meterFilter(MeterFilter.denyUnless(Measure::isRead));
    }

    private static boolean isRead(Meter.Id id) {
        return id.getName().equals("wal.force");
    }

    private static String required(Map<String, String> arguments, String name) {
        String value = arguments.get(name);
        if (value == null) {
            throw new IllegalArgumentException("missing: " + name);
        }
        return value;
    }

    /** Started by {@link Scale}, with the arguments of a point and where, how long and how much. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> arguments = new HashMap<>();
        for (String argument : args) {
            int at = argument.indexOf('=');
            arguments.put(argument.substring(0, at), argument.substring(at + 1));
        }
        Measure measure = new Measure(arguments);
        switch (required(arguments, "step")) {
            case "load" -> measure.load();
            case "fill" -> measure.fill();
            case "warm" -> measure.read("warm");
            case "cold" -> measure.read("cold");
            case "untilKilled" -> measure.appendUntilKilled();
            case "afterKill" -> measure.afterKill();
            case "trim" -> measure.trim();
            default -> throw new IllegalArgumentException("no such step: " + arguments.get("step"));
        }
    }

    // ---------------------------------------------------------------- the steps

    /** As fast as it goes, then at shares of that. */
    private void load() throws IOException, InterruptedException {
        try (Wal wal = open()) {
            LocalPartition[] partitions = partitions(wal);
            List<Reader> readers = new ArrayList<>();
            for (int i = 0; i < point.readers(); i++) {
                readers.add(new Reader(partitions[i % partitions.length]));
            }
            readers.forEach(Thread::start);
            Load load = new Load(partitions, point);
            load.run(seconds / 2, mostBytes / 4, 0);
            makeRoom(partitions);
            double most = measured(load, "max", 0, readers);
            for (double share : SHARES) {
                makeRoom(partitions);
                measured(load, Math.round(share * 100) + "%", share * most, readers);
            }
            for (Reader reader : readers) {
                reader.end();
            }
        }
    }

    private double measured(Load load, String name, double perSecond, List<Reader> readers)
            throws IOException, InterruptedException {
        JsonLine line = new JsonLine();
        Machine.putFacts(line, data);
        System.gc();
        long readBefore = readSoFar(readers);
        Counters before = Counters.now(meters, data);
        Load.Outcome outcome = load.run(seconds, mostBytes / 4, perSecond);
        Counters after = Counters.now(meters, data);
        line.put("load", name).put("rate", perSecond);
        putOutcome(line, outcome);
        after.putCosts(line, before, outcome, outcome.appends() * point.payloadBytes());
        if (!readers.isEmpty()) {
            line.put("reads_s", (readSoFar(readers) - readBefore) / outcome.seconds());
        }
        print(line);
        return outcome.perSecond();
    }

    private void putOutcome(JsonLine line, Load.Outcome outcome) {
        line.put("appends", outcome.appends()).put("secs", outcome.seconds());
        line.put("appends_s", outcome.perSecond());
        line.put("mb_s", outcome.perSecond() * point.payloadBytes() / 1e6);
        putLatencies(line, outcome.latencies());
    }

    private static void putLatencies(JsonLine line, Histogram latencies) {
        line.put("p50_us", latencies.getValueAtPercentile(50) / 1e3);
        line.put("p99_us", latencies.getValueAtPercentile(99) / 1e3);
        line.put("p999_us", latencies.getValueAtPercentile(99.9) / 1e3);
        line.put("max_us", latencies.getMaxValue() / 1e3);
    }

    /** Appends until the log holds what the point asks for, measures appends there, and closes. */
    private void fill() throws IOException, InterruptedException {
        Wal wal = open();
        LocalPartition partition = partitions(wal)[0];
        Point large = new Point("", 64 << 10, 4, 64, 1, 0, 0);
        long wanted = (long) point.sizeGib() << 30;
        long present = partition.describe().fileBytes();
        if (present < wanted) {
            new Load(new LocalPartition[] {partition}, large).run(3600, wanted - present, 0);
        }
        Load load = new Load(new LocalPartition[] {partition}, point);
        load.run(seconds / 2, mostBytes / 8, 0);
        JsonLine line = new JsonLine();
        Machine.putFacts(line, data);
        Counters before = Counters.now(meters, data);
        Load.Outcome outcome = load.run(seconds, mostBytes / 8, 0);
        Counters after = Counters.now(meters, data);
        line.put("load", "filled");
        putOutcome(line, outcome);
        after.putCosts(line, before, outcome, outcome.appends() * point.payloadBytes());
        long began = System.nanoTime();
        wal.close();
        line.put("close_ms", (System.nanoTime() - began) / 1e6);
        print(line);
    }

    /** Opens after a clean close, reads from the start for a while, then anywhere. */
    private void read(String name) throws IOException {
        JsonLine line = new JsonLine();
        Machine.putFacts(line, data);
        long began = System.nanoTime();
        try (Wal wal = open()) {
            line.put("load", name).put("open_ms", (System.nanoTime() - began) / 1e6);
            LocalPartition partition = partitions(wal)[0];
            readInOrder(partition, line);
            readAnywhere(partition, line);
        }
        print(line);
    }

    private void readInOrder(LocalPartition partition, JsonLine line) {
        long began = System.nanoTime();
        long until = began + (long) (seconds * 1e9);
        long bytes = 0;
        long records = 0;
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                bytes += cursor.buffer().remaining();
                records++;
                if ((records & 63) == 0 && System.nanoTime() > until) {
                    break;
                }
            }
        }
        double took = (System.nanoTime() - began) / 1e9;
        line.put("read_mb_s", bytes / 1e6 / took).put("records_s", records / took);
    }

    private void readAnywhere(LocalPartition partition, JsonLine line) {
        Histogram latencies = new Histogram(3);
        SplittableRandom random = new SplittableRandom(point.sizeGib());
        long start = partition.ends().start();
        long end = partition.ends().readable();
        long began = System.nanoTime();
        long until = began + (long) (seconds * 1e9);
        long last = began;
        while (last < until) {
            try (Cursor cursor = partition.read(From.offset(random.nextLong(start, end)))) {
                if (!cursor.next()) {
                    throw new IllegalStateException("nothing at an offset below the end");
                }
            }
            long now = System.nanoTime();
            latencies.recordValue(now - last);
            last = now;
        }
        line.put("random_s", latencies.getTotalCount() / ((last - began) / 1e9));
        line.put("random_p50_us", latencies.getValueAtPercentile(50) / 1e3);
        line.put("random_p99_us", latencies.getValueAtPercentile(99) / 1e3);
    }

    /** Appends until the process is killed; says when that may happen. */
    private void appendUntilKilled() throws InterruptedException {
        try (Wal wal = open()) {
            LocalPartition[] partitions = partitions(wal);
            Load load = new Load(partitions, point);
            load.run(0.5, mostBytes / 16, 0);
            System.out.println(READY);
            System.out.flush();
            load.run(600, mostBytes / 4, 0);
        }
    }

    private void afterKill() throws IOException {
        JsonLine line = new JsonLine();
        Machine.putFacts(line, data);
        long began = System.nanoTime();
        try (Wal wal = open()) {
            partitions(wal)[0].append(new byte[point.payloadBytes()]);
            line.put("load", "killed").put("open_ms", (System.nanoTime() - began) / 1e6);
            line.put("process_ms", (System.nanoTime() - processBegan) / 1e6);
            line.put(
                    "scanned_mb",
                    wal.recovery().partitions().stream()
                                    .mapToLong(partition -> partition.scannedBytes())
                                    .sum()
                            / 1e6);
        }
        print(line);
    }

    /** Appends while the old end is taken away, a hundredth at a time. */
    private void trim() throws IOException, InterruptedException {
        try (Wal wal = open()) {
            LocalPartition partition = partitions(wal)[0];
            Load load = new Load(new LocalPartition[] {partition}, point);
            load.run(seconds / 2, mostBytes / 8, 0);
            JsonLine line = new JsonLine();
            Machine.putFacts(line, data);
            AtomicBoolean isOver = new AtomicBoolean();
            Thread trimmer = new Thread(() -> trimAlong(partition, isOver), "trimmer");
            trimmer.setDaemon(true);
            trimmer.start();
            Counters before = Counters.now(meters, data);
            Load.Outcome outcome = load.run(seconds, mostBytes / 8, 0);
            Counters after = Counters.now(meters, data);
            isOver.set(true);
            trimmer.join(60_000);
            line.put("load", "trimming");
            putOutcome(line, outcome);
            after.putCosts(line, before, outcome, outcome.appends() * point.payloadBytes());
            print(line);
        }
    }

    private static void trimAlong(LocalPartition partition, AtomicBoolean isOver) {
        long start = partition.ends().start();
        long step = Math.max(1, (partition.ends().durable() - start) / 100);
        for (int i = 1; i <= 90 && !isOver.get(); i++) {
            partition.trimTo(start + i * step);
        }
    }

    // ---------------------------------------------------------------- parts

    private Wal open() {
        return Wal.open(WalConfig.builder(data).meters(meters).build());
    }

    private LocalPartition[] partitions(Wal wal) {
        LocalPartition[] partitions = new LocalPartition[point.partitions()];
        for (int i = 0; i < partitions.length; i++) {
            partitions[i] = wal.partition("bench", i);
        }
        return partitions;
    }

    /** Trims all there is, so that a point needs no more room than one of its runs. */
    private static void makeRoom(LocalPartition[] partitions) {
        for (LocalPartition partition : partitions) {
            if (partition.ends().logEnd() > partition.ends().start()) {
                partition.sync();
                partition.rotate();
                partition.trimTo(partition.ends().durable());
            }
        }
    }

    private void print(JsonLine line) {
        System.out.println(RESULT + line);
        System.out.flush();
    }

    private static long readSoFar(List<Reader> readers) {
        return readers.stream().mapToLong(reader -> reader.records.get()).sum();
    }

    /** Follows a log at its end, and begins there again when the log is trimmed under it. */
    private static final class Reader extends Thread {
        private final LocalPartition partition;
        private final AtomicLong records = new AtomicLong();
        private final AtomicBoolean isOver = new AtomicBoolean();

        Reader(LocalPartition partition) {
            super("reader");
            setDaemon(true);
            this.partition = partition;
        }

        @Override
        public void run() {
            while (!isOver.get()) {
                try (Cursor cursor = partition.read(From.end())) {
                    while (!isOver.get()) {
                        if (cursor.next(READER_PATIENCE)) {
                            records.incrementAndGet();
                        }
                    }
                } catch (InvalidCallException e) {
                    if (e.code() != ErrorCode.OFFSET_TRIMMED) {
                        throw e;
                    }
                }
            }
        }

        void end() throws InterruptedException {
            isOver.set(true);
            join(60_000);
        }
    }
}
