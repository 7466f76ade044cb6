package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class DeadlockWatchTest {
    @Test
    void twoThreadsThatTakeTwoLocksInTwoOrders_areFound() throws Exception {
        assertThat(DeadlockWatch.look()).isEmpty();
        ReentrantLock first = new ReentrantLock();
        ReentrantLock second = new ReentrantLock();
        CountDownLatch bothHaveOne = new CountDownLatch(2);
        Thread one = locking(first, second, bothHaveOne, "takes-first-then-second");
        Thread other = locking(second, first, bothHaveOne, "takes-second-then-first");
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> DeadlockWatch.look().isPresent());
        assertThat(DeadlockWatch.look())
                .hasValueSatisfying(text -> assertThat(text).contains(one.getName(), other.getName()));
        one.interrupt();
        other.interrupt();
        one.join(60_000);
        other.join(60_000);
        assertThat(DeadlockWatch.look()).isEmpty();
    }

    private static Thread locking(ReentrantLock first, ReentrantLock second, CountDownLatch bothHaveOne, String name) {
        Thread thread = new Thread(
                () -> {
                    first.lock();
                    try {
                        bothHaveOne.countDown();
                        bothHaveOne.await();
                        second.lockInterruptibly();
                        second.unlock();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        first.unlock();
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
