package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManualClockTest {
    private final ManualClock clock = new ManualClock();
    private final long start = clock.nanos();
    private final List<String> ran = new ArrayList<>();

    private void note(String name) {
        ran.add(name + "@" + (clock.nanos() - start));
    }

    @Test
    void time_standsStillUntilItIsMoved() {
        long millis = clock.millis();
        assertThat(clock.nanos()).isEqualTo(start);
        clock.advance(Duration.ofMillis(250));
        assertThat(clock.nanos() - start).isEqualTo(250_000_000);
        assertThat(clock.millis() - millis).isEqualTo(250);
    }

    @Test
    void dueTasks_runInTheOrderOfTheirTimesWithTheClockAtThem() {
        clock.schedule(() -> note("late"), 30);
        clock.schedule(() -> note("early"), 10);
        clock.schedule(() -> note("early too"), 10);
        clock.schedule(() -> note("never"), 1_000);
        clock.advance(Duration.ofNanos(100));
        assertThat(ran).containsExactly("early@10", "early too@10", "late@30");
        assertThat(clock.nanos() - start).isEqualTo(100);
        assertThat(clock.waitingTasks()).isEqualTo(1);
    }

    @Test
    void taskScheduledByATask_runsIfItIsDueByThen() {
        clock.schedule(
                () -> {
                    note("first");
                    clock.schedule(() -> note("second"), 5);
                    clock.schedule(() -> note("third"), 500);
                },
                10);
        clock.advance(Duration.ofNanos(20));
        assertThat(ran).containsExactly("first@10", "second@15");
    }

    @Test
    void taskWithoutDelay_waitsForTheNextRun() {
        clock.schedule(() -> note("now"), -5);
        assertThat(ran).isEmpty();
        clock.runDue();
        assertThat(ran).containsExactly("now@0");
    }

    @Test
    void cancelledTask_doesNotRun() {
        Timers.Cancellable task = clock.schedule(() -> note("cancelled"), 10);
        assertThat(task.cancel()).isTrue();
        assertThat(task.cancel()).isFalse();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ran).isEmpty();
        Timers.Cancellable done = clock.schedule(() -> note("done"), 0);
        clock.runDue();
        assertThat(done.cancel()).isFalse();
    }

    @Test
    void taskThatThrows_isNoticedByTheTest() {
        clock.schedule(
                () -> {
                    throw new IllegalStateException("made up");
                },
                10);
        clock.schedule(() -> note("later"), 20);
        assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(1))).hasMessage("made up");
        clock.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("later@20");
    }

    @Test
    void timeOfDay_jumpsWithoutElapsedTime() {
        clock.schedule(() -> note("task"), 10);
        clock.setMillis(5);
        assertThat(clock.millis()).isEqualTo(5);
        assertThat(clock.nanos()).isEqualTo(start);
        clock.advance(Duration.ofMillis(3));
        assertThat(clock.millis()).isEqualTo(8);
        assertThat(ran).containsExactly("task@10");
    }
}
