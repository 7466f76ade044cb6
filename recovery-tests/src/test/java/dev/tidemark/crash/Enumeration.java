package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * All the crashes of one recording: at every boundary of its operations the process is killed, and the power goes in several
 * ways; each state is opened by the real engine and judged. Some go on from there and crash again: while they recover, at the
 * moment they begin to serve, and after more appends.
 *
 * <p><b>Threads.</b> One.
 */
final class Enumeration {
    /** Sampled losses of power at a boundary, beside those that keep all or nothing. */
    private static final int SAMPLES = 3;
    /** Where a loss of power can leave no more states than that, all are tried. */
    private static final int MOST_LOSSES = 8;
    /** Of so many states one goes on and crashes again. */
    private static final int GOES_ON_ONE_IN = 6;
    /** After a failed force a kill is what shows whether recovery writes again what it reads: then more of them do. */
    private static final int GOES_ON_AFTER_FAILURE_ONE_IN = 2;
    /** The steps before the first append are the same in all workloads: so many of them are looked at in full. */
    private static final int BEGINNING_IN_FULL_ONE_IN = 8;

    private final Tally tally;
    private final UnaryOperator<Disk> lies;
    private final Recording recording;
    private final WalConfig config;
    private final List<CrashPoint> points;
    private final Map<Long, Oracle.Found> known = new HashMap<>();
    private final Map<Long, Oracle.Found> knownOfAll = new HashMap<>();
    private final SplittableRandom random;
    private final long forceFailedAt;

    /** Where the walk is, for the report of a violation. */
    private String place = "";

    private Enumeration(Recording recording, Tally tally, UnaryOperator<Disk> lies) {
        this.tally = tally;
        this.lies = lies;
        this.recording = recording;
        this.config = recording.config().toBuilder()
                .prefill(recording.seed() % 2 == 0)
                .build();
        points = CrashPoint.of(recording.operations(), config.directory());
        random = new SplittableRandom(recording.seed() * 0x9E3779B97F4A7C15L);
        forceFailedAt = recording.operations().stream()
                .filter(operation -> operation.kind() == Operation.Kind.FORCE && !operation.tookEffect())
                .mapToLong(Operation::index)
                .findFirst()
                .orElse(Long.MAX_VALUE);
    }

    /** Tries all of them with a disk that does what it says. */
    static void run(Recording recording, Tally tally) {
        run(recording, tally, honest -> honest);
    }

    /** Tries all of them; recovery sees the disk through something else. */
    static void run(Recording recording, Tally tally, UnaryOperator<Disk> lies) {
        Enumeration enumeration = new Enumeration(recording, tally, lies);
        try {
            enumeration.walk();
        } catch (RuntimeException | AssertionError e) {
            throw new Oracle.Violation(e.getMessage() + enumeration.place + enumeration.lastOperations(), e);
        }
        tally.workload(recording.operations().size());
    }

    private String lastOperations() {
        List<Operation> changes = recording.operations().stream()
                .limit(recording.states().boundary())
                .filter(Operation::changedTheDisk)
                .toList();
        StringBuilder text = new StringBuilder("\n  the last operations:");
        changes.subList(Math.max(0, changes.size() - 12), changes.size())
                .forEach(operation -> text.append("\n    ").append(operation));
        return text.toString();
    }

    private void walk() {
        CrashStates states = recording.states();
        while (states.next()) {
            long boundary = states.boundary();
            Moment now = new Moment(boundary, boundary, nextChange(boundary));
            CrashPoint point = points.get(Math.toIntExact(boundary) - 1);
            SimulatedDisk killed = states.killed();
            place(boundary, "killed");
            long visible = judge(killed, Tally.Kind.KILLED, point, History.Crash.KILL, now);
            long inside = random.nextLong();
            place(boundary, "killedInNext(" + inside + "L)");
            SimulatedDisk torn = states.killedInNext(inside);
            if (torn.fingerprint() != visible) {
                Moment during = new Moment(boundary, now.promisedBefore, now.promisedBefore);
                judge(torn, Tally.Kind.KILLED_INSIDE, point, History.Crash.KILL, during);
            }
            for (CrashPlan plan : plans(point)) {
                place(boundary, plan.toString());
                judge(states.powerLoss(plan), Tally.Kind.POWER_LOST, point, History.Crash.POWER_LOSS, now);
            }
            allLosses(states, point, now);
        }
    }

    /** All subsets of what was not forced, where they are few. */
    private void allLosses(CrashStates states, CrashPoint point, Moment now) {
        if (isBeginning(point)) {
            return;
        }
        for (NameRule rule : NameRule.values()) {
            long few = states.losses(rule);
            if (few > MOST_LOSSES) {
                continue;
            }
            int judged = states.each(rule, MOST_LOSSES, 0, state -> {
                place(now.boundary, state.plan().toString());
                judgeOnly(state.disk(), point, now);
            });
            if (judged < CrashStates.MOST_STATES) {
                tally.inFull();
            }
        }
    }

    /** As {@link #judge}, without going on; it leaves the numbers alone that the sampled states are drawn from. */
    private void judgeOnly(SimulatedDisk disk, CrashPoint point, Moment when) {
        long fingerprint = disk.fingerprint();
        Oracle.Found found = known.get(fingerprint);
        found = found == null ? knownOfAll.get(fingerprint) : found;
        tally.state(Tally.Kind.POWER_LOST, recording.stages().at(when.boundary), point, fingerprint);
        if (found == null) {
            disk.recordNothing();
            try (SteppedStore store = SteppedStore.open(lies.apply(disk), config, new ManualClock(), fingerprint)) {
                found = look(store, recording.history(), History.Crash.POWER_LOSS, when);
                knownOfAll.put(fingerprint, found);
            }
        } else {
            found.requireFits(recording.history(), History.Crash.POWER_LOSS, when.submittedBefore, when.promisedBefore);
        }
    }

    /** The steps before the first append are the same in all workloads: some of them look at those in full. */
    private boolean isBeginning(CrashPoint point) {
        boolean isBeginning = point == CrashPoint.STORE_FILES
                || point == CrashPoint.PARTITION_MAKING
                || point == CrashPoint.PARTITION_MADE
                || point == CrashPoint.PARTITION_NAME_FORCED;
        return isBeginning && recording.seed() % BEGINNING_IN_FULL_ONE_IN != 0;
    }

    private List<CrashPlan> plans(CrashPoint point) {
        List<CrashPlan> plans = new ArrayList<>();
        plans.add(CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE));
        plans.add(CrashPlan.keepNothing(NameRule.ANY_FORCE));
        int samples = isBeginning(point) ? 0 : SAMPLES;
        for (int i = 0; i < samples; i++) {
            plans.add(CrashPlan.random(random.nextLong()));
        }
        return plans;
    }

    /** The states at a boundary stay the same until the next change: promises made until then hold for them. */
    private long nextChange(long boundary) {
        List<Operation> operations = recording.operations();
        int next = Math.toIntExact(boundary);
        while (next < operations.size() && !operations.get(next).changedTheDisk()) {
            next++;
        }
        return next;
    }

    private void place(long boundary, String plan) {
        place = "\n  after " + recording.operations().get(Math.toIntExact(boundary) - 1) + " (boundary " + boundary
                + ", " + points.get(Math.toIntExact(boundary) - 1) + "), crash=" + plan;
    }

    /**
     * When a crash came.
     *
     * @param boundary how many operations had returned
     * @param submittedBefore nothing submitted later can be there
     * @param promisedBefore all that was promised until then must be there
     */
    private record Moment(long boundary, long submittedBefore, long promisedBefore) {}

    private long judge(SimulatedDisk disk, Tally.Kind kind, CrashPoint point, History.Crash crash, Moment when) {
        long fingerprint = disk.fingerprint();
        tally.state(kind, recording.stages().at(when.boundary), point, fingerprint);
        Oracle.Found found = known.get(fingerprint);
        boolean isAfterFailure = crash == History.Crash.KILL && when.boundary > forceFailedAt;
        boolean goesOn = random.nextInt(isAfterFailure ? GOES_ON_AFTER_FAILURE_ONE_IN : GOES_ON_ONE_IN) == 0;
        if (found != null && !goesOn) {
            // The same bytes: what recovery makes of them is known, only more may have been promised by now.
            found.requireFits(recording.history(), crash, when.submittedBefore, when.promisedBefore);
            return fingerprint;
        }
        if (!goesOn) {
            disk.recordNothing();
        }
        long beganAt = disk.operationCount();
        try (SteppedStore store = open(disk)) {
            long servedAt = disk.operationCount();
            found = look(store, recording.history(), crash, when);
            known.put(fingerprint, found);
            if (goesOn) {
                History history = recording.history().continuedAfter(crash, when.boundary, found.extents(), servedAt);
                goOn(new Second(disk, store, history, crash, beganAt, servedAt), found);
            }
        }
        return fingerprint;
    }

    private SteppedStore open(SimulatedDisk disk) {
        SteppedStore store = SteppedStore.open(lies.apply(disk), config, new ManualClock(), random.nextLong());
        if (store.engine().recovery().refused().isEmpty()) {
            requireNothingUnfinished(disk, store);
        }
        return store;
    }

    /** What an earlier process left unfinished is never adopted, and does not gather crash after crash; and nobody keeps aside what is not damaged. */
    private static void requireNothingUnfinished(SimulatedDisk disk, SteppedStore store) {
        for (Path file : disk.files()) {
            String name = file.getFileName().toString();
            if (Names.isTemporary(name) || name.endsWith(".damaged")) {
                store.close();
                throw new Oracle.Violation("recovery has left a file that should not be there: " + file);
            }
        }
    }

    private Oracle.Found look(SteppedStore store, History history, History.Crash crash, Moment when) {
        tally.recovered(store.engine().recovery());
        Oracle.Found found = Oracle.read(store.engine(), history, when.submittedBefore);
        found.requireFits(history, crash, when.submittedBefore, when.promisedBefore);
        return found;
    }

    // ---- going on, and crashing again

    /** The process that found a state, and goes on with it; when it began, and when it was ready, in operations. */
    private record Second(
            SimulatedDisk disk, SteppedStore store, History history, History.Crash crash, long beganAt, long servedAt) {

        Tally.Kind kindOf(long boundary, boolean isKill) {
            if (boundary < servedAt) {
                return Tally.Kind.AGAIN_IN_RECOVERY;
            }
            return boundary == servedAt && crash == History.Crash.KILL && !isKill
                    ? Tally.Kind.SERVED_THEN_POWER_LOST
                    : Tally.Kind.AGAIN_AFTER_USE;
        }
    }

    private void goOn(Second second, Oracle.Found found) {
        long beganAt = second.beganAt;
        long servedAt = second.servedAt;
        repeat(second, found);
        use(second);
        CrashStates states = second.disk.crashStates();
        List<Operation> operations = states.operations();
        String first = place;
        TreeSet<Long> boundaries = new TreeSet<>();
        boundaries.add(beganAt + 1 + random.nextLong(servedAt - beganAt));
        boundaries.add(servedAt);
        boundaries.add(servedAt + random.nextLong(beganAt + operations.size() - servedAt + 1));
        List<CrashPoint> secondPoints = CrashPoint.of(operations, config.directory());
        for (long boundary : boundaries) {
            states.advanceTo(boundary);
            int last = Math.toIntExact(boundary - beganAt) - 1;
            boolean isKill = random.nextInt(4) == 0;
            CrashPlan plan = random.nextInt(3) == 0
                    ? CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE)
                    : CrashPlan.random(random.nextLong());
            place = first + "\n  then after " + operations.get(last) + " (boundary " + boundary + ", servedAt="
                    + servedAt + "), crash=" + (isKill ? "killed" : plan);
            SimulatedDisk disk = isKill ? states.killed() : states.powerLoss(plan);
            disk.recordNothing();
            tally.state(
                    second.kindOf(boundary, isKill),
                    boundary <= servedAt ? Stage.OPENING : Stage.SERVING,
                    secondPoints.get(last),
                    disk.fingerprint());
            History.Crash crash = isKill ? History.Crash.KILL : History.Crash.POWER_LOSS;
            try (SteppedStore third = open(disk)) {
                look(third, second.history, crash, new Moment(boundary, boundary, boundary));
            }
        }
        place = first + "\n  then closed and opened again";
        reopen(second);
        place = first;
    }

    private void use(Second second) {
        if (random.nextBoolean()) {
            tryAgain(second);
        }
        Payloads payloads = new Payloads(second.disk, random, Math.min(8 << 10, config.largestAppendBytes()));
        int appends = 1 + random.nextInt(4);
        for (int i = 0; i < appends; i++) {
            PartitionId id = new PartitionId("p", random.nextInt(3));
            LocalPartition partition = second.store.engine().partition(id);
            History.Log log = second.history.log(id);
            log.created(second.disk.operationCount());
            Client client = new Client(second.disk, partition, log);
            Durability durability = random.nextInt(4) == 0 ? Durability.WRITTEN : Durability.SYNCED;
            AppendRequest request = payloads.next(durability, config.directory().resolve(id.toString()));
            client.append(request);
            if (random.nextInt(8) == 0) {
                client.rotate();
            }
            if (random.nextBoolean()) {
                second.store.settle();
            }
        }
    }

    /** Producers repeat what is there, each with as many appends as the log promises to recognise: each gets the offset at which it lies. */
    private void repeat(Second second, Oracle.Found found) {
        found.contents().forEach((id, contents) -> {
            LocalPartition partition = second.store.engine().partition(id);
            long end = partition.ends().logEnd();
            for (Submission original : contents.repeatable()) {
                long offset = partition.append(original.request().withDurability(Durability.SYNCED));
                tally.repeated();
                if (offset != original.offset() || partition.ends().logEnd() != end) {
                    throw new Oracle.Violation("a repeat after recovery was given offset " + offset + ", logEnd was "
                            + end + " and is " + partition.ends().logEnd() + ": " + original);
                }
            }
        });
    }

    /**
     * What got no answer is sent again, as clients do. A frame of the same size at the same place: should anything be left behind
     * it that the crash had kept, it would now come back to life.
     */
    private void tryAgain(Second second) {
        for (History.Log log : second.history.logs()) {
            log.firstLost().ifPresent(request -> {
                LocalPartition partition = second.store.engine().partition(log.id());
                new Client(second.disk, partition, log).append(request);
            });
        }
    }

    /** A segment that recovery closed has no stamp: PARTITION says where it ends, and nothing lies behind. */
    private static void requireClean(RecoveryReport report) {
        for (PartitionRecovery found : report.partitions()) {
            if (found.undecided().isPresent()
                    || !found.cases().equals(List.of(RecoveryCase.CLEAN))
                            && !found.cases().equals(List.of(RecoveryCase.R1))) {
                throw new Oracle.Violation("closed cleanly, and yet something was amiss: " + report.toJson());
            }
        }
    }

    private void reopen(Second second) {
        second.store.close();
        long boundary = second.disk.operationCount();
        tally.state(Tally.Kind.REOPENED, Stage.CLOSING, CrashPoint.METADATA_CHANGED, second.disk.fingerprint());
        try (SteppedStore third = open(second.disk)) {
            requireClean(third.engine().recovery());
            look(third, second.history, History.Crash.KILL, new Moment(boundary, boundary, boundary));
        }
    }
}
