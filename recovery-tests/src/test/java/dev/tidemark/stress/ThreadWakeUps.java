package dev.tidemark.stress;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * How often the threads of another process were given up the processor, by themselves or not, as the kernel counts it: a number
 * that moves when a thread does anything at all. Threads of the JVM itself are left out.
 */
final class ThreadWakeUps {
    /** Compilers come and go; the cleaner of the JDK looks around once a minute. The kernel knows 15 characters of a name. */
    private static final List<String> OF_THE_JVM = List.of(
            "C1 ",
            "C2 ",
            "GC ",
            "G1 ",
            "VM ",
            "Common-Cleaner",
            "Cleaner-",
            "Sweeper",
            "Signal",
            "Attach",
            "Reference Handl");

    private ThreadWakeUps() {}

    /** The ids of all its threads. */
    static Set<String> threads(long pid) throws IOException {
        try (Stream<Path> tasks = Files.list(tasks(pid))) {
            return Set.copyOf(tasks.map(task -> task.getFileName().toString()).toList());
        }
    }

    /** The counts of all threads that are not among those, by id and name. */
    static Map<String, Long> count(long pid, Set<String> without) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        for (String thread : threads(pid)) {
            if (!without.contains(thread)) {
                count(tasks(pid).resolve(thread), counts);
            }
        }
        return counts;
    }

    private static void count(Path task, Map<String, Long> counts) throws IOException {
        try {
            String name = Files.readString(task.resolve("comm"), StandardCharsets.ISO_8859_1)
                    .strip();
            if (OF_THE_JVM.stream().noneMatch(name::startsWith)) {
                long switches = Files.readAllLines(task.resolve("status"), StandardCharsets.ISO_8859_1).stream()
                        .filter(line -> line.contains("ctxt_switches:"))
                        .mapToLong(line -> Long.parseLong(
                                line.substring(line.indexOf(':') + 1).strip()))
                        .sum();
                counts.put(task.getFileName() + " " + name, switches);
            }
        } catch (NoSuchFileException endedMeanwhile) {
            counts.remove(task.getFileName().toString());
        }
    }

    private static Path tasks(long pid) {
        return Path.of("/proc", Long.toString(pid), "task");
    }
}
