package dev.tidemark.benchmarks.scale;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import dev.tidemark.benchmarks.JsonLine;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What was used up to a moment: CPU and heap of this process, forces of the log, and what the device was told to do. Of the device, the whole machine's
 * part is counted, since the kernel does not keep it by process in a way that can be trusted.
 *
 * @param heapBytes of threads that are alive: what ended before is not in it
 * @param deviceBytes -1 where the system does not tell
 */
record Counters(long nanos, long cpuNanos, long heapBytes, long forces, long deviceBytes, long deviceFlushes) {
    private static final int SECTOR_BYTES = 512;
    private static final int FLUSHES_AT = 18;

    /** Now. */
    static Counters now(MeterRegistry meters, Path directory) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long heap = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            heap += Math.max(0, bytes);
        }
        long cpu = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        Timer force = meters.find("wal.force").timer();
        long[] device = device(directory);
        return new Counters(System.nanoTime(), cpu, heap, force == null ? 0 : force.count(), device[0], device[1]);
    }

    /** Bytes written and flushes of the device on which this directory lies. */
    private static long[] device(Path directory) {
        try {
            String number = deviceNumber(directory.toRealPath());
            for (String line : Files.readAllLines(Path.of("/proc/diskstats"))) {
                String[] fields = line.trim().split("\\s+", -1);
                if (fields.length > FLUSHES_AT && number.equals(fields[0] + ":" + fields[1])) {
                    return new long[] {SECTOR_BYTES * Long.parseLong(fields[9]), Long.parseLong(fields[FLUSHES_AT])};
                }
            }
        } catch (IOException | NumberFormatException e) {
            return new long[] {-1, -1};
        }
        return new long[] {-1, -1};
    }

    /** The number of the device behind the mount point that is nearest. */
    private static String deviceNumber(Path directory) throws IOException {
        String number = "";
        int nearest = -1;
        List<String> mounts = Files.readAllLines(Path.of("/proc/self/mountinfo"));
        for (String line : mounts) {
            String[] fields = line.split(" ", -1);
            Path mount = Path.of(fields[4].replace("\\040", " "));
            if (directory.startsWith(mount) && mount.getNameCount() >= nearest) {
                nearest = mount.getNameCount();
                number = fields[2];
            }
        }
        return number;
    }

    /** What each append has cost from an earlier moment to this one. */
    void putCosts(JsonLine into, Counters earlier, Load.Outcome outcome, long payloadBytes) {
        long appends = Math.max(1, outcome.appends());
        long heap = Math.max(0, heapBytes - earlier.heapBytes) + outcome.heapBytes();
        into.put("cpu_us_append", (cpuNanos - earlier.cpuNanos) / 1e3 / appends);
        into.put("heap_b_append", heap / (double) appends);
        into.put("forces", forces - earlier.forces);
        into.put("appends_force", appends / (double) Math.max(1, forces - earlier.forces));
        if (deviceBytes >= 0 && earlier.deviceBytes >= 0) {
            into.put("disk_write_amp", (deviceBytes - earlier.deviceBytes) / (double) payloadBytes);
            into.put("disk_flushes", deviceFlushes - earlier.deviceFlushes);
        }
    }
}
