package dev.tidemark.soak;

import dev.tidemark.cli.Quantity;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process has in its hands.
 *
 * @param threads live threads
 * @param files open files; 0 where the system does not tell
 * @param directBytes direct memory, the JDK's and Netty's
 */
record Resources(int threads, long files, long directBytes) {
    private static final Path OPEN_FILES = Path.of("/proc/self/fd");
    /** The JVM's own threads and files come and go. */
    private static final int MORE_THREADS = 12;

    private static final int MORE_FILES = 24;
    private static final long MORE_DIRECT_BYTES = 48L << 20;

    static Resources now() throws IOException {
        long direct = Math.max(0, PlatformDependent.usedDirectMemory());
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            if (pool.getName().equals("direct")) {
                direct += pool.getMemoryUsed();
            }
        }
        return new Resources(ManagementFactory.getThreadMXBean().getThreadCount(), openFiles(), direct);
    }

    private static long openFiles() throws IOException {
        if (!Files.isDirectory(OPEN_FILES)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(OPEN_FILES)) {
            return files.count();
        }
    }

    /** What has grown since an earlier time, by more than comes and goes. */
    List<String> leaksSince(Resources before) {
        List<String> leaks = new ArrayList<>();
        if (threads > before.threads + MORE_THREADS) {
            leaks.add("threads have grown: before=" + before.threads + " now=" + threads);
        }
        if (files > before.files + MORE_FILES) {
            leaks.add("open files have grown: before=" + before.files + " now=" + files);
        }
        if (directBytes > before.directBytes + MORE_DIRECT_BYTES) {
            leaks.add("direct memory has grown: before=" + before.directBytes + " now=" + directBytes);
        }
        return leaks;
    }

    /** For people. */
    String text() {
        return Quantity.count(threads, "thread") + ", " + Quantity.count(files, "open file") + ", "
                + Quantity.bytes(directBytes) + " direct memory";
    }
}
