package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The process with more partitions than it may have open files. The first one is killed when it says so; the one after it
 * recovers, goes on, trims, closes, opens again and ends. What it prints is its report; any failure ends it with another code than 0.
 *
 * <p>Arguments: directory, partitions, {@code first} or {@code again}.
 */
final class ManyPartitionsChild {
    static final String WRITTEN = "written";
    static final String DONE = "done";

    private ManyPartitionsChild() {}

    /** See above. */
    public static void main(String[] arguments) throws IOException {
        WalConfig config = WalConfig.of(Path.of(arguments[0]));
        int partitions = Integer.parseInt(arguments[1]);
        if (arguments[2].equals("first")) {
            write(config, partitions);
        } else {
            // One after the other, so that nothing of the first store is left when the second is opened.
            recover(config, partitions);
            openAgain(config, partitions);
            System.out.println(DONE);
        }
    }

    /** Does not close: it is killed. */
    private static void write(WalConfig config, int partitions) throws IOException {
        long began = System.nanoTime();
        Wal wal = Wal.open(config);
        ManyPartitions many = new ManyPartitions(wal, partitions);
        many.append(0);
        report("created, one append each", began);
        began = System.nanoTime();
        many.append(1);
        many.read(0, 2);
        report("a second append, all read", began);
        System.out.println(WRITTEN);
        System.out.flush();
        if (System.in.read() >= 0) {
            throw new IllegalStateException("it was to be killed");
        }
    }

    private static void recover(WalConfig config, int partitions) throws IOException {
        long began = System.nanoTime();
        try (Wal wal = Wal.open(config)) {
            require(
                    wal.recovery().refused().isEmpty(),
                    "refused " + wal.recovery().refused());
            require(
                    wal.partitions().size() == partitions,
                    "found " + wal.partitions().size());
            report("recovered after the kill", began);
            began = System.nanoTime();
            ManyPartitions many = new ManyPartitions(wal, partitions);
            many.read(0, 2);
            many.append(2);
            report("all read, a third append", began);
            began = System.nanoTime();
            many.trim(2);
            report("trimmed", began);
            began = System.nanoTime();
        }
        report("closed", began);
    }

    private static void openAgain(WalConfig config, int partitions) throws IOException {
        long began = System.nanoTime();
        try (Wal wal = Wal.open(config)) {
            report("opened clean=" + wal.recovery().wasClean(), began);
            require(wal.recovery().wasClean(), "not closed clean");
            require(wal.find(new PartitionId("many", partitions)).equals(Optional.empty()), "one too many");
            new ManyPartitions(wal, partitions).read(2, 3);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    private static void report(String what, long beganNanos) throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
        System.gc();
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            System.out.printf(
                    "  %-28s %6d ms   open descriptors %5d   heap %2d of %d MiB%n",
                    what, millis, descriptors.count(), heap.getUsed() >> 20, heap.getMax() >> 20);
        }
    }
}
