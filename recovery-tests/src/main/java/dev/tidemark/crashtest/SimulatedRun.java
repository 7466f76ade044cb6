package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * One log on one simulated disk: opened, appended to and closed twice, by one thread. Times in its ledger are numbers of operations on the disk.
 *
 * <p><b>Threads.</b> One, beside those of the log.
 */
final class SimulatedRun {
    private static final Path DIRECTORY = Path.of("/log");
    private static final int OPENINGS = 2;
    private static final int LEAST_APPENDS = 4;
    private static final int MORE_APPENDS = 12;
    /** The number of the process whose append shows that the log goes on after a crash. */
    private static final int AFTERWARDS = 1000;

    private final DiskLogAdapter adapter;
    private final long seed;
    private final int workload;
    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
    private final Ledger ledger = new Ledger();
    private Optional<String> failure = Optional.empty();

    SimulatedRun(DiskLogAdapter adapter, long seed, int workload) {
        this.adapter = adapter;
        this.seed = seed;
        this.workload = workload;
    }

    SimulatedDisk disk() {
        return disk;
    }

    /** What the log threw first, if anything. */
    Optional<String> failure() {
        return failure;
    }

    /** Opens, appends and closes, and again. What the log throws ends nothing: it is asked for the next thing. */
    void work() {
        SplittableRandom draws = new SplittableRandom(seed + workload);
        for (int opening = 0; opening < OPENINGS; opening++) {
            int appends = LEAST_APPENDS + draws.nextInt(MORE_APPENDS);
            try (TestedLog log = adapter.open(DIRECTORY, disk)) {
                for (int number = 0; number < appends; number++) {
                    append(log, Payload.id(opening, 0, number));
                }
            } catch (Exception e) {
                failed("opening or closing", e);
            }
        }
    }

    private void append(TestedLog log, long id) {
        ledger.submits(id, disk.operationCount());
        try {
            log.append(Payload.of(seed, id));
            ledger.acknowledged(id, disk.operationCount());
        } catch (Exception e) {
            failed("append", e);
        }
    }

    private void failed(String what, Exception e) {
        if (failure.isEmpty()) {
            failure = Optional.of(what + " failed: " + e);
        }
    }

    /**
     * Opens what a crash has left, and says what is wrong with it.
     *
     * @param time how many operations had been done
     * @param goesOn whether one more record is appended, and looked for when the log has been closed and opened again
     */
    List<String> judge(Disk after, long time, boolean goesOn) {
        Reading first = new Reading(seed);
        long more = Payload.id(AFTERWARDS, 0, 0);
        try (TestedLog log = adapter.open(DIRECTORY, after)) {
            log.read(first::add);
            if (goesOn) {
                log.append(Payload.of(seed, more));
            }
        } catch (Exception e) {
            return List.of("the log cannot be opened, read, appended to or closed: " + e);
        }
        List<String> problems = new ArrayList<>(ledger.judge(first, time));
        if (goesOn) {
            problems.addAll(judgeAgain(after, first, more));
        }
        return problems;
    }

    private List<String> judgeAgain(Disk after, Reading first, long more) {
        Ledger next = new Ledger();
        next.settle(first);
        next.submits(more, 0);
        next.acknowledged(more, 0);
        Reading second = new Reading(seed);
        try (TestedLog log = adapter.open(DIRECTORY, after)) {
            log.read(second::add);
        } catch (Exception e) {
            return List.of("the log cannot be opened, read or closed once more: " + e);
        }
        return next.judge(second).stream()
                .map(problem -> "one more append and another opening later: " + problem)
                .toList();
    }
}
