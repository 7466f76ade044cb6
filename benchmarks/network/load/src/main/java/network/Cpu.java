package network;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much processor time a process has used. */
final class Cpu {
    /** What Linux counts in, on every platform that Java runs on. */
    private static final long NANOS_PER_TICK = 10_000_000;

    private static final OperatingSystemMXBean SELF =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private Cpu() {}

    /** Of this process. */
    static long ownNanos() {
        return SELF.getProcessCpuTime();
    }

    /** Of another, in user and kernel; 0 for none. */
    static long nanosOf(long pid) throws IOException {
        if (pid == 0) {
            return 0;
        }
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        // The name in parentheses may hold anything; user and system time are the 14th and 15th field, the name the 2nd.
        String[] behindName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(behindName[11]) + Long.parseLong(behindName[12])) * NANOS_PER_TICK;
    }
}
