package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Threads;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ParallelTest {
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(60);

    private final List<Integer> items = IntStream.range(0, 100).boxed().toList();
    private final Queue<Integer> done = new ConcurrentLinkedQueue<>();

    @Test
    void eachThing_isDoneOnce() throws InterruptedException {
        Parallel<Integer> run = start(Environment.real().threads(), 4, items, () -> done::add);
        assertThat(run.await(LONGEST)).isTrue();
        assertThat(done).containsExactlyInAnyOrderElementsOf(items);
        assertThat(run.failure()).isEmpty();
    }

    @Test
    void nothingToDo_endsAtOnce() throws InterruptedException {
        assertThat(start(Environment.real().threads(), 4, List.of(), () -> done::add)
                        .await(0))
                .isTrue();
    }

    @Test
    void noThreadGetsItsAction_itEndsAllTheSameAndSaysWhy() throws InterruptedException {
        Parallel<Integer> run = start(Environment.real().threads(), 4, items, () -> {
            throw new IllegalStateException("planted");
        });
        assertThat(run.await(LONGEST)).as("came to its end").isTrue();
        assertThat(run.failure().orElseThrow()).hasMessage("planted");
        assertThat(done).isEmpty();
    }

    @Test
    void oneThreadGetsNoAction_theOthersDoItsPart() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Parallel<Integer> run = start(Environment.real().threads(), 4, items, () -> {
            if (asked.getAndIncrement() == 0) {
                throw new IllegalStateException("planted");
            }
            return done::add;
        });
        assertThat(run.await(LONGEST)).isTrue();
        assertThat(done).containsExactlyInAnyOrderElementsOf(items);
        assertThat(run.failure().orElseThrow()).hasMessage("planted");
    }

    @Test
    void actionThrows_itEndsAllTheSameAndSaysWhy() throws InterruptedException {
        Parallel<Integer> run = start(Environment.real().threads(), 2, items, () -> item -> {
            throw new AssertionError("planted");
        });
        assertThat(run.await(LONGEST)).isTrue();
        assertThat(run.failure().orElseThrow()).hasMessage("planted");
    }

    @Test
    void notAllThreadsCanBeStarted_thoseThatCanDoAll() throws InterruptedException {
        AtomicInteger wanted = new AtomicInteger();
        Threads scarce = (name, task) -> {
            if (wanted.getAndIncrement() > 0) {
                throw new InternalError("planted: unable to create native thread");
            }
            return Environment.real().threads().newThread(name, task);
        };
        Parallel<Integer> run = start(scarce, 4, items, () -> done::add);
        assertThat(run.await(LONGEST)).isTrue();
        assertThat(done).containsExactlyInAnyOrderElementsOf(items);
    }

    private static Parallel<Integer> start(
            Threads threads, int threadCount, List<Integer> items, Supplier<Consumer<Integer>> actions) {
        return Parallel.start(threads, "wal-test", threadCount, items, actions);
    }
}
