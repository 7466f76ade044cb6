package dev.tidemark.soak;

import dev.tidemark.cli.Quantity;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A store under load for a long time: opened, written, read, trimmed and closed, again and again. Everything that is read is compared with what must come, the ends are
 * watched, each opening must find a clean store, and when it is closed nothing of it may be left in this process.
 *
 * <p><b>Threads.</b> One runs it, and starts those that write, read and watch; any may {@link #stop} it.
 */
final class Soak {
    private static final Duration SHORTEST_LIFE = Duration.ofSeconds(1);
    private static final Duration LONGEST_LIFE = Duration.ofSeconds(30);
    private static final int LIVES_IN_A_SHORT_TIME = 3;
    private static final Duration LOOK_EACH = Duration.ofMillis(50);
    private static final Duration LONGEST_END = Duration.ofMinutes(2);

    /**
     * What is to be done.
     *
     * @param directory an empty directory
     * @param time how long, about
     * @param partitions how many there are
     * @param writers how many threads append
     * @param seed of all draws
     */
    record Plan(Path directory, Duration time, int partitions, int writers, long seed) {}

    private final Plan plan;
    private final Consumer<String> progress;
    private final SoakState state;
    private final long beganNanos = System.nanoTime();
    private Optional<Resources> first = Optional.empty();
    private Optional<Resources> last = Optional.empty();
    private int lives;
    private volatile boolean isStopped;

    Soak(Plan plan, Consumer<String> progress) {
        this.plan = plan;
        this.progress = progress;
        this.state = new SoakState(plan.writers(), plan.partitions());
    }

    /** Runs all of it, and says what is wrong; nothing if all is right. */
    List<String> run() throws IOException, InterruptedException {
        Duration life = lengthOfALife();
        while (!isStopped && state.problems().isEmpty() && elapsed().compareTo(plan.time()) < 0) {
            live(life);
            lives++;
            lookForLeaks();
            progress.accept(line());
        }
        return state.problems();
    }

    /** Several even in a short time: what grows shows between one closing and the next. */
    private Duration lengthOfALife() {
        Duration part = plan.time().dividedBy(LIVES_IN_A_SHORT_TIME);
        if (part.compareTo(SHORTEST_LIFE) < 0) {
            return SHORTEST_LIFE;
        }
        return part.compareTo(LONGEST_LIFE) > 0 ? LONGEST_LIFE : part;
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - beganNanos);
    }

    /** Makes {@link #run} end soon, with what it has found so far. */
    void stop() {
        isStopped = true;
        state.stop();
    }

    private void live(Duration life) throws InterruptedException {
        WalConfig config = WalConfig.builder(plan.directory())
                .segmentBytes(1 << 20)
                .retention(Retention.FOREVER.keepingCheckpoints())
                .build();
        try (Wal wal = Wal.open(config)) {
            if (lives > 0 && !wal.recovery().wasClean()) {
                state.wrong("it was closed, and does not open as closed: "
                        + wal.recovery().toJson());
            }
            List<LocalPartition> partitions = new ArrayList<>();
            for (int i = 0; i < plan.partitions(); i++) {
                partitions.add(wal.partition(new PartitionId("soak", i)));
            }
            state.goOn();
            if (isStopped) {
                state.stop();
            }
            work(partitions, life);
        }
    }

    private void work(List<LocalPartition> partitions, Duration life) throws InterruptedException {
        List<Thread> writing = new ArrayList<>();
        for (int i = 0; i < plan.writers(); i++) {
            writing.add(new Thread(new SoakWriter(state, partitions, i, plan.seed()), "soak-writer-" + i));
        }
        writing.add(new Thread(new EndsWatch(state, partitions), "soak-ends"));
        List<Thread> reading = new ArrayList<>();
        for (int i = 0; i < partitions.size(); i++) {
            reading.add(new Thread(new SoakReader(state, partitions.get(i), i, plan.seed()), "soak-reader-" + i));
        }
        reading.forEach(Thread::start);
        writing.forEach(Thread::start);
        long until = System.nanoTime() + life.toNanos();
        while (!state.isStopped() && System.nanoTime() - until < 0) {
            TimeUnit.NANOSECONDS.sleep(Math.min(LOOK_EACH.toNanos(), Math.max(1, until - System.nanoTime())));
        }
        state.stop();
        await(writing);
        partitions.forEach(LocalPartition::sync);
        state.allIsWritten();
        await(reading);
        requireThatAllWasRead();
    }

    private void await(List<Thread> threads) throws InterruptedException {
        long until = System.nanoTime() + LONGEST_END.toNanos();
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())));
            if (thread.isAlive()) {
                state.wrong(thread.getName() + " does not end: it is at "
                        + Arrays.toString(
                                Arrays.copyOf(thread.getStackTrace(), Math.min(5, thread.getStackTrace().length))));
                return;
            }
        }
    }

    private void requireThatAllWasRead() {
        for (int writer = 0; writer < plan.writers() && state.problems().isEmpty(); writer++) {
            for (int partition = 0; partition < plan.partitions(); partition++) {
                long written = state.written[writer][partition];
                long read = state.read[partition][writer];
                if (written != read) {
                    state.wrong("partition " + partition + ": records of writer " + writer + " are missing: written="
                            + written + " read=" + read);
                }
            }
        }
    }

    /** With nothing open. The first life is what is usual: classes are loaded then, and pools filled. */
    private void lookForLeaks() throws IOException {
        Resources now = Resources.now();
        last = Optional.of(now);
        if (first.isEmpty()) {
            first = last;
        }
        now.leaksSince(first.get()).forEach(state::wrong);
    }

    int lives() {
        return lives;
    }

    long appended() {
        return state.appended();
    }

    long bytes() {
        return state.bytes();
    }

    Duration took() {
        return elapsed();
    }

    /** How far it has got. */
    String line() {
        return Quantity.nanos(elapsed().toNanos()) + ": " + Quantity.count(lives) + " times opened, "
                + Quantity.count(state.appended(), "record") + ", " + Quantity.bytes(state.bytes())
                + last.map(held -> "; closed it holds " + held.text()).orElse("");
    }
}
