package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The partitions {@code many-0} to {@code many-n}, used by a few threads; each entry says where it belongs. */
final class ManyPartitions {
    private static final int THREADS = 8;

    private final Wal wal;
    private final int count;

    ManyPartitions(Wal wal, int count) {
        this.wal = wal;
        this.count = count;
    }

    /** What is done with each. */
    private interface Action {
        void accept(LocalPartition partition, int number);
    }

    /** Appends an entry to each of them, and waits until it is durable. */
    void append(long expectedOffset) {
        inEach((partition, number) -> {
            long offset = partition.append(value(number, expectedOffset));
            if (offset != expectedOffset) {
                throw new AssertionError(
                        "partition " + number + " gave offset " + offset + " and not " + expectedOffset);
            }
        });
    }

    /** Trims each of them to this offset; every tenth has another segment before, so that a file goes. */
    void trim(long offset) {
        inEach((partition, number) -> {
            if (number % 10 == 0) {
                partition.rotate();
            }
            long start = partition.trimTo(offset);
            if (start != offset) {
                throw new AssertionError("partition " + number + " starts at " + start + " and not at " + offset);
            }
        });
    }

    /** Reads each of them from its beginning, which has to be this one, and compares. */
    void read(long expectedStart, long expectedEnd) {
        inEach((partition, number) -> {
            long next = expectedStart;
            try (Cursor cursor = partition.read(From.start())) {
                while (cursor.next()) {
                    String expected = new String(value(number, next), StandardCharsets.US_ASCII);
                    String found = new String(cursor.value(), StandardCharsets.US_ASCII);
                    if (cursor.offset() != next || !found.equals(expected)) {
                        throw new AssertionError("partition " + number + " at offset " + cursor.offset() + " holds '"
                                + found + "' and not '" + expected + "'");
                    }
                    next++;
                }
            }
            if (next != expectedEnd) {
                throw new AssertionError("partition " + number + " ends at " + next + " and not at " + expectedEnd);
            }
        });
    }

    private static byte[] value(int number, long offset) {
        return ("entry " + offset + " of partition " + number).getBytes(StandardCharsets.US_ASCII);
    }

    private void inEach(Action action) {
        AtomicInteger next = new AtomicInteger();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(
                    () -> {
                        for (int number = next.getAndIncrement();
                                number < count && failures.isEmpty();
                                number = next.getAndIncrement()) {
                            try {
                                action.accept(wal.partition("many", number), number);
                            } catch (RuntimeException | Error e) {
                                failures.add(e);
                            }
                        }
                    },
                    "many-" + i);
            threads.add(thread);
            thread.start();
        }
        boolean wasInterrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    wasInterrupted = true;
                }
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
        if (!failures.isEmpty()) {
            AssertionError failure = new AssertionError("a partition of many is not as it should be");
            failures.forEach(failure::addSuppressed);
            throw failure;
        }
    }
}
