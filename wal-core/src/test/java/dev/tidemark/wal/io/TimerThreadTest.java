package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TimerThreadTest {
    private static final long HOUR = TimeUnit.HOURS.toNanos(1);
    private static final long LONGEST_MILLIS = TimeUnit.SECONDS.toMillis(60);

    private final List<Thread> started = new ArrayList<>();
    private final BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();

    private TimerThread timers(long idleNanos) {
        Threads threads = (name, task) -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((of, e) -> uncaught.add(e));
            synchronized (started) {
                started.add(thread);
            }
            return thread;
        };
        return new TimerThread(Environment.real().clock(), threads, "timer", idleNanos);
    }

    @Test
    void tasks_runWhenTheyAreDueAndNotInTheOrderInWhichTheyCame() throws InterruptedException {
        TimerThread timers = timers(HOUR);
        timers.schedule(() -> ran.add("late"), TimeUnit.MILLISECONDS.toNanos(200));
        timers.schedule(() -> ran.add("early"), TimeUnit.MILLISECONDS.toNanos(100));
        timers.schedule(() -> ran.add("at once"), -5);
        assertThat(next()).isEqualTo("at once");
        assertThat(next()).isEqualTo("early");
        assertThat(next()).isEqualTo("late");
        assertThat(started).hasSize(1);
    }

    @Test
    void tasksOfOneMoment_runInTheOrderInWhichTheyCame() throws InterruptedException {
        ManualClock still = new ManualClock();
        CountDownLatch all = new CountDownLatch(1);
        TimerThread timers =
                new TimerThread(still, (name, task) -> new Thread(() -> awaitThen(all, task), name), "timer", HOUR);
        for (int i = 0; i < 10; i++) {
            int number = i;
            timers.schedule(() -> ran.add("task " + number), 0);
        }
        all.countDown();
        for (int i = 0; i < 10; i++) {
            assertThat(next()).isEqualTo("task " + i);
        }
        assertThat(timers.waiting()).isZero();
    }

    @Test
    void nothingWaits_threadEndsAndTheNextTaskGetsAnother() throws InterruptedException {
        TimerThread timers = timers(1);
        timers.schedule(() -> ran.add("first"), 0);
        assertThat(next()).isEqualTo("first");
        assertEnds(0);
        timers.schedule(() -> ran.add("second"), 0);
        assertThat(next()).isEqualTo("second");
        assertEnds(1);
    }

    @Test
    void lastTaskIsCancelled_threadDoesNotSleepUntilItsTime() throws InterruptedException {
        TimerThread timers = timers(1);
        Timers.Cancellable far = timers.schedule(() -> ran.add("far"), HOUR);
        assertThat(far.cancel()).isTrue();
        assertThat(far.cancel()).isFalse();
        assertEnds(0);
        assertThat(ran).isEmpty();
    }

    @Test
    void taskIsFarOff_threadIsNotWokenOnTheWay() throws InterruptedException {
        TimerThread timers = timers(TimeUnit.MILLISECONDS.toNanos(1));
        Timers.Cancellable far = timers.schedule(() -> ran.add("far"), HOUR);
        timers.schedule(() -> ran.add("near"), 0);
        assertThat(next()).isEqualTo("near");
        Thread thread = started.get(0);
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        // Many times what it stays without a task: it waits for the far one, and for nothing else.
        thread.join(300);
        assertThat(thread.getState()).isEqualTo(Thread.State.TIMED_WAITING);
        assertThat(timers.waiting()).isEqualTo(1);
        assertThat(far.cancel()).isTrue();
        assertEnds(0);
    }

    @Test
    void taskThatThrows_isReportedAndTheTasksBehindItRun() throws InterruptedException {
        TimerThread timers = timers(HOUR);
        Error thrown = new AssertionError("made up");
        CountDownLatch both = new CountDownLatch(1);
        timers.schedule(
                () -> {
                    awaitThen(both, () -> {
                        throw thrown;
                    });
                },
                0);
        timers.schedule(() -> ran.add("behind"), 0);
        both.countDown();
        assertThat(next()).isEqualTo("behind");
        assertThat(uncaught.poll(60, TimeUnit.SECONDS)).isSameAs(thrown);
    }

    @Test
    void taskThatInterruptsItsThread_doesNotEndIt() throws InterruptedException {
        TimerThread timers = timers(HOUR);
        timers.schedule(() -> Thread.currentThread().interrupt(), 0);
        timers.schedule(() -> ran.add("behind"), TimeUnit.MILLISECONDS.toNanos(50));
        assertThat(next()).isEqualTo("behind");
        assertThat(uncaught).isEmpty();
    }

    @Test
    void threadCannotBeStarted_callerIsToldAndTheNextTaskTriesAgain() throws InterruptedException {
        List<String> refusals = new ArrayList<>(List.of("no thread left"));
        Threads scarce = (name, task) -> {
            if (!refusals.isEmpty()) {
                throw new InternalError(refusals.remove(0));
            }
            return Environment.real().threads().newThread(name, task);
        };
        TimerThread timers = new TimerThread(Environment.real().clock(), scarce, "timer", 1);
        assertThatThrownBy(() -> timers.schedule(() -> ran.add("refused"), 0)).hasMessage("no thread left");
        assertThat(timers.waiting()).isZero();
        timers.schedule(() -> ran.add("taken"), 0);
        assertThat(next()).isEqualTo("taken");
        assertThat(ran).isEmpty();
    }

    private String next() throws InterruptedException {
        return ran.poll(60, TimeUnit.SECONDS);
    }

    private void assertEnds(int number) throws InterruptedException {
        Thread thread;
        synchronized (started) {
            thread = started.get(number);
        }
        thread.join(LONGEST_MILLIS);
        assertThat(thread.isAlive()).as("still there").isFalse();
    }

    private static void awaitThen(CountDownLatch latch, Runnable task) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        task.run();
    }
}
