package dev.tidemark.fault;

import dev.tidemark.crash.History;
import dev.tidemark.crash.Oracle;
import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.SimulatedDisk;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The workload once, with one fault, and the judgement: of what was told meanwhile, of what works afterwards, and of what is there after a
 * kill and after losses of power at the moment of the fault, a little later, and at the end.
 *
 * <p><b>Threads.</b> One.
 */
final class FaultRun {
    /** Longer than it takes the store to look for room again. */
    private static final Duration UNTIL_ROOM_IS_SEEN = Duration.ofMillis(1_100);

    private final FaultPlan plan;
    private final FaultTally tally;
    private final SimulatedDisk disk;
    private final History history;
    private final Striker striker;
    private final FaultWorkload workload;
    private final SplittableRandom random;
    private boolean isOver;
    private boolean isElsewhere;
    private Oracle.@Nullable Violation violation;
    private String place = "while the workload ran";

    private FaultRun(FaultPlan plan, Start.Beginning beginning, FaultTally tally) {
        this.plan = plan;
        this.tally = tally;
        disk = beginning.disk().copy();
        disk.recordNothing();
        history = beginning.history();
        random = new SplittableRandom(plan.toString().hashCode());
        striker = new Striker(disk, plan);
        workload = new FaultWorkload(disk, history, beginning.config(), plan.seed(), this::told);
    }

    /** Runs it; says whether the fault struck. */
    static boolean run(FaultPlan plan, Start.Beginning beginning, FaultTally tally) {
        FaultRun run = new FaultRun(plan, beginning, tally);
        try {
            run.run();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(e + "\n  " + run.place + ", fault " + plan, e);
        }
        if (run.striker.hasStruck()) {
            tally.struck(plan);
        }
        return run.striker.hasStruck();
    }

    private void run() {
        workload.run();
        requireNoViolation();
        Striker.Moment atTheEnd = striker.now();
        requireTheOtherPartitionGoesOn();
        goOnWithoutTheFault();
        requireNoViolation();
        if (!striker.hasStruck()) {
            return;
        }
        // A call that changes nothing leaves nothing special behind when it fails; what its caller does then shows at
        // the end.
        if (plan.changesTheDisk()) {
            for (Striker.Moment moment : striker.moments()) {
                place = "a crash at boundary " + moment.boundary();
                judge(moment, 2);
            }
        }
        place = "a crash at the end";
        judge(atTheEnd, 1);
        place = "closed and opened again";
        SimulatedDisk closed = disk.copy();
        requireFits(closed, history, end(), closed.operationCount());
    }

    private void told(Told.Call call, WalException error) {
        tally.told(call, error.code());
        if (!striker.hasStruck()) {
            violation("an error before anything had failed: " + call, error);
        } else if (isElsewhere) {
            violation("a partition that the fault does not concern is told of it: " + call, error);
        } else if (isOver && !isLate(call)) {
            violation("an error after the disk was well again: " + call, error);
        } else if (call == Told.Call.OPEN && plan.way() == Way.DISK_IS_FULL && plan.start() != Start.NOTHING) {
            violation("a store that was there is not opened on a full disk:", error);
        } else if (!Told.allows(call, error, plan.way())) {
            violation(
                    "told what is not documented: " + call + " "
                            + error.getClass().getSimpleName(),
                    error);
        }
    }

    /** What is told when the disk is well again: the end of the store, and what the kernel had not told yet. */
    private boolean isLate(Told.Call call) {
        return call == Told.Call.WAIT || call == Told.Call.CLOSE || plan.way() == Way.WRITE_BACK_FAILS;
    }

    /** Keeps the first. Not thrown at once: this may be inside of the store, which would take it for a mistake of its own. */
    private void violation(String what, WalException error) {
        if (violation == null) {
            violation = new Oracle.Violation(what + " " + error + "\n  " + place, error);
        }
    }

    private void requireNoViolation() {
        if (violation != null) {
            throw violation;
        }
    }

    // ---- while the fault lasts

    /** But for a disk that seems full: then appends that need new blocks are refused in the whole store. */
    private void requireTheOtherPartitionGoesOn() {
        if (plan.scope() != Scope.IN_ONE_PARTITION || plan.way().isFull() || !striker.hasStruck()) {
            return;
        }
        place = "in the other partition, while the fault lasts";
        isElsewhere = true;
        boolean goesOn = workload.goesOn(FaultWorkload.SECOND);
        isElsewhere = false;
        requireNoViolation();
        if (!goesOn) {
            throw new Oracle.Violation("there is no other partition, or no store: " + workload.describe());
        }
    }

    // ---- after the fault

    private void goOnWithoutTheFault() {
        striker.end();
        place = "after the fault";
        for (int i = 0; i < 3 && plan.way().isFull(); i++) {
            workload.timePasses(UNTIL_ROOM_IS_SEEN);
            workload.settle();
        }
        requireOthersGoOn();
        isOver = true;
        workload.ensureOpen();
        workload.requireAppends();
        place = "closing after the fault";
        workload.close();
    }

    private void requireOthersGoOn() {
        for (PartitionInfo info : workload.describe()) {
            boolean isStruck =
                    plan.scope() != Scope.IN_ONE_PARTITION || info.id().equals(FaultWorkload.FIRST);
            if (info.state() == LifeState.FAILED && (!isStruck || plan.way() == Way.DISK_IS_FULL)) {
                throw new Oracle.Violation(
                        "a partition failed that should go on: " + info,
                        info.failure().orElse(null));
            }
        }
    }

    // ---- what is there

    private void judge(Striker.Moment moment, int powerLosses) {
        killed(moment);
        for (int i = 0; i < powerLosses; i++) {
            CrashPlan crash = powerLoss();
            SimulatedDisk left = moment.disk().copy().powerLoss(crash);
            String before = place;
            place = before + ", power lost " + crash;
            requireFits(left, history, History.Crash.POWER_LOSS, moment.boundary());
            place = before;
        }
    }

    private CrashPlan powerLoss() {
        switch (random.nextInt(4)) {
            case 0:
                return CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE);
            case 1:
                return CrashPlan.keepNothing(NameRule.ANY_FORCE);
            default:
                return CrashPlan.random(random.nextLong());
        }
    }

    /** The process ends; the next one believes what the page cache shows, serves it, and then the power goes. */
    private void killed(Striker.Moment moment) {
        String before = place;
        place = before + ", killed";
        SimulatedDisk killed = moment.disk().copy();
        Judged judged = requireFits(killed, history, end(), moment.boundary());
        long servedAt = judged.served.operationCount();
        History served = history.continuedAfter(end(), moment.boundary(), judged.found.extents(), servedAt);
        CrashPlan crash = powerLoss();
        place = before + ", killed, recovered, power lost " + crash;
        requireFits(judged.served.powerLoss(crash), served, History.Crash.POWER_LOSS, servedAt);
        place = before;
    }

    /**
     * A store that was opened and judged.
     *
     * @param served the disk while it was open
     */
    private record Judged(Oracle.Found found, SimulatedDisk served) {}

    /** How a process ended that was killed: where pages leave the page cache that are nowhere else, it is as after a loss of power. */
    private History.Crash end() {
        return plan.way() == Way.EIO_PAGES_DROPPED ? History.Crash.POWER_LOSS : History.Crash.KILL;
    }

    /** Opens a disk that does not fail, but may be full, and judges what is there. */
    private Judged requireFits(SimulatedDisk left, History expected, History.Crash crash, long boundary) {
        left.recordNothing();
        tally.state();
        SteppedStore store = openUntilAllIsTold(left);
        try {
            Oracle.Found found = Oracle.read(store.engine(), expected, boundary);
            found.requireFits(expected, crash, boundary, boundary);
            tally.recovered(store.engine().recovery());
            return new Judged(found, left.copy());
        } finally {
            store.close();
        }
    }

    /** The error of a process that died before the kernel could tell it may be told to the next one. Once told it is gone. */
    private SteppedStore openUntilAllIsTold(SimulatedDisk left) {
        if (plan.way() != Way.WRITE_BACK_FAILS) {
            return open(left);
        }
        try {
            SteppedStore store = open(left);
            if (store.engine().recovery().partitions().stream().noneMatch(FaultRun::isLateError)) {
                return store;
            }
            store.close();
            return open(left);
        } catch (StorageException e) {
            return open(left);
        }
    }

    private static boolean isLateError(PartitionRecovery found) {
        return found.failure().isPresent() && found.cases().contains(RecoveryCase.R7);
    }

    private SteppedStore open(SimulatedDisk left) {
        WalConfig config = workload.config();
        return SteppedStore.open(left, config, new ManualClock(), random.nextLong());
    }
}
