package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.WalConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** P10 on a real disk: callers that lead, write and force while somebody interrupts them all the time. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class InterruptStormTest {
    private static final int THREADS = 4;
    private static final int APPENDS = 10_000;
    private static final long BETWEEN_INTERRUPTS_NANOS = 20_000;

    /** The number of each append, by the offset that the caller was told. */
    private final Map<Long, Integer> told = new ConcurrentHashMap<>();

    private final AtomicInteger unknown = new AtomicInteger();
    private final ConcurrentLinkedQueue<Throwable> refused = new ConcurrentLinkedQueue<>();

    @Test
    void appendsOfInterruptedThreads_areNeitherLostNorRefused() throws Exception {
        try (TestDirectory directory = TestDirectory.create()) {
            WalConfig config = WalConfig.builder(directory.resolve("store"))
                    .segmentBytes(256 << 10)
                    .reserveBytes(64 << 10)
                    .build();
            try (Wal wal = Wal.open(config)) {
                LocalPartition partition = wal.partition("storm", 0);
                int interrupts = storm(partition);
                partition.sync();
                assertThat(refused).isEmpty();
                assertThat(interrupts).as("interrupts").isGreaterThan(APPENDS / 100);
                assertThat(told).as("offsets that callers were told").hasSize(APPENDS);
                assertThat(partition.describe().state()).isEqualTo(LifeState.OPEN);
                assertAllThere(partition);
                System.out.printf(
                        "interrupt storm: %d appends, %d interrupts, %d waits ended early%n",
                        APPENDS, interrupts, unknown.get());
            }
            try (Wal wal = Wal.open(config)) {
                assertAllThere(wal.partition("storm", 0));
            }
        }
    }

    /** Returns how many interrupts there were. */
    private int storm(LocalPartition partition) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean isOver = new AtomicBoolean();
        AtomicInteger interrupts = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(new Thread(() -> append(partition, next), "storm-" + i));
        }
        Thread interrupter = new Thread(
                () -> {
                    while (!isOver.get()) {
                        threads.forEach(Thread::interrupt);
                        interrupts.addAndGet(THREADS);
                        LockSupport.parkNanos(BETWEEN_INTERRUPTS_NANOS);
                    }
                },
                "storm-interrupter");
        threads.forEach(Thread::start);
        interrupter.start();
        for (Thread thread : threads) {
            thread.join();
        }
        isOver.set(true);
        interrupter.join();
        return interrupts.get();
    }

    private void append(LocalPartition partition, AtomicInteger next) {
        for (int number = next.getAndIncrement(); number < APPENDS; number = next.getAndIncrement()) {
            AppendRequest request = AppendRequest.of(payload(number))
                    .withDurability(number % 3 == 0 ? Durability.WRITTEN : Durability.SYNCED);
            try {
                tell(partition.append(request), number);
            } catch (OutcomeUnknownException e) {
                unknown.incrementAndGet();
                tell(e.offset(), number);
                if (e.code() != ErrorCode.WAIT_INTERRUPTED) {
                    refused.add(e);
                }
            } catch (RuntimeException | Error e) {
                refused.add(e);
            }
            // What a caller does who means to go on; the next interrupt is on its way already.
            Thread.interrupted();
        }
    }

    private void tell(long offset, int number) {
        Integer before = told.put(offset, number);
        if (before != null) {
            refused.add(new AssertionError("offset " + offset + " was told for " + before + " and for " + number));
        }
    }

    /** Of all sizes up to a few hundred bytes, and some that are not copied. */
    private static byte[] payload(int number) {
        byte[] bytes = new byte[number % 500 == 0 ? 20_000 : 8 + number % 300];
        ByteBuffer.wrap(bytes).putInt(0, number).putInt(4, ~number);
        return bytes;
    }

    private void assertAllThere(LocalPartition partition) {
        int found = 0;
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                assertThat(cursor.offset()).isEqualTo(found);
                Integer number = told.get(cursor.offset());
                assertThat(number).as("who was told offset %d", found).isNotNull();
                assertThat(cursor.value()).isEqualTo(payload(number));
                found++;
            }
        }
        assertThat(found).isEqualTo(APPENDS);
    }
}
