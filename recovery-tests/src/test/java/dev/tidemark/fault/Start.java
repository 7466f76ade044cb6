package dev.tidemark.fault;

import dev.tidemark.crash.CrashPoint;
import dev.tidemark.crash.History;
import dev.tidemark.crash.Oracle;
import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** What the workload finds. */
enum Start {
    /** An empty disk. */
    NOTHING,
    /** What a loss of power left in the middle of a round: recovery keeps bytes aside and cuts (R2). */
    TORN_TAIL,
    /** What a kill left in the middle of a rotation: recovery finishes it (R6). */
    HALF_ROTATED,
    /** What a process left that was killed after a failed force: pages that are clean and nowhere. */
    FORCE_FAILED;

    private static final int MOST_SEEDS = 200;
    private static final int PLANS_EACH = 4;

    /**
     * A disk, and what is known of how it came to be. Each run takes a copy of the disk, and a history of its own that goes on from it.
     *
     * @param before what the process before was promised
     * @param crash how it ended
     * @param boundary when it ended
     * @param ends what recovery makes of it
     */
    record Beginning(
            SimulatedDisk disk,
            WalConfig config,
            History before,
            History.Crash crash,
            long boundary,
            Oracle.Found ends) {

        History history() {
            return before.inheritedAfter(crash, boundary, ends.extents());
        }
    }

    /** Whether the medium holds all that there is. */
    boolean isAllDurable() {
        return this == NOTHING || this == TORN_TAIL;
    }

    Beginning make(long seed) {
        if (this == NOTHING) {
            return new Beginning(
                    new SimulatedDisk(),
                    FaultWorkload.config(seed),
                    new History(),
                    History.Crash.POWER_LOSS,
                    0,
                    new Oracle.Found(java.util.Map.of(), java.util.Map.of(), java.util.Map.of(), java.util.Map.of()));
        }
        for (long i = 0; i < MOST_SEEDS; i++) {
            Optional<Beginning> found = tryToMake(seed * MOST_SEEDS + i);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new AssertionError("no workload leads to " + this + ", seed " + seed);
    }

    private Optional<Beginning> tryToMake(long seed) {
        SimulatedDisk disk = new SimulatedDisk();
        History history = new History();
        WalConfig config = FaultWorkload.config(seed);
        Optional<InjectedFault> fault = Optional.empty();
        if (this == FORCE_FAILED) {
            CallMatch force = CallMatch.on(Operation.Kind.FORCE).named(".seg").number(8 + seed % 20);
            fault = Optional.of(disk.inject(Fault.ioError(force)));
        }
        FaultWorkload workload = new FaultWorkload(disk, history, config, seed, (call, e) -> {});
        workload.run();
        CrashStates states = disk.crashStates();
        workload.close();
        if (fault.isPresent() && fault.get().hits() == 0) {
            return Optional.empty();
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<CrashPoint> points = CrashPoint.of(states.operations(), config.directory());
        while (states.next()) {
            CrashPoint point = points.get(Math.toIntExact(states.boundary()) - 1);
            if (isPlaceFor(states.last(), point) && random.nextInt(3) == 0) {
                Optional<Beginning> found = crashHere(states, random, config, history);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private boolean isPlaceFor(Operation last, CrashPoint point) {
        return switch (this) {
            case NOTHING -> false;
            case TORN_TAIL -> point == CrashPoint.ROUND_WRITTEN;
            case HALF_ROTATED ->
                point == CrashPoint.RENAMED || point == CrashPoint.NAMED_ACTIVE || point == CrashPoint.SEAL_WRITTEN;
            case FORCE_FAILED -> last.kind() == Operation.Kind.FORCE && !last.tookEffect();
        };
    }

    private Optional<Beginning> crashHere(
            CrashStates states, SplittableRandom random, WalConfig config, History history) {
        History.Crash crash = this == TORN_TAIL ? History.Crash.POWER_LOSS : History.Crash.KILL;
        long boundary = states.boundary();
        for (int i = 0; i < PLANS_EACH; i++) {
            SimulatedDisk left = crash == History.Crash.KILL
                    ? states.killed()
                    : states.powerLoss(CrashPlan.random(random.nextLong()));
            try (SteppedStore store = SteppedStore.open(left.copy(), config, new ManualClock(), 1)) {
                if (isWhatIsWanted(store.engine().recovery().partitions())) {
                    Oracle.Found found = Oracle.read(store.engine(), history, boundary);
                    return Optional.of(new Beginning(left, config, history, crash, boundary, found));
                }
            }
        }
        return Optional.empty();
    }

    private boolean isWhatIsWanted(List<PartitionRecovery> found) {
        return switch (this) {
            case TORN_TAIL -> found.stream().anyMatch(p -> p.cases().contains(RecoveryCase.R2));
            case HALF_ROTATED -> found.stream().anyMatch(p -> p.cases().contains(RecoveryCase.R6));
            default -> found.stream().anyMatch(p -> p.end() > 0);
        };
    }
}
