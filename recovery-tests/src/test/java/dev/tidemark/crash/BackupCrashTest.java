package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.SimulatedDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A crash at every moment of a backup, while the store is used: what it leaves is the whole backup or none, and the store is what it was. */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class BackupCrashTest {
    private static final int SOURCE_ONE_IN = 8;

    private long states;
    private long whole;
    private long none;

    @Test
    void everyCrashOfEveryBackup_leavesAllOfItOrNothingThatCanBeOpened() {
        String only = System.getProperty("tidemark.seed");
        long first = only == null ? 1 : Long.parseLong(only);
        long seeds = only == null ? Budget.chosen().workloads() / 10 : 1;
        for (long seed = first; seed < first + seeds; seed++) {
            try {
                enumerate(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("backup " + seed + ": " + e.getMessage(), e);
            }
        }
        System.out.println("backups: seeds=" + seeds + " states=" + states + " whole=" + whole + " none=" + none);
        assertThat(whole).as("whole backups").isPositive();
        assertThat(none).as("crashes that left no backup").isGreaterThan(whole);
    }

    private void enumerate(long seed) {
        SplittableRandom draws = new SplittableRandom(seed * 7);
        try (BackupScene scene = new BackupScene(seed)) {
            Map<PartitionId, Ends> before = scene.ends();
            BackupReport report = scene.backup();
            BackupScene.requireHolds(report, before);
            CrashStates crashes = scene.disk().crashStates();
            while (crashes.next()) {
                long boundary = crashes.boundary();
                for (SimulatedDisk left : leftBy(crashes, draws)) {
                    judge(scene, report, left, boundary, draws);
                }
            }
            // The promise of the call that returned.
            SimulatedDisk last = crashes.powerLoss(CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE));
            Oracle.Found found = scene.restore(last, BackupScene.COPY, crashes.boundary());
            assertThat(found)
                    .as("a backup that was reported, after a loss of power")
                    .isNotNull();
            BackupScene.requireIs(report, found);
        }
    }

    private static List<SimulatedDisk> leftBy(CrashStates crashes, SplittableRandom draws) {
        List<SimulatedDisk> left = new ArrayList<>();
        left.add(crashes.killed());
        left.add(crashes.killedInNext(draws.nextLong()));
        left.add(crashes.powerLoss(CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE)));
        left.add(crashes.powerLoss(CrashPlan.keepNothing(NameRule.ANY_FORCE)));
        left.add(crashes.powerLoss(CrashPlan.random(draws.nextLong())));
        left.add(crashes.powerLoss(CrashPlan.random(draws.nextLong())));
        return left;
    }

    private void judge(
            BackupScene scene, BackupReport report, SimulatedDisk left, long boundary, SplittableRandom draws) {
        left.recordNothing();
        states++;
        if (draws.nextInt(SOURCE_ONE_IN) == 0) {
            // Not what was promised since, which the enumeration of the workloads asks for; but no false alarm, and
            // only
            // what was submitted.
            try (SteppedStore source =
                    SteppedStore.open(left, BackupScene.config(BackupScene.DATA, false), new ManualClock(), boundary)) {
                Oracle.read(source.engine(), scene.history(), boundary);
            }
        }
        Oracle.Found found = scene.restore(left, BackupScene.COPY, boundary);
        if (found == null) {
            none++;
        } else {
            whole++;
            BackupScene.requireIs(report, found);
        }
    }
}
