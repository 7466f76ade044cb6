package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Stores are damaged and opened with {@code QUARANTINE}: what is served are the right bytes, nothing that is whole is missing, what is missing is told; and a
 * crash in the middle, and another one in the middle of what follows, change nothing of that.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class QuarantineCrashTest {
    private static final WalConfig QUARANTINE = BackupScene.config(BackupScene.DATA, false).toBuilder()
            .damagePolicy(DamagePolicy.QUARANTINE)
            .build();
    private static final WalConfig FAIL = BackupScene.config(BackupScene.DATA, false);

    private static final AtomicLong OPENED = new AtomicLong();

    private long damaged;
    private long quarantined;
    private long states;

    @Test
    void damageOfEveryKind_andEveryCrashWhileItIsQuarantined_endInTheSameLog() {
        String only = System.getProperty("tidemark.quarantine");
        long first = only == null ? Long.getLong("tidemark.seed", 1) : Long.parseLong(only);
        long seeds = only == null ? Budget.chosen().workloads() / 4 : 1;
        for (long seed = first; seed < first + seeds; seed++) {
            try {
                tryOne(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("replay with -Dtidemark.quarantine=" + seed + ": " + e.getMessage(), e);
            }
        }
        System.out.println(
                "quarantine: damaged=" + damaged + " quarantined=" + quarantined + " states after crashes=" + states);
        if (only == null) {
            assertThat(quarantined).isGreaterThan(seeds / 4);
        }
    }

    private void tryOne(long seed) {
        SplittableRandom random = new SplittableRandom(seed * 11);
        SimulatedDisk disk;
        Map<PartitionId, ServedLog> before;
        boolean isClosed;
        try (BackupScene scene = new BackupScene(seed)) {
            scene.store()
                    .engine()
                    .describe()
                    .forEach(info -> scene.store().engine().partition(info.id()).sync());
            scene.store().settle();
            before = ServedLog.all(scene.store());
            isClosed = random.nextBoolean();
            disk = isClosed ? closed(scene) : scene.disk().copy();
        }
        SimulatedDisk whole = disk.copy();
        int damages = 1 + random.nextInt(2);
        for (int i = 0; i < damages; i++) {
            damage(disk, random);
        }
        damaged++;
        SimulatedDisk untouched = disk.copy();
        disk.recordFromHere();
        Map<PartitionId, ServedLog> expected;
        try (SteppedStore store = open(disk, QUARANTINE)) {
            long served = store.engine().recovery().partitions().stream()
                    .filter(found -> found.quarantined().isPresent())
                    .count();
            if (served == 0) {
                // Not damaged where opening looks, or not to be mended.
                return;
            }
            quarantined++;
            expected = ServedLog.all(store);
            requireRight(before, expected);
            crashes(disk, random, expected, new Kept(untouched, copied(store)));
            for (PartitionRecovery found : store.engine().recovery().partitions()) {
                if (found.quarantined().isPresent() && found.failure().isEmpty()) {
                    PartitionId id = PartitionId.parse(found.partition());
                    requireNothingWholeIsLost(whole, untouched, id, expected.get(id));
                    if (isClosed && isMetadataWhole(whole, untouched, id)) {
                        requireNoOffsetTwice(store, id, before.get(id).end());
                    }
                }
            }
        }
        try (SteppedStore store = open(disk, FAIL)) {
            assertThat(store.engine().recovery().refused()).as("under FAIL").isEqualTo(refusedOf(untouched));
            ServedLog.all(store)
                    .forEach((id, log) -> assertThat(log.entries())
                            .containsAllEntriesOf(expected.getOrDefault(id, log).entries()));
        }
    }

    /** Those that cannot be mended stay as they were. */
    private static List<PartitionRecovery> refusedOf(SimulatedDisk untouched) {
        try (SteppedStore store = open(untouched.copy(), QUARANTINE)) {
            return store.engine().recovery().refused();
        }
    }

    private static SimulatedDisk closed(BackupScene scene) {
        scene.store().close();
        return scene.disk().copy();
    }

    /** No two processes draw the same ids. */
    private static SteppedStore open(SimulatedDisk disk, WalConfig config) {
        return SteppedStore.open(disk, config, new ManualClock(), OPENED.incrementAndGet());
    }

    // ---- damage

    private static void damage(SimulatedDisk disk, SplittableRandom random) {
        List<Path> files = new ArrayList<>(disk.files());
        files.removeIf(file -> !file.toString().endsWith(".seg") && !file.endsWith("PARTITION"));
        Path file = files.get(random.nextInt(files.size()));
        int size = disk.contents(file).length;
        switch (random.nextInt(8)) {
            case 0 -> disk.lose(file);
            case 1 -> disk.resize(file, random.nextInt(size + 1));
            case 2 -> disk.flipBit(file, random.nextInt(Math.min(size, 4096)) * 8L);
            case 3 -> {
                int at = random.nextInt(size);
                disk.overwrite(file, at, new byte[Math.min(512, size - at)]);
            }
            default -> disk.flipBit(file, random.nextInt(size) * 8L + random.nextInt(8));
        }
    }

    // ---- what has to be so

    private static void requireRight(Map<PartitionId, ServedLog> before, Map<PartitionId, ServedLog> after) {
        after.forEach((id, log) -> log.entries().forEach((offset, value) -> {
            if (offset >= 0
                    && !value.equals(before.get(id).entries().get(offset))
                    && offset >= before.get(id).start()) {
                throw new Oracle.Violation("other bytes than were appended: partition=" + id + " offset=" + offset);
            }
        }));
    }

    private static void requireNothingWholeIsLost(
            SimulatedDisk whole, SimulatedDisk damaged, PartitionId id, ServedLog served) {
        if (served.isDamaged()) {
            return;
        }
        for (long offset : WholeFrames.of(whole, damaged, BackupScene.DATA.resolve(id.toString()))) {
            if (offset >= served.start() && !served.entries().containsKey(offset)) {
                throw new Oracle.Violation(
                        "a record that is whole is not served: partition=" + id + " offset=" + offset);
            }
        }
    }

    private static boolean isMetadataWhole(SimulatedDisk whole, SimulatedDisk damaged, PartitionId id) {
        Path file = BackupScene.DATA.resolve(id.toString()).resolve("PARTITION");
        return damaged.files().contains(file) && Arrays.equals(whole.contents(file), damaged.contents(file));
    }

    /** Of a log that was closed in order every offset is proven, by its stamp. */
    private static void requireNoOffsetTwice(SteppedStore store, PartitionId id, long end) {
        long offset = store.engine().partition(id).append("after".getBytes(StandardCharsets.UTF_8));
        if (offset < end) {
            throw new Oracle.Violation(
                    "an offset that was proven is given again: partition=" + id + " offset=" + offset + " end=" + end);
        }
    }

    // ---- crashes

    /** The damaged bytes are people's: until they are durable aside they stay where they are. */
    private record Kept(SimulatedDisk damaged, List<Path> files) {
        void requireIn(SimulatedDisk left) {
            for (Path file : files) {
                byte[] bytes = damaged.contents(file);
                boolean isInPlace = left.files().contains(file) && Arrays.equals(left.contents(file), bytes);
                boolean isAside = left.files().stream()
                        .filter(copy -> copy.toString().startsWith(file + ".")
                                && copy.toString().endsWith(".damaged"))
                        .anyMatch(copy -> Arrays.equals(left.contents(copy), bytes));
                if (!isInPlace && !isAside) {
                    throw new Oracle.Violation("damaged bytes are neither where they were nor aside: file=" + file);
                }
            }
        }
    }

    /** The files that the quarantine has copied aside. */
    private static List<Path> copied(SteppedStore store) {
        List<Path> files = new ArrayList<>();
        for (PartitionRecovery found : store.engine().recovery().partitions()) {
            Path directory = BackupScene.DATA.resolve(found.partition());
            found.quarantined()
                    .ifPresent(given -> given.keptIn().forEach(copy -> {
                        String withId = copy.substring(0, copy.length() - ".damaged".length());
                        files.add(directory.resolve(withId.substring(0, withId.lastIndexOf('.'))));
                    }));
        }
        return files;
    }

    private void crashes(SimulatedDisk disk, SplittableRandom random, Map<PartitionId, ServedLog> expected, Kept kept) {
        CrashStates crashes = disk.crashStates();
        while (crashes.next()) {
            List<SimulatedDisk> left = List.of(
                    crashes.killed(),
                    crashes.killedInNext(random.nextLong()),
                    crashes.powerLoss(CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE)),
                    crashes.powerLoss(CrashPlan.random(random.nextLong())));
            left.forEach(kept::requireIn);
            SimulatedDisk one = left.get(random.nextInt(left.size()));
            again(one, random, expected);
        }
    }

    /** Opens what a crash has left, lets the power fail somewhere in the middle of that, and opens again. */
    private void again(SimulatedDisk left, SplittableRandom random, Map<PartitionId, ServedLog> expected) {
        left.recordFromHere();
        long began = left.operationCount();
        try (SteppedStore second = open(left, QUARANTINE)) {
            requireSame(expected, ServedLog.all(second));
            CrashStates crashes = left.crashStates();
            int all = crashes.operations().size();
            if (all > 0) {
                crashes.advanceTo(began + 1 + random.nextInt(all));
                SimulatedDisk third = random.nextInt(3) == 0
                        ? crashes.killed()
                        : crashes.powerLoss(CrashPlan.random(random.nextLong()));
                third.recordNothing();
                try (SteppedStore store = open(third, QUARANTINE)) {
                    requireSame(expected, ServedLog.all(store));
                }
            }
            states++;
        }
    }

    private static void requireSame(Map<PartitionId, ServedLog> expected, Map<PartitionId, ServedLog> found) {
        expected.forEach((id, log) -> {
            ServedLog now = found.get(id);
            if (now == null) {
                throw new Oracle.Violation("a partition is not opened any more: " + id);
            }
            if (log.isDamaged()) {
                // Damage that the first opening did not look for, after a clean close; after a crash it is looked for.
                return;
            }
            if (!now.entries().equals(log.entries()) || now.start() != log.start() || now.end() < log.end()) {
                throw new Oracle.Violation("a crash has changed what is served: partition=" + id + " before="
                        + log.start() + ".." + log.end() + " entries="
                        + log.entries().keySet() + " after=" + now.start()
                        + ".." + now.end() + " entries=" + now.entries().keySet());
            }
        });
    }
}
