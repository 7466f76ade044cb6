package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The process that does nothing: opens a store, appends to each of its partitions once, and says so, if it is to stay, when the
 * threads that did it have ended. Then it waits for its parent to let it go.
 *
 * <p>Arguments: directory, partitions, the offset that the appends are to get, whether it is to stay.
 */
final class IdleChild {
    static final String STARTED = "started";
    static final String OPEN = "open";
    static final String IDLE = "idle";

    private static final long LONGEST_END_MILLIS = TimeUnit.SECONDS.toMillis(60);

    private IdleChild() {}

    /** Waits for a byte after each line it prints. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        say(STARTED);
        int partitions = Integer.parseInt(arguments[1]);
        long began = System.nanoTime();
        try (Wal wal = Wal.open(WalConfig.of(Path.of(arguments[0])))) {
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
            say(OPEN + " " + millis + " " + wal.recovery().wasClean());
            ManyPartitions many = new ManyPartitions(wal, partitions);
            many.append(Long.parseLong(arguments[2]));
            if (Boolean.parseBoolean(arguments[3])) {
                awaitPools();
                say(IDLE);
            }
        }
    }

    private static void say(String line) throws IOException {
        System.out.println(line);
        System.out.flush();
        if (System.in.read() < 0) {
            throw new IOException("the parent is gone");
        }
    }

    /** A thread of a pool may start another one that it hands work to; only when none is left there is none to come. */
    private static void awaitPools() throws InterruptedException {
        List<Thread> left = ofPools();
        while (!left.isEmpty()) {
            for (Thread thread : left) {
                thread.join(LONGEST_END_MILLIS);
                if (thread.isAlive()) {
                    throw new IllegalStateException("a pool's thread stays without work: " + thread.getName());
                }
            }
            left = ofPools();
        }
    }

    private static List<Thread> ofPools() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("wal-"))
                .filter(thread -> !thread.getName().equals("wal-timer"))
                .toList();
    }
}
