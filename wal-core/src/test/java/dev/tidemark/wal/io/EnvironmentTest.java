package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EnvironmentTest {
    private final Environment real = Environment.real();

    @Test
    void threads_areNamedDaemonsAndNotStarted() {
        Thread thread = real.threads().newThread("wal-test", () -> {});
        assertThat(thread.getName()).isEqualTo("wal-test");
        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getState()).isEqualTo(Thread.State.NEW);
    }

    @Test
    void threadsOfAPool_areNumbered() {
        ThreadFactory factory = real.threads().factory("wal-flusher");
        assertThat(factory.newThread(() -> {}).getName()).isEqualTo("wal-flusher-0");
        assertThat(factory.newThread(() -> {}).getName()).isEqualTo("wal-flusher-1");
    }

    @Test
    void realTimers_runTasksOnTheirThreadWhenTheDelayHasPassed() throws InterruptedException {
        BlockingQueue<String> ran = new ArrayBlockingQueue<>(2);
        BlockingQueue<Long> at = new ArrayBlockingQueue<>(2);
        long start = real.clock().nanos();
        real.timers()
                .schedule(
                        () -> {
                            at.add(real.clock().nanos());
                            ran.add(Thread.currentThread().getName());
                        },
                        TimeUnit.MILLISECONDS.toNanos(20));
        assertThat(ran.poll(60, TimeUnit.SECONDS)).isEqualTo("wal-timer");
        assertThat(at.remove() - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
    }

    @Test
    void cancelledTask_doesNotRun() throws InterruptedException {
        BlockingQueue<String> ran = new ArrayBlockingQueue<>(2);
        Timers.Cancellable cancelled =
                real.timers().schedule(() -> ran.add("cancelled"), TimeUnit.MILLISECONDS.toNanos(50));
        assertThat(cancelled.cancel()).isTrue();
        assertThat(cancelled.cancel()).isFalse();
        real.timers().schedule(() -> ran.add("later"), TimeUnit.MILLISECONDS.toNanos(100));
        assertThat(ran.poll(60, TimeUnit.SECONDS)).isEqualTo("later");
    }

    @Test
    void taskThatThrows_isReportedAndLaterTasksRun() throws InterruptedException {
        BlockingQueue<Throwable> reported = new ArrayBlockingQueue<>(2);
        CountDownLatch later = new CountDownLatch(1);
        IllegalStateException thrown = new IllegalStateException("made up");
        real.timers()
                .schedule(
                        () -> {
                            Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> reported.add(e));
                            throw thrown;
                        },
                        0);
        real.timers().schedule(later::countDown, 1);
        assertThat(reported.poll(60, TimeUnit.SECONDS)).isSameAs(thrown);
        assertThat(later.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void realClock_goesForward() {
        long nanos = real.clock().nanos();
        assertThat(real.clock().nanos()).isGreaterThanOrEqualTo(nanos);
        assertThat(real.clock().millis()).isGreaterThan(1_600_000_000_000L);
    }

    @Test
    void eachPart_canBeReplacedAlone() {
        SimulatedDisk disk = new SimulatedDisk();
        ManualClock clock = new ManualClock();
        Random random = new Random(1);
        Threads threads = (name, task) -> new Thread(task, "other-" + name);
        Environment other =
                real.withDisk(disk).withTime(clock, clock).withRandom(random).withThreads(threads);
        assertThat(other).isEqualTo(new Environment(disk, clock, clock, threads, random));
        assertThat(real.disk()).isNotSameAs(disk);
    }
}
