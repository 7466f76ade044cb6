package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The process that {@link LoadTest} starts with little memory: many producers, readers, rotation, trimming and retention on one store at once,
 * for some seconds. It ends by itself, with 0 when everything was as it should be; what it did it prints.
 *
 * <p>Each producer appends to one partition, and numbers what he appends; the number after is submitted when this one is accepted. A reader
 * that finds a number missing, twice or out of order has found a loss. What the log has refused is submitted again under the same
 * number, so a refusal that was none shows as well.
 *
 * <p>Arguments: directory, how, partitions, producers, seconds, seed.
 */
final class LoadProgram {
    /** How the producers append. */
    enum How {
        /** Each append is waited for. */
        WAITING,
        /** Many are on their way. */
        ASYNC,
        /** One after the other by each of the ways, and nobody waits long for a lock. */
        HURRIED
    }

    private static final int READERS = 6;
    private static final int WINDOW = 32;
    private static final int RECORDS_OF_A_PASS = 400;
    private static final int TIMES_OPENED = 2;
    /** The pool keeps some chunks, and how many depends on how much was in use at one time. */
    private static final long MOST_GROWN_BYTES = 16 << 20;

    private static final Duration AT_THE_TAIL = Duration.ofMillis(5);
    private static final long LONGEST_WAIT_SECONDS = 120;

    private final Path directory;
    private final How how;
    private final int partitionCount;
    private final int producerCount;
    private final long seconds;
    private final long seed;

    private final AtomicBoolean isOver = new AtomicBoolean();
    private final AtomicReference<@Nullable String> wrong = new AtomicReference<>();
    /** How many of each producer's appends are acknowledged, over all openings; also the number of the next. */
    private final AtomicLongArray acknowledged;

    private final AtomicLong refusals = new AtomicLong();
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong trims = new AtomicLong();
    private final AtomicLong rotations = new AtomicLong();
    private double smallestShare = 1;

    private LoadProgram(String[] arguments) {
        directory = Path.of(arguments[0]);
        how = How.valueOf(arguments[1]);
        partitionCount = Integer.parseInt(arguments[2]);
        producerCount = Integer.parseInt(arguments[3]);
        seconds = Long.parseLong(arguments[4]);
        seed = Long.parseLong(arguments[5]);
        acknowledged = new AtomicLongArray(producerCount);
    }

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        LoadProgram program = new LoadProgram(arguments);
        List<Holdings> afterwards = new ArrayList<>();
        for (int i = 0; i < TIMES_OPENED; i++) {
            try (Wal wal = Wal.open(program.config())) {
                program.run(wal);
            }
            afterwards.add(i < TIMES_OPENED - 1 ? Holdings.now(program.directory) : program.settled());
        }
        program.report(afterwards);
        String failure = program.wrong.get();
        if (failure != null) {
            System.out.println("WRONG " + failure);
        }
        Runtime.getRuntime().halt(failure == null ? 0 : 1);
    }

    private WalConfig config() {
        long segmentBytes = partitionCount == 1 ? 1 << 20 : 64 << 10;
        WalConfig.Builder config = WalConfig.builder(directory)
                .segmentBytes(segmentBytes)
                .reserveBytes(64 << 10)
                .retention(Retention.FOREVER.withMaxBytes(4 * segmentBytes))
                .retentionInterval(Duration.ofSeconds(1));
        return (how == How.HURRIED ? config.lockTimeout(Duration.ofMillis(1)) : config).build();
    }

    // ---------------------------------------------------------------- one opening

    private void run(Wal wal) throws Exception {
        isOver.set(false);
        LocalPartition[] partitions = new LocalPartition[partitionCount];
        for (int i = 0; i < partitionCount; i++) {
            partitions[i] = wal.partition("load", i);
        }
        long[] before = counts();
        CyclicBarrier begin = new CyclicBarrier(producerCount + 1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < producerCount; i++) {
            int producer = i;
            threads.add(started("producer-" + i, () -> {
                begin.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
                produce(partitions[producer % partitionCount], producer);
            }));
        }
        for (int i = 0; i < READERS; i++) {
            SplittableRandom random = new SplittableRandom(seed + i);
            threads.add(started("reader-" + i, () -> readAndRead(partitions, random)));
        }
        threads.add(started("changer", () -> change(partitions, new SplittableRandom(seed - 1))));
        begin.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
        watch();
        long[] now = counts();
        isOver.set(true);
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(LONGEST_WAIT_SECONDS));
            if (thread.isAlive()) {
                wrong("a thread hangs: " + thread.getName() + " " + Arrays.toString(thread.getStackTrace()));
            }
        }
        noteShares(before, now);
        for (int i = 0; i < partitionCount && wrong.get() == null; i++) {
            checkAll(partitions[i], i);
        }
    }

    private void watch() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() < end && wrong.get() == null) {
            Optional<String> ring = DeadlockWatch.look();
            ring.ifPresent(this::wrong);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private Thread started(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (Throwable t) {
                        t.printStackTrace();
                        wrong(name + ": " + t);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void wrong(String what) {
        wrong.compareAndSet(null, what);
    }

    private long[] counts() {
        long[] counts = new long[producerCount];
        Arrays.setAll(counts, acknowledged::get);
        return counts;
    }

    /** Nobody may get much less than the others have got. */
    private void noteShares(long[] before, long[] now) {
        long[] done = new long[producerCount];
        Arrays.setAll(done, i -> now[i] - before[i]);
        double average = Arrays.stream(done).average().orElseThrow();
        double smallest = Arrays.stream(done).min().orElseThrow();
        smallestShare = Math.min(smallestShare, smallest / Math.max(1, average));
    }

    // ---------------------------------------------------------------- producers

    private void produce(LocalPartition partition, int producer) throws Exception {
        Semaphore window = new Semaphore(WINDOW);
        long number = acknowledged.get(producer);
        while (!isOver.get() && wrong.get() == null) {
            byte[] value = LoadRecord.of(seed, producer, number);
            boolean isWaiting = how == How.WAITING || (how == How.HURRIED && number % 2 == 0);
            if (isWaiting
                    ? wasAppended(partition, producer, value)
                    : wasSubmitted(partition, producer, value, window)) {
                number++;
            }
        }
        if (!window.tryAcquire(WINDOW, LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
            wrong("appends of producer " + producer + " were not answered");
        }
    }

    private boolean wasAppended(LocalPartition partition, int producer, byte[] value) {
        try {
            partition.append(value, Durability.SYNCED);
            acknowledged.incrementAndGet(producer);
            return true;
        } catch (WalException e) {
            return noteRefusal(e);
        }
    }

    private boolean wasSubmitted(LocalPartition partition, int producer, byte[] value, Semaphore window)
            throws InterruptedException {
        if (!window.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
            wrong("an append of producer " + producer + " was not answered");
            return false;
        }
        try {
            var unused = partition.enqueue(value).durable().whenComplete((offset, failure) -> {
                if (failure != null) {
                    wrong("producer " + producer + ": " + failure);
                }
                acknowledged.incrementAndGet(producer);
                window.release();
            });
            return true;
        } catch (WalException e) {
            window.release();
            return noteRefusal(e);
        }
    }

    /** Only who is in a hurry is refused, and only for that. Never true: the append is not in the log. */
    private boolean noteRefusal(WalException e) {
        if (how != How.HURRIED || e.code() != ErrorCode.LOCK_TIMEOUT) {
            throw e;
        }
        refusals.incrementAndGet();
        return false;
    }

    // ---------------------------------------------------------------- readers

    private void readAndRead(LocalPartition[] partitions, SplittableRandom random) {
        while (!isOver.get() && wrong.get() == null) {
            LocalPartition partition = partitions[random.nextInt(partitions.length)];
            Ends ends = partition.ends();
            long from = ends.start() + random.nextLong(ends.readable() - ends.start() + 1);
            LoadOrder order = new LoadOrder(seed, from);
            try (Cursor cursor = partition.read(From.offset(from))) {
                while (order.seen() < RECORDS_OF_A_PASS && cursor.next(AT_THE_TAIL)) {
                    String failure = order.add(cursor.offset(), cursor.buffer());
                    if (failure != null) {
                        wrong(partition.id() + ": " + failure);
                        return;
                    }
                }
            } catch (WalException e) {
                requireMayBeForAReader(e);
            }
            read.addAndGet(order.seen());
        }
    }

    private void requireMayBeForAReader(WalException e) {
        if (e.code() != ErrorCode.OFFSET_TRIMMED && (how != How.HURRIED || e.code() != ErrorCode.LOCK_TIMEOUT)) {
            throw e;
        }
    }

    /** All that is left in the partition, to the last append that was acknowledged. */
    private void checkAll(LocalPartition partition, int number) {
        while (true) {
            try {
                checkFrom(partition, number, partition.ends());
                return;
            } catch (WalException e) {
                // Retention goes on.
                requireMayBeForAReader(e);
            }
        }
    }

    private void checkFrom(LocalPartition partition, int number, Ends ends) {
        LoadOrder order = new LoadOrder(seed, ends.start());
        try (Cursor cursor = partition.read(From.offset(ends.start()))) {
            while (cursor.next()) {
                String failure = order.add(cursor.offset(), cursor.buffer());
                if (failure != null) {
                    wrong("in the end, " + partition.id() + ": " + failure);
                    return;
                }
            }
        }
        if (order.expected() != ends.durable()) {
            wrong("in the end, " + partition.id() + ": read up to " + order.expected() + " of " + ends);
        }
        for (int producer = number; producer < producerCount; producer += partitionCount) {
            long last = order.lastOf(producer);
            if (last >= 0 && last != acknowledged.get(producer) - 1) {
                wrong("producer " + producer + " had " + acknowledged.get(producer) + " acknowledged, and the last is "
                        + last);
            }
        }
    }

    // ---------------------------------------------------------------- the old end and the segments

    private void change(LocalPartition[] partitions, SplittableRandom random) {
        while (!isOver.get() && wrong.get() == null) {
            LocalPartition partition = partitions[random.nextInt(partitions.length)];
            try {
                if (random.nextBoolean()) {
                    partition.rotate();
                    rotations.incrementAndGet();
                } else {
                    Ends ends = partition.ends();
                    partition.trimTo(ends.start() + random.nextLong((ends.durable() - ends.start()) / 2 + 1));
                    trims.incrementAndGet();
                }
            } catch (WalException e) {
                noteRefusal(e);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    // ---------------------------------------------------------------- what is left behind

    /** What is held when the store is closed, once its threads have ended: those that all stores share do so after some seconds. */
    private Holdings settled() throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_WAIT_SECONDS);
        Holdings now = Holdings.now(directory);
        while (now.openFiles() + now.threads() > 0 && System.nanoTime() < end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            now = Holdings.now(directory);
        }
        return now;
    }

    private void report(List<Holdings> afterwards) {
        long sum = Arrays.stream(counts()).sum();
        System.out.printf(
                Locale.ROOT,
                "load: %s, %d partitions, %d producers, %d x %d s, seed %d: %d acknowledged, %d read, %d rotations, %d trims, "
                        + "%d refused for a lock, smallest share %.2f of the average; left: %s%n",
                how,
                partitionCount,
                producerCount,
                TIMES_OPENED,
                seconds,
                seed,
                sum,
                read.get(),
                rotations.get(),
                trims.get(),
                refusals.get(),
                smallestShare,
                afterwards);
        System.out.printf(
                Locale.ROOT, "RESULT %d %d %d %d %.4f%n", sum, read.get(), refusals.get(), trims.get(), smallestShare);
        Holdings left = afterwards.get(TIMES_OPENED - 1);
        if (left.openFiles() + left.threads() > 0) {
            wrong("closed, and holds " + left);
        }
        long grownBytes = afterwards.get(TIMES_OPENED - 1).directBytes()
                - afterwards.get(0).directBytes();
        if (grownBytes > MOST_GROWN_BYTES) {
            wrong("direct memory grows with each opening: " + afterwards);
        }
    }
}
