package dev.tidemark.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/** Where something was measured. A figure without it says little: the disk decides most of them. */
public final class Machine {
    private static final int PROBES = 200;
    private static final int PROBE_BYTES = 4096;

    private Machine() {}

    /** Adds processor, kernel, file system, JDK and the cost of a bare force at this moment. */
    public static void putFacts(JsonLine into, Path directory) throws IOException {
        into.put("cpu", processor());
        into.put("cores", Runtime.getRuntime().availableProcessors());
        into.put("kernel", System.getProperty("os.name") + " " + kernelVersion());
        into.put("fs", Files.getFileStore(directory).type());
        into.put("jdk", Runtime.version().toString());
        into.put("load1", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        into.put("probe_us", forceMicros(directory));
    }

    /** Without what whoever built it has added. */
    private static String kernelVersion() {
        String version = System.getProperty("os.version");
        int end = 0;
        while (end < version.length() && (Character.isDigit(version.charAt(end)) || version.charAt(end) == '.')) {
            end++;
        }
        return version.substring(0, end);
    }

    private static String processor() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
            for (String line : lines) {
                if (line.startsWith("model name")) {
                    return line.substring(line.indexOf(':') + 1).trim();
                }
            }
        } catch (IOException e) {
            // Not this system's way to tell.
            return System.getProperty("os.arch");
        }
        return System.getProperty("os.arch");
    }

    /** Median of 200 times 4 KiB over zeros that are there, and a force. */
    static double forceMicros(Path directory) throws IOException {
        Path file = Files.createTempFile(directory, "probe-", ".tmp");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocateDirect(PROBE_BYTES);
            for (int i = 0; i < PROBES; i++) {
                writeAll(channel, block.clear(), (long) i * PROBE_BYTES);
            }
            channel.force(true);
            long[] nanos = new long[PROBES];
            for (int i = 0; i < PROBES; i++) {
                long began = System.nanoTime();
                writeAll(channel, block.clear(), (long) i * PROBE_BYTES);
                channel.force(false);
                nanos[i] = System.nanoTime() - began;
            }
            Arrays.sort(nanos);
            return nanos[PROBES / 2] / 1e3;
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer block, long at) throws IOException {
        long next = at;
        while (block.hasRemaining()) {
            next += channel.write(block, next);
        }
    }
}
