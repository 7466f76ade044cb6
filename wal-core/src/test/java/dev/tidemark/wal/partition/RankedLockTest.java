package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.SimulatedDisk;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class RankedLockTest {
    private final Timer waits = new SimpleMeterRegistry().timer("waits");

    @Test
    void takenInOrder_isAllowed() {
        RankedLock first = lock(LockRank.METADATA, 30_000);
        RankedLock second = lock(LockRank.PARTITION, 30_000);
        first.lock();
        second.lock();
        second.unlock();
        first.unlock();
        assertThat(waits.count()).as("nobody had to wait").isZero();
    }

    @Test
    void takenOutOfOrder_failsAnAssertionAndIsNotHeld() {
        RankedLock first = lock(LockRank.METADATA, 30_000);
        RankedLock second = lock(LockRank.PARTITION, 30_000);
        second.lock();
        assertThatThrownBy(first::lock)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("lock=metadata held=partition");
        second.unlock();
        first.lock();
        first.unlock();
    }

    @Test
    void takenTwiceByOneThread_failsAnAssertion() {
        RankedLock lock = lock(LockRank.PARTITION, 30_000);
        lock.lock();
        assertThatThrownBy(lock::tryLock).isInstanceOf(AssertionError.class);
        lock.unlock();
    }

    @Test
    void diskUsedUnderALockThatForbidsIt_failsAnAssertion() throws Exception {
        SimulatedDisk disk = new SimulatedDisk();
        RankedLock partition = lock(LockRank.PARTITION, 30_000);
        partition.lock();
        assertThatThrownBy(() -> disk.exists(Path.of("/a"))).isInstanceOf(AssertionError.class);
        partition.unlock();
        RankedLock metadata = lock(LockRank.METADATA, 30_000);
        metadata.lock();
        assertThat(disk.exists(Path.of("/a"))).isFalse();
        metadata.unlock();
    }

    @Test
    void notFreeUntilTheDeadline_failsWithACodeAndIsCounted() throws Exception {
        RankedLock lock = lock(LockRank.PARTITION, 20);
        try (Holder ignored = new Holder(lock)) {
            assertThatThrownBy(lock::lock)
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCK_TIMEOUT));
        }
        assertThat(waits.count()).isEqualTo(1);
        assertThat(waits.totalTime(TimeUnit.MILLISECONDS)).isGreaterThanOrEqualTo(15);
        lock.lock();
        lock.unlock();
    }

    @Test
    void takenForWork_waitsOnWhereACallerIsRefused() throws Exception {
        RankedLock lock = lock(LockRank.PARTITION, 20);
        Holder holder = new Holder(lock);
        AtomicBoolean isTaken = new AtomicBoolean();
        Thread working = new Thread(() -> {
            lock.lockForWork();
            isTaken.set(true);
            lock.unlock();
        });
        working.start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> working.getState() == Thread.State.TIMED_WAITING);
        assertThatThrownBy(lock::lock).isInstanceOf(WalException.class);
        holder.close();
        working.join(60_000);
        assertThat(isTaken).isTrue();
    }

    @Test
    void interruptedWhileItWaits_isTakenAllTheSameAndTheInterruptIsKept() throws Exception {
        RankedLock lock = lock(LockRank.PARTITION, 30_000);
        Holder holder = new Holder(lock);
        AtomicReference<Boolean> wasInterrupted = new AtomicReference<>();
        Thread waiting = new Thread(() -> {
            Thread.currentThread().interrupt();
            lock.lock();
            lock.unlock();
            wasInterrupted.set(Thread.currentThread().isInterrupted());
        });
        waiting.start();
        waiting.interrupt();
        holder.close();
        waiting.join(30_000);
        assertThat(wasInterrupted.get()).isTrue();
    }

    @Test
    void readersTogether_writerAlone() throws Exception {
        RankedReadWriteLock lock = new RankedReadWriteLock(new RankedLock.Terms(
                LockRank.PARTITION,
                waits,
                Environment.real().clock(),
                Duration.ofMillis(20).toNanos()));
        try (Holder ignored = new Holder(lock.readLock())) {
            assertThat(lock.readLock().tryLock()).isTrue();
            lock.readLock().unlock();
            assertThat(lock.writeLock().tryLock(1)).isFalse();
        }
        lock.writeLock().lock();
        assertThat(lock.isWriteLockedByMe()).isTrue();
        lock.writeLock().unlock();
    }

    private RankedLock lock(LockRank rank, long timeoutMillis) {
        return RankedLock.exclusive(
                rank,
                waits,
                Environment.real().clock(),
                Duration.ofMillis(timeoutMillis).toNanos());
    }

    /** Another thread that holds the lock until it is closed. */
    private static final class Holder implements AutoCloseable {
        private final CountDownLatch mayRelease = new CountDownLatch(1);
        private final Thread thread;

        Holder(RankedLock lock) throws InterruptedException {
            CountDownLatch taken = new CountDownLatch(1);
            thread = new Thread(() -> {
                lock.lock();
                taken.countDown();
                try {
                    mayRelease.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                lock.unlock();
            });
            thread.start();
            assertThat(taken.await(30, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void close() throws InterruptedException {
            mayRelease.countDown();
            thread.join(30_000);
            assertThat(thread.isAlive()).isFalse();
        }
    }
}
