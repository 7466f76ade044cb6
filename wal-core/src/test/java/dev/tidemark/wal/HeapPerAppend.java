package dev.tidemark.wal;

import com.sun.management.ThreadMXBean;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The program that {@link HeapPerAppendTest} starts: appends in each way and with each size of payload, and prints how many bytes of
 * heap an append has cost, over all threads. It ends by itself.
 *
 * <p>The payload is the caller's, and so is what the caller hangs onto a future: that is done for one append of a
 * {@linkplain #GROUPS group} only. The future itself is counted, for each append.
 *
 * <p>What is measured is the median of some windows in a row, since a timer, the compiler or a new segment may fall into one. Code that is
 * not compiled yet makes objects that compiled code leaves out, and when it is compiled depends on the machine; so windows follow
 * each other until the cost is as low as it should be, or there were many.
 */
final class HeapPerAppend {
    private static final int WINDOWS = 5;
    private static final int MOST_WINDOWS = 60;
    private static final int GROUPS = 8;
    private static final int SMALL_BYTES = 16 << 10;
    /** So large that no window of large appends has more than one change of segment. */
    private static final long SEGMENT_BYTES = 1L << 30;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private enum Way {
        WAITING,
        ENQUEUE,
        ASYNC
    }

    private final LocalPartition partition;
    private final Semaphore groups = new Semaphore(GROUPS);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final BiConsumer<Long, Throwable> done = (offset, error) -> groupIsDone(1, error);
    private final BiConsumer<Long, Throwable> largeDone = (offset, error) -> groupIsDone(GROUPS / 2, error);

    private HeapPerAppend(LocalPartition partition) {
        this.partition = partition;
    }

    /** Arguments: a directory, then for each size of the payload: the size, and how many bytes an append should cost at most. */
    public static void main(String[] arguments) throws Exception {
        try (Wal wal = Wal.open(WalConfig.builder(Path.of(arguments[0]))
                .segmentBytes(SEGMENT_BYTES)
                .build())) {
            HeapPerAppend program = new HeapPerAppend(wal.partition("orders", 0));
            program.warmUp();
            for (int i = 1; i < arguments.length; i += 2) {
                int payloadBytes = Integer.parseInt(arguments[i]);
                for (Way way : Way.values()) {
                    int mostHeapBytes = Integer.parseInt(arguments[i + 1]);
                    double heapBytes = program.measure(way, payloadBytes, mostHeapBytes);
                    System.out.printf(Locale.ROOT, "%s %d %.1f%n", way, payloadBytes, heapBytes);
                }
            }
        }
    }

    private void groupIsDone(int permits, @Nullable Throwable error) {
        if (error != null) {
            failure.set(error);
        }
        groups.release(permits);
    }

    /** The compiler has to know the way before it is measured: it leaves out what nobody keeps. */
    private void warmUp() throws InterruptedException {
        byte[] payload = new byte[128];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 2_000; j++) {
                partition.append(payload, Durability.WRITTEN);
            }
            append(Way.WAITING, payload, 300);
            append(Way.ENQUEUE, payload, 6_000);
            append(Way.ASYNC, payload, 6_000);
        }
    }

    /** Bytes of heap for one append. */
    private double measure(Way way, int payloadBytes, int mostHeapBytes) throws InterruptedException {
        byte[] payload = new byte[payloadBytes];
        int appends = way == Way.WAITING ? 96 : 960;
        if (payloadBytes > SMALL_BYTES) {
            appends = 48;
        }
        append(way, payload, appends);
        double[] last = new double[WINDOWS];
        for (int i = 0; i < MOST_WINDOWS; i++) {
            long before = allocatedBytes();
            append(way, payload, appends);
            last[i % WINDOWS] = (double) (allocatedBytes() - before) / appends;
            if (i >= WINDOWS - 1 && median(last) <= mostHeapBytes) {
                break;
            }
        }
        awaitDurable();
        // What was appended is of no use to anybody, and the disk may be small.
        partition.rotate();
        partition.trimTo(partition.ends().durable());
        return median(last);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** Appends; what is not waited for in the call is left on its way, as it is where appends never cease. */
    private void append(Way way, byte[] payload, int appends) throws InterruptedException {
        boolean isSmall = payload.length <= SMALL_BYTES;
        int groupAppends = isSmall ? 32 : 16;
        int permits = isSmall ? 1 : GROUPS / 2;
        for (int i = 1; i <= appends; i++) {
            if (way == Way.WAITING) {
                partition.append(payload, Durability.SYNCED);
                continue;
            }
            CompletionStage<Long> outcome =
                    way == Way.ENQUEUE ? partition.enqueue(payload).durable() : partition.appendAsync(payload);
            if (i % groupAppends == 0) {
                if (!groups.tryAcquire(permits, 60, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("no append became durable for a minute");
                }
                outcome.whenComplete(isSmall ? done : largeDone);
            }
        }
    }

    private void awaitDurable() throws InterruptedException {
        if (!groups.tryAcquire(GROUPS, 60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("appends did not become durable in a minute");
        }
        groups.release(GROUPS);
        Throwable failed = failure.get();
        if (failed != null) {
            throw new CompletionException(failed);
        }
    }

    /** Of all threads that live: none of ours ends while it has work every few seconds. */
    private static long allocatedBytes() {
        long sum = 0;
        for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }
}
