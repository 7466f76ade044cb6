package dev.tidemark.crashtest;

import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What is done to a log that writes to a {@link dev.tidemark.wal.io.Disk}: its power fails, and calls of its fail, on a simulated disk. Runs in the
 * child, and judges there, since the disk is there.
 *
 * <p><b>Threads.</b> One, beside those of the log.
 */
final class Simulation {
    private static final int MOST_PROBLEMS = 3;
    /** So many are judged, however slow it is. */
    private static final int LEAST_STATES = 20;
    /** Not every place between two operations, so that more than one workload gets its turn. */
    private static final int MOST_SKIPPED = 5;

    private static final int GOES_ON_ONE_IN = 8;

    private static final List<Operation.Kind> FAILING = List.of(
            Operation.Kind.CREATE,
            Operation.Kind.OPEN,
            Operation.Kind.CREATE_DIRECTORY,
            Operation.Kind.RENAME,
            Operation.Kind.DELETE,
            Operation.Kind.LIST,
            Operation.Kind.FORCE_DIRECTORY,
            Operation.Kind.WRITE,
            Operation.Kind.READ,
            Operation.Kind.FORCE,
            Operation.Kind.TRUNCATE,
            Operation.Kind.SIZE);

    private final DiskLogAdapter adapter;
    private final long seed;
    private final Random random;
    private final Consumer<Message> report;
    private long until;
    private int states;
    private int problems;

    Simulation(DiskLogAdapter adapter, long seed, Consumer<Message> report) {
        this.adapter = adapter;
        this.seed = seed;
        this.random = new Random(seed);
        this.report = report;
    }

    // ---- loss of power

    /** Lets the power fail between operations, for so long. */
    void powerLoss(long millis) {
        begin(millis);
        int workloads = 0;
        while (goesOn()) {
            loseAllAlong(workloads);
            workloads++;
        }
        counted("workloads", workloads);
        counted("states", states);
        report.accept(Message.of(Message.Kind.DONE));
    }

    private void begin(long millis) {
        until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private boolean goesOn() {
        return problems < MOST_PROBLEMS && (states < LEAST_STATES || System.nanoTime() < until);
    }

    private void loseAllAlong(int workload) {
        SimulatedRun run = new SimulatedRun(adapter, seed, workload);
        run.work();
        run.failure().ifPresent(failure -> broken("workload " + workload + ", with nothing wrong: " + failure));
        CrashStates walk = run.disk().crashStates();
        int skipped = random.nextInt(MOST_SKIPPED);
        while (goesOn() && walk.next()) {
            if (skipped-- > 0) {
                continue;
            }
            skipped = random.nextInt(MOST_SKIPPED);
            for (CrashPlan plan : List.of(
                    CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE),
                    CrashPlan.keepNothing(NameRule.ANY_FORCE),
                    CrashPlan.random(random.nextLong()))) {
                judge(
                        run,
                        walk.powerLoss(plan),
                        walk.boundary(),
                        "workload " + workload + ", power lost behind operation " + walk.boundary() + ", " + plan);
            }
            judge(
                    run,
                    walk.killed(),
                    walk.boundary(),
                    "workload " + workload + ", process ended behind operation " + walk.boundary());
        }
    }

    private void judge(SimulatedRun run, SimulatedDisk disk, long boundary, String where) {
        states++;
        List<String> found = run.judge(disk, boundary, random.nextInt(GOES_ON_ONE_IN) == 0);
        if (!found.isEmpty() && problems < MOST_PROBLEMS) {
            broken(where + ": " + String.join("; and ", found));
        }
    }

    private void broken(String what) {
        problems++;
        report.accept(Message.of(Message.Kind.BROKEN, what));
    }

    private void counted(String name, long number) {
        report.accept(Message.of(Message.Kind.COUNTED, name + "=" + number));
    }

    // ---- faults

    /** Lets calls fail, one in each run, for so long. */
    void faults(long millis) {
        begin(millis);
        Map<Operation.Kind, Long> calls = callsWithoutFaults();
        List<Strike> strikes = new ArrayList<>();
        calls.forEach((kind, count) -> {
            for (long n = 1; n <= count; n++) {
                strikes.add(new Strike(kind, n, Strike.Way.ERROR));
                if (kind == Operation.Kind.WRITE) {
                    strikes.add(new Strike(kind, n, Strike.Way.FULL));
                    strikes.add(new Strike(kind, n, Strike.Way.SHORT));
                }
            }
        });
        Collections.shuffle(strikes, random);
        int struck = 0;
        while (struck < strikes.size() && goesOn()) {
            strike(strikes.get(struck), struck);
            struck++;
        }
        counted("faults", struck);
        counted("possible", strikes.size());
        counted("states", states);
        report.accept(Message.of(Message.Kind.DONE));
    }

    private Map<Operation.Kind, Long> callsWithoutFaults() {
        SimulatedRun run = new SimulatedRun(adapter, seed, 0);
        run.work();
        run.failure().ifPresent(failure -> broken("with nothing wrong: " + failure));
        Map<Operation.Kind, Long> calls = new TreeMap<>();
        for (Operation.Kind kind : FAILING) {
            calls.put(kind, run.disk().count(kind));
        }
        return calls;
    }

    /**
     * One call that fails.
     *
     * @param kind which calls
     * @param number the how many-th of them
     * @param way what goes wrong
     */
    private record Strike(Operation.Kind kind, long number, Way way) {
        enum Way {
            ERROR,
            FULL,
            SHORT
        }

        /** For people. */
        String text() {
            String what = switch (way) {
                case ERROR -> "failed";
                case FULL -> "found the disk full";
                case SHORT -> "wrote one byte only";
            };
            return kind + " number " + number + ' ' + what;
        }

        Fault fault() {
            CallMatch call = CallMatch.on(kind).number(number);
            return switch (way) {
                case ERROR -> Fault.ioError(call);
                case FULL -> Fault.full(call);
                case SHORT -> Fault.shortWrite(call, 1);
            };
        }
    }

    private void strike(Strike strike, int number) {
        SimulatedRun run = new SimulatedRun(adapter, seed, number);
        run.disk().inject(strike.fault());
        run.work();
        SimulatedDisk disk = run.disk();
        String where = strike.text();
        judge(run, disk.copy(), Long.MAX_VALUE, where + ", then the process ended");
        CrashPlan nothing = CrashPlan.keepNothing(NameRule.ANY_FORCE);
        judge(run, disk.crash(nothing, disk.operationCount()), Long.MAX_VALUE, where + ", then power was lost");
    }
}
