package peers;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import org.HdrHistogram.Histogram;

/**
 * One measurement of one peer in this process.
 *
 * <pre>
 * kind=append  open, warm up, measure, close
 * kind=fill    append until mb are acked, then close (end=close) or SIGKILL this process (end=kill)
 * kind=scan    open what a fill left (timed), read everything twice (timed), check it
 * </pre>
 */
public final class Bench {
    private final Map<String, String> args = new HashMap<>();
    private final Knobs knobs = new Knobs();
    private final Row row = new Row();
    private PrintStream out = System.out;

    private Bench(String[] argv) {
        for (String a : argv) {
            int eq = a.indexOf('=');
            if (eq < 0) throw new IllegalArgumentException("name=value expected: " + a);
            if (a.startsWith("-K")) knobs.put(a.substring(2, eq), a.substring(eq + 1));
            else args.put(a.substring(0, eq), a.substring(eq + 1));
        }
    }

    private String str(String k, String d) {
        String v = args.remove(k);
        return v == null ? d : v;
    }

    private long num(String k, long d) {
        return Long.parseLong(str(k, Long.toString(d)));
    }

    public static void main(String[] argv) throws Exception {
        Bench b = new Bench(argv);
        int rc = b.run();
        b.out.flush();
        if (FlightRecorder.isInitialized()) { // what PEERS_JVM asked for: halting would lose it
            for (Recording recording : FlightRecorder.getFlightRecorder().getRecordings()) recording.stop();
        }
        Runtime.getRuntime().halt(rc); // engines may leave threads behind
    }

    private int run() throws Exception {
        String out = str("out", "");
        String peer = str("peer", "?");
        String type = str("class", "");
        String kind = str("kind", "append");
        Path dir = Path.of(str("dir", ""));
        Wal.Durability durability =
                Wal.Durability.valueOf(str("durability", "durable").toUpperCase());
        int size = (int) num("size", 1024);
        int threads = (int) num("threads", 1);
        int window = (int) num("window", 1);
        int partitions = (int) num("partitions", 1);
        double warmup = Double.parseDouble(str("warmup", "1"));
        double time = Double.parseDouble(str("time", "2"));
        long maxBytes = num("maxmb", 3072) << 20;
        long rate = num("rate", 0);
        long fill = num("mb", 512) << 20;
        long count = num("count", 0);
        String end = str("end", "close");
        boolean mark = Boolean.parseBoolean(str("mark", "false"));
        String tag = str("tag", "");
        if (!args.isEmpty()) throw new IllegalArgumentException("unknown: " + args.keySet());
        if (dir.toString().isEmpty()) {
            dir = Files.createTempDirectory("peers");
        }
        Files.createDirectories(dir);
        Path data = dir.resolve("data");
        Files.createDirectories(data);
        row.put("ts", Instant.now().toString())
                .put("tag", tag)
                .put("peer", peer)
                .put("kind", kind);
        row.put("durability", durability.name().toLowerCase()).put("size", size);
        row.put("threads", threads).put("window", window).put("partitions", partitions);
        row.put("rate", rate).put("jdk", Runtime.version().toString());
        row.put("status", "ok");
        if (!out.isEmpty()) {
            this.out = new PrintStream(new java.io.FileOutputStream(out, true), true);
        }
        watchdog((long) ((warmup + time) * 1000) + 90_000);
        if (durability == Wal.Durability.DURABLE && kind.equals("append") && !mark) {
            row.put("probe_us", probe(dir));
        }
        row.put("load1", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        Wal wal = null;
        int rc = 0;
        try {
            wal = (Wal) Class.forName(type).getDeclaredConstructor().newInstance();
            knobs.window(window);
            if (kind.equals("scan")) {
                scan(wal, dir, data, partitions, durability, end);
            } else {
                if (window > 1 && !wal.async()) {
                    throw new Wal.Unsupported("acks inside append: a window above 1 means nothing");
                }
                long t = System.nanoTime();
                wal.open(data, partitions, durability, knobs);
                row.put("open_ms", (System.nanoTime() - t) / 1e6);
                knobs.refuseUnknown();
                if (window > 1 && !wal.async()) { // some know only once they have read their knobs
                    throw new Wal.Unsupported("acks inside append: a window above 1 means nothing");
                }
                boolean filling = kind.equals("fill");
                if (filling) {
                    warmup = 0;
                    time = 85;
                    maxBytes = end.equals("kill") ? fill * 4 : fill;
                }
                if (count > 0) maxBytes = count * size * threads;
                Progress progress = filling ? new Progress(dir.resolve("progress"), threads) : null;
                append(
                        wal,
                        dir,
                        size,
                        threads,
                        window,
                        partitions,
                        warmup,
                        time,
                        maxBytes,
                        rate,
                        progress,
                        mark,
                        filling && end.equals("kill") ? fill : 0);
                t = System.nanoTime();
                wal.close();
                row.put("close_ms", (System.nanoTime() - t) / 1e6);
            }
        } catch (Wal.Unsupported e) {
            row.put("status", "skip").put("note", e.getMessage());
        } catch (Throwable e) {
            Throwable root = e;
            while (root.getCause() != null) root = root.getCause();
            row.put("status", "error").put("note", String.valueOf(root));
            e.printStackTrace();
            rc = 1;
        }
        if (wal != null) row.put("engine", wal.describe());
        row.put("knobs", knobs.inForce());
        this.out.println(row.json());
        this.out.flush();
        return rc;
    }

    private void watchdog(long ms) {
        Thread t = new Thread(
                () -> {
                    try {
                        Thread.sleep(ms);
                    } catch (InterruptedException e) {
                        return;
                    }
                    Thread.getAllStackTraces().forEach((th, st) -> {
                        System.err.println(th);
                        for (StackTraceElement e : st) System.err.println("   " + e);
                    });
                    synchronized (row) {
                        Row r = new Row();
                        r.f.putAll(row.f);
                        r.put("status", "timeout").put("note", "not finished after " + ms + " ms");
                        out.println(r.json());
                        out.flush();
                    }
                    Runtime.getRuntime().halt(3);
                },
                "watchdog");
        t.setDaemon(true);
        t.start();
    }

    /** Median of 200 writes of 4 KiB with fdatasync on a preallocated file: how the device is now. */
    private static double probe(Path dir) throws IOException {
        Path p = dir.resolve("probe");
        try (FileChannel c =
                FileChannel.open(p, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer b = ByteBuffer.allocateDirect(4096);
            for (int i = 0; i < 256; i++) c.write(b.clear(), 4096L * i);
            c.force(true);
            long[] t = new long[200];
            for (int i = 0; i < t.length; i++) {
                long s = System.nanoTime();
                c.write(b.clear(), 4096L * i);
                c.force(false);
                t[i] = System.nanoTime() - s;
            }
            Arrays.sort(t);
            return t[t.length / 2] / 1000.0;
        } finally {
            Files.deleteIfExists(p);
        }
    }

    private static final class Snapshot {
        long nanos;
        long cpu;
        long alloc;
        long syncs;
        long gcMillis;
        long gcCount;
        final Map<String, Long> io = new HashMap<>();
        long flushes = -1;
        long written;
        long ticks = -1;

        static Snapshot take(Wal wal) {
            Snapshot s = new Snapshot();
            OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            ThreadMXBean th = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            for (long a : th.getThreadAllocatedBytes(th.getAllThreadIds())) s.alloc += Math.max(0, a);
            for (GarbageCollectorMXBean g : ManagementFactory.getGarbageCollectorMXBeans()) {
                s.gcMillis += g.getCollectionTime();
                s.gcCount += g.getCollectionCount();
            }
            s.syncs = wal.syncs();
            try {
                for (String l : Files.readAllLines(Path.of("/proc/self/io"))) {
                    String[] kv = l.split(": ");
                    s.io.put(kv[0], Long.parseLong(kv[1].trim()));
                }
                long f = 0;
                long sectors = 0;
                for (String l : Files.readAllLines(Path.of("/proc/diskstats"))) {
                    String[] w = l.trim().split("\\s+");
                    if (w.length >= 20 && !w[2].startsWith("loop")) {
                        f += Long.parseLong(w[18]);
                        sectors += Long.parseLong(w[9]);
                    }
                }
                s.flushes = f;
                s.written = 512 * sectors;
                String[] w =
                        Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split("\\s+");
                s.ticks = 0;
                for (int i : new int[] {1, 2, 3, 6, 7}) s.ticks += Long.parseLong(w[i]);
            } catch (IOException | RuntimeException e) {
                // not this system's: the fields stay absent
            }
            s.cpu = os.getProcessCpuTime();
            s.nanos = System.nanoTime();
            return s;
        }
    }

    private void append(
            Wal wal,
            Path dir,
            int size,
            int threads,
            int window,
            int partitions,
            double warmup,
            double time,
            long maxBytes,
            long rate,
            Progress progress,
            boolean mark,
            long killAt)
            throws Exception {
        Producer[] ps = new Producer[threads];
        Snapshot[] at = new Snapshot[2];
        long[] startNanos = new long[1];
        boolean warm = warmup > 0;
        CyclicBarrier go = new CyclicBarrier(threads, () -> {
            System.gc();
            at[0] = Snapshot.take(wal);
            startNanos[0] = System.nanoTime();
            long d = startNanos[0] + (long) (time * 1e9);
            for (Producer p : ps) {
                p.deadline = d;
                p.byteCap = maxBytes / threads;
                p.counting = true;
            }
        });
        CyclicBarrier stop = new CyclicBarrier(threads, () -> at[1] = Snapshot.take(wal));
        Producer.Marker marker = null;
        if (mark) {
            File base = dir.toFile();
            marker = seq -> new File(base, "ack-" + seq).exists();
        }
        for (int i = 0; i < threads; i++) {
            int me = i;
            ps[i] = new Producer(wal, i, threads, partitions, size, window, progress, marker, () -> {
                try {
                    Producer p = ps[me];
                    try {
                        if (warm) p.phase();
                    } catch (Throwable t) {
                        p.error = t;
                    }
                    go.await();
                    try {
                        if (p.error == null) p.phase();
                    } catch (Throwable t) {
                        p.error = t;
                    }
                    stop.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            ps[i].deadline = System.nanoTime() + (long) (warmup * 1e9);
            ps[i].byteCap = Math.max(maxBytes / 3, 1) / threads;
            ps[i].perSecond = rate;
        }
        for (Producer p : ps) p.start();
        if (killAt > 0) {
            while (true) {
                long acked = 0;
                for (int i = 0; i < threads; i++) acked += progress.acked(i);
                if (acked * size >= killAt || Arrays.stream(ps).noneMatch(Thread::isAlive)) break;
                Thread.sleep(1);
            }
            row.put("mb", killAt >> 20);
            row.put("status", "killed").put("knobs", knobs.inForce());
            out.println(row.json());
            out.flush();
            new ProcessBuilder(
                            "kill", "-9", Long.toString(ProcessHandle.current().pid()))
                    .start()
                    .waitFor();
            Thread.sleep(60_000);
        }
        for (Producer p : ps) p.join();
        for (Producer p : ps) if (p.error != null) throw new IllegalStateException(p.error);
        Snapshot a = at[0];
        Snapshot b = at[1];
        Histogram h = new Histogram(1, 120_000_000_000L, 3);
        long n = 0;
        long last = 0;
        for (Producer p : ps) {
            h.add(p.histogram);
            n += p.counted;
            last = Math.max(last, p.lastAck);
        }
        double secs = (last - startNanos[0]) / 1e9;
        double mb = (double) n * size / 1e6;
        row.put("appends", n).put("secs", secs);
        row.put("appends_s", n / secs).put("mb_s", mb / secs);
        row.put("mean_us", h.getMean() / 1e3);
        row.put("p50_us", h.getValueAtPercentile(50) / 1e3);
        row.put("p90_us", h.getValueAtPercentile(90) / 1e3);
        row.put("p99_us", h.getValueAtPercentile(99) / 1e3);
        row.put("p999_us", h.getValueAtPercentile(99.9) / 1e3);
        row.put("max_us", h.getMaxValue() / 1e3);
        row.put("cpu_s", (b.cpu - a.cpu) / 1e9);
        if (b.ticks >= 0) { // what other processes used meanwhile (100 ticks a second)
            row.put("other_cpu_s", (b.ticks - a.ticks) / 100.0 - (b.cpu - a.cpu) / 1e9);
        }
        row.put("cpu_us_append", (b.cpu - a.cpu) / 1e3 / n);
        row.put("alloc_b_append", (double) (b.alloc - a.alloc) / n);
        row.put("gc_ms", b.gcMillis - a.gcMillis).put("gc_count", b.gcCount - a.gcCount);
        if (b.syncs >= 0) {
            row.put("syncs", b.syncs - a.syncs);
            row.put("appends_sync", (double) n / Math.max(1, b.syncs - a.syncs));
        }
        if (b.io.containsKey("syscw")) {
            row.put("syscw_append", (double) (b.io.get("syscw") - a.io.get("syscw")) / n);
        }
        if (b.flushes >= 0) { // the whole machine's, not this process's
            row.put("disk_flushes", b.flushes - a.flushes);
            row.put("disk_write_amp", (b.written - a.written) / 1e6 / mb);
        }
    }

    private void scan(Wal wal, Path dir, Path data, int partitions, Wal.Durability durability, String end)
            throws Exception {
        long t = System.nanoTime();
        wal.open(data, partitions, durability, knobs);
        row.put("open_ms", (System.nanoTime() - t) / 1e6);
        knobs.refuseUnknown();
        Progress progress = Progress.existing(dir.resolve("progress"));
        int producers = progress.producers;
        for (String pass : new String[] {"", "2"}) {
            BitSet[] seen = new BitSet[producers];
            for (int i = 0; i < producers; i++) seen[i] = new BitSet();
            long[] lastSeq = new long[producers * partitions];
            Arrays.fill(lastSeq, -1);
            long[] tally = new long[5]; // records, bytes, out of order, duplicates, malformed
            long[] sum = new long[1];
            t = System.nanoTime();
            long returned = wal.scan((p, d) -> {
                int at = d.position();
                int n = d.remaining();
                tally[0]++;
                tally[1] += n;
                if (n < Producer.MIN_SIZE) {
                    tally[4]++;
                    return;
                }
                int producer = d.getInt(at);
                long seq = d.getLong(at + 8);
                if (producer < 0
                        || producer >= producers
                        || d.getInt(at + 4) != n
                        || p < 0
                        || p >= partitions
                        || (producer + seq * producers) % partitions != p) {
                    tally[4]++;
                    return;
                }
                long s = 0;
                for (int i = at; i + 8 <= at + n; i += 64) s += d.getLong(i);
                sum[0] += s;
                if (seen[producer].get((int) seq)) tally[3]++;
                else seen[producer].set((int) seq);
                int k = producer * partitions + p;
                if (seq <= lastSeq[k]) tally[2]++;
                lastSeq[k] = seq;
            });
            double secs = (System.nanoTime() - t) / 1e9;
            row.put("scan" + pass + "_s", secs);
            row.put("records" + pass + "_s", tally[0] / secs);
            row.put("read" + pass + "_mb_s", tally[1] / 1e6 / secs);
            if (pass.isEmpty()) {
                long lost = 0;
                long ackedTotal = 0;
                long issuedTotal = 0;
                for (int i = 0; i < producers; i++) {
                    ackedTotal += progress.acked(i);
                    issuedTotal += progress.issued(i);
                    lost += Math.max(0, progress.acked(i) - seen[i].cardinality());
                }
                row.put("records", tally[0]).put("acked", ackedTotal).put("issued", issuedTotal);
                row.put("lost", lost).put("disorder", tally[2]).put("duplicates", tally[3]);
                row.put("malformed", tally[4]).put("sum", sum[0]);
                if (returned != tally[0]) row.put("note", "scan returned " + returned);
                if (lost + tally[3] + tally[4] > 0) row.put("status", "WRONG");
            }
        }
        wal.close();
    }

    /** Bytes below a directory, for scripts. */
    static long size(Path dir) throws IOException {
        long[] n = new long[1];
        Files.walkFileTree(dir, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path f, BasicFileAttributes a) {
                n[0] += a.size();
                return FileVisitResult.CONTINUE;
            }
        });
        return n[0];
    }
}
