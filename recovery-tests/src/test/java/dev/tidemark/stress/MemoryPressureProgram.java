package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The process that {@link MemoryPressureTest} starts: it may have much less direct memory than the append queue of its store would take, and
 * appends more than that. It ends by itself, with 0 when nothing was told but refusals, everything accepted was acknowledged, appending works again
 * afterwards, and a second opening holds what was acknowledged, byte for byte and in the order of each producer.
 *
 * <p>Arguments: directory, seconds, seed.
 */
final class MemoryPressureProgram {
    private static final int PRODUCERS = 8;
    private static final int PARTITIONS = 4;
    /** So many appends of one producer may be on their way: together far more than there is memory for. */
    private static final int WINDOW = 64;

    private static final int MOST_BYTES = 1 << 20;
    private static final int TOO_MUCH_BYTES = 40 << 20;
    private static final int HEAD_BYTES = 2 * Long.BYTES;
    private static final long LONGEST_WAIT_SECONDS = 120;

    private final Path directory;
    private final long seconds;
    private final long seed;
    private final AtomicReference<@Nullable String> wrong = new AtomicReference<>();
    private final AtomicLong[] acknowledged = new AtomicLong[PRODUCERS];
    /** What the values of each producer begin with, behind their numbers. */
    private final byte[][] blocks = new byte[PRODUCERS][];

    private final AtomicLong refused = new AtomicLong();

    private MemoryPressureProgram(String[] arguments) {
        directory = Path.of(arguments[0]);
        seconds = Long.parseLong(arguments[1]);
        seed = Long.parseLong(arguments[2]);
        for (int i = 0; i < PRODUCERS; i++) {
            acknowledged[i] = new AtomicLong();
            blocks[i] = new byte[HEAD_BYTES + MOST_BYTES];
            new Random(seed + i).nextBytes(blocks[i]);
        }
    }

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        MemoryPressureProgram program = new MemoryPressureProgram(arguments);
        try (Wal wal = Wal.open(program.config())) {
            program.appendMoreThanThereIs(wal);
            program.press(wal);
            program.appendOneEach(wal);
        }
        try (Wal wal = Wal.open(program.config())) {
            program.check(wal);
        }
        long sum = 0;
        for (AtomicLong each : program.acknowledged) {
            sum += each.get();
        }
        System.out.println("RESULT " + sum + " " + program.refused.get());
        String failure = program.wrong.get();
        if (failure != null) {
            System.out.println("WRONG " + failure);
        }
        Runtime.getRuntime().halt(failure == null ? 0 : 1);
    }

    private WalConfig config() {
        return WalConfig.builder(directory)
                .segmentBytes(64 << 20)
                .maxAppendBytes(TOO_MUCH_BYTES)
                .build();
    }

    private void wrong(String what) {
        wrong.compareAndSet(null, what);
    }

    // ---------------------------------------------------------------- pressing

    /** One value that is larger than all of the memory, and not too large for the log. */
    private void appendMoreThanThereIs(Wal wal) {
        try {
            long offset = wal.partition("pressed", 0).append(new byte[TOO_MUCH_BYTES]);
            wrong("there was memory for it: offset=" + offset);
        } catch (WalException e) {
            if (e.code() != ErrorCode.APPEND_REJECTED) {
                throw e;
            }
            refused.incrementAndGet();
        }
    }

    private void press(Wal wal) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Thread> producers = new ArrayList<>();
        for (int i = 0; i < PRODUCERS; i++) {
            int producer = i;
            Thread thread = new Thread(
                    () -> {
                        try {
                            produce(wal.partition("pressed", producer % PARTITIONS), producer, end);
                        } catch (Exception | Error e) {
                            e.printStackTrace();
                            wrong("producer " + producer + ": " + e);
                        }
                    },
                    "producer-" + i);
            thread.start();
            producers.add(thread);
        }
        for (Thread thread : producers) {
            thread.join();
        }
    }

    private void produce(LocalPartition partition, int producer, long endNanos) throws InterruptedException {
        Semaphore window = new Semaphore(WINDOW);
        SplittableRandom random = new SplittableRandom(seed + producer);
        long number = 0;
        while (System.nanoTime() < endNanos && wrong.get() == null) {
            if (!window.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
                wrong("an append of producer " + producer + " was not answered");
                return;
            }
            byte[] value = value(producer, number, HEAD_BYTES + random.nextInt(MOST_BYTES));
            try {
                var unused = partition.enqueue(value).durable().whenComplete((offset, failure) -> {
                    if (failure == null) {
                        acknowledged[producer].incrementAndGet();
                    } else {
                        wrong("producer " + producer + ": " + failure);
                    }
                    window.release();
                });
                number++;
            } catch (WalException e) {
                window.release();
                if (e.code() != ErrorCode.APPEND_REJECTED) {
                    throw e;
                }
                refused.incrementAndGet();
            }
        }
        if (!window.tryAcquire(WINDOW, LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
            wrong("appends of producer " + producer + " were not answered");
        }
    }

    /** Without pressure every partition takes appends as before, as soon as what was in use has come back. */
    private void appendOneEach(Wal wal) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_WAIT_SECONDS);
        int producer = 0;
        while (producer < PRODUCERS && wrong.get() == null) {
            try {
                wal.partition("pressed", producer % PARTITIONS)
                        .append(AppendRequest.of(value(producer, acknowledged[producer].get(), 1_000)));
                acknowledged[producer].incrementAndGet();
                producer++;
            } catch (WalException e) {
                if (e.code() != ErrorCode.APPEND_REJECTED || System.nanoTime() - end > 0) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
        }
    }

    private byte[] value(int producer, long number, int bytes) {
        byte[] value = Arrays.copyOf(blocks[producer], bytes);
        ByteBuffer.wrap(value).putLong(producer).putLong(number);
        return value;
    }

    // ---------------------------------------------------------------- afterwards

    private void check(Wal wal) {
        long[] next = new long[PRODUCERS];
        for (int i = 0; i < PARTITIONS && wrong.get() == null; i++) {
            try (Cursor cursor = wal.partition("pressed", i).read(From.start())) {
                while (cursor.next()) {
                    byte[] value = cursor.value();
                    ByteBuffer head = ByteBuffer.wrap(value);
                    int producer = (int) head.getLong();
                    long number = head.getLong();
                    if (number != next[producer] || !Arrays.equals(value, value(producer, number, value.length))) {
                        wrong("partition " + i + " offset " + cursor.offset() + ": producer " + producer + " number "
                                + number + ", and " + next[producer] + " was to come, or the bytes are others");
                        return;
                    }
                    next[producer]++;
                }
            }
        }
        for (int producer = 0; producer < PRODUCERS; producer++) {
            if (next[producer] != acknowledged[producer].get()) {
                wrong("producer " + producer + " had " + acknowledged[producer] + " acknowledged, and " + next[producer]
                        + " are there");
            }
        }
    }
}
