package dev.tidemark.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.crash.BackupScene;
import dev.tidemark.crash.Oracle;
import dev.tidemark.crash.ServedLog;
import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.StoreRepair;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.RepairOutlook;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A damaged partition is quarantined by an opening, or repaired, and every call in its directory fails once in each way: what could be read stays, whether
 * the next opening finds the files as they are, as a kill leaves them, or as a loss of power does; and it comes to the same log as without the fault.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class QuarantineFaultTest {
    private static final PartitionId DAMAGED = new PartitionId("p", 0);
    private static final Path DIRECTORY = BackupScene.DATA.resolve(DAMAGED.toString());
    private static final WalConfig QUARANTINE = BackupScene.config(BackupScene.DATA, false).toBuilder()
            .damagePolicy(DamagePolicy.QUARANTINE)
            .build();
    private static final Set<Way> WAYS = Set.of(
            Way.EIO,
            Way.EIO_BUT_DONE,
            Way.EIO_HALF_DONE,
            Way.ENOSPC,
            Way.ENOSPC_HALF_DONE,
            Way.SHORT,
            Way.NOTHING,
            Way.EMFILE);

    private long opened;
    private int faults;
    private int told;
    private SimulatedDisk damaged;
    private Map<PartitionId, ServedLog> expected;

    @Test
    void everyCallOfAQuarantineFailsOnceInEachWay_andNothingMoreIsLost() {
        loops(this::opening);
        System.out.println("quarantine faults: faults=" + faults + " told=" + told);
        assertThat(told).isGreaterThan(50);
    }

    @Test
    void everyCallOfARepairFailsOnceInEachWay_andNothingMoreIsLost() {
        loops(this::repair);
        System.out.println("repair faults: faults=" + faults + " told=" + told);
        assertThat(told).isGreaterThan(50);
    }

    private void loops(Predicate<SimulatedDisk> work) {
        damaged = damaged();
        try (SteppedStore store = open(damaged.copy())) {
            PartitionRecovery.Quarantined given = store.engine().recovery().partitions().stream()
                    .flatMap(found -> found.quarantined().stream())
                    .findFirst()
                    .orElseThrow();
            // A stand-in, a copy, a successor, and PARTITION: all of the steps are in it.
            assertThat(given.keptIn()).isNotEmpty();
            assertThat(given.lost()).hasSizeGreaterThan(1);
            expected = ServedLog.all(store);
        }
        for (Way way : WAYS) {
            for (Operation.Kind kind : way.kinds()) {
                loop(work, way, kind);
            }
        }
    }

    private void loop(Predicate<SimulatedDisk> work, Way way, Operation.Kind kind) {
        boolean hasStruck = true;
        for (long number = 1; hasStruck; number += FaultBudget.chosen().stepBehind(number)) {
            try {
                hasStruck = run(work, way, kind, number);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(way + " " + kind + " number=" + number + ": " + e.getMessage(), e);
            }
        }
    }

    /** A store in which the first partition has lost a segment, and a record of the newest. */
    private static SimulatedDisk damaged() {
        for (long seed = 1; ; seed++) {
            try (BackupScene scene = new BackupScene(seed)) {
                scene.store().engine().partition(DAMAGED).sync();
                scene.store().settle();
                SimulatedDisk disk = scene.disk().copy();
                List<Path> segments = disk.files().stream()
                        .filter(file ->
                                file.startsWith(DIRECTORY) && file.toString().endsWith(".seg"))
                        .sorted()
                        .toList();
                Path newest = segments.get(segments.size() - 1);
                if (segments.size() >= 3 && disk.contents(newest).length > 5_000) {
                    disk.lose(segments.get(segments.size() - 2));
                    disk.flipBit(newest, (4096 + 50) * 8L);
                    disk.recordNothing();
                    return disk;
                }
            }
        }
    }

    private SteppedStore open(SimulatedDisk disk) {
        return SteppedStore.open(disk, QUARANTINE, new ManualClock(), ++opened);
    }

    private boolean run(Predicate<SimulatedDisk> work, Way way, Operation.Kind kind, long number) {
        SimulatedDisk disk = damaged.copy();
        disk.recordFromHere();
        InjectedFault fault = disk.inject(way.fault(CallMatch.on(kind)
                .where(path -> path.startsWith(DIRECTORY) || path.equals(DIRECTORY))
                .number(number)));
        boolean isTold = work.test(disk);
        boolean hasStruck = fault.hits() > 0;
        fault.remove();
        faults += hasStruck ? 1 : 0;
        told += isTold ? 1 : 0;
        if (isTold) {
            requireNoCopyOfWhatIsUnchanged(disk, kind);
        }
        CrashStates crashes = disk.crashStates();
        crashes.advanceTo(disk.operationCount());
        SplittableRandom random = new SplittableRandom(number);
        requireSame("after a loss of power", crashes.powerLoss(CrashPlan.random(random.nextLong())));
        requireSame("as it is", disk);
        return hasStruck;
    }

    /** Copies that were made for nothing do not stay: else each attempt on a full disk would leave more of them. */
    private void requireNoCopyOfWhatIsUnchanged(SimulatedDisk disk, Operation.Kind kind) {
        boolean isPartitionUnsure = kind == Operation.Kind.RENAME || kind == Operation.Kind.FORCE_DIRECTORY;
        boolean isUnchanged = damaged.files().stream()
                .allMatch(file ->
                        disk.files().contains(file) && Arrays.equals(disk.contents(file), damaged.contents(file)));
        boolean hasCopies =
                disk.files().stream().anyMatch(file -> file.toString().endsWith(".damaged"));
        if (isUnchanged && hasCopies && !isPartitionUnsure) {
            throw new Oracle.Violation("nothing was changed, and there are copies: " + disk.files());
        }
    }

    // ---- what fails

    private boolean opening(SimulatedDisk disk) {
        try (SteppedStore store = open(disk)) {
            List<PartitionRecovery> refused = store.engine().recovery().refused();
            refused.forEach(found -> requireDocumented(found.failure().orElseThrow()));
            // What fails while it is closed is for the fault loop.
            disk.removeFaults();
            return !refused.isEmpty();
        }
    }

    private boolean repair(SimulatedDisk disk) {
        Environment environment = Environment.real().withDisk(disk).withTime(new ManualClock(), new ManualClock());
        try (StoreRepair repair = StoreRepair.open(BackupScene.DATA, environment)) {
            RepairOutlook outlook = repair.look(DAMAGED);
            if (outlook instanceof RepairOutlook.Hindered hindered) {
                requireDocumented(hindered.why());
                return true;
            }
            repair.repair((RepairOutlook.Proposed) outlook);
            return false;
        } catch (WalException e) {
            requireDocumented(e);
            return true;
        }
    }

    private static void requireDocumented(WalException told) {
        boolean isOfTheDisk = told instanceof StorageException
                && Set.of(ErrorCode.STORAGE_FAILED, ErrorCode.STORAGE_FULL, ErrorCode.TOO_MANY_OPEN_FILES)
                        .contains(told.code());
        boolean isUnreadable = told instanceof DamageException && told.code() == ErrorCode.SEGMENT_UNREADABLE;
        if (!isOfTheDisk && !isUnreadable) {
            throw new Oracle.Violation("told what is not documented: " + told, told);
        }
    }

    // ---- what is left

    private void requireSame(String when, SimulatedDisk left) {
        left.recordNothing();
        try (SteppedStore store = open(left)) {
            Map<PartitionId, ServedLog> now = ServedLog.all(store);
            ServedLog log = now.get(DAMAGED);
            ServedLog wanted = expected.get(DAMAGED);
            if (log == null) {
                throw new Oracle.Violation(when + " the partition is not opened any more: "
                        + store.engine().recovery().refused());
            }
            if (!log.entries().equals(wanted.entries()) || log.start() != wanted.start() || log.end() < wanted.end()) {
                throw new Oracle.Violation(when + " another log is served: before=" + wanted.start() + ".."
                        + wanted.end() + " entries=" + wanted.entries().keySet() + " after=" + log.start() + ".."
                        + log.end() + " entries=" + log.entries().keySet());
            }
            store.engine().partition(DAMAGED).append("goes on".getBytes(StandardCharsets.UTF_8));
        }
    }
}
