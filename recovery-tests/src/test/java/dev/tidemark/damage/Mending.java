package dev.tidemark.damage;

import dev.tidemark.crash.SteppedStore;
import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.StoreRepair;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.RepairOutlook;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Judges what becomes of a damaged store that is opened with {@code QUARANTINE}, or repaired first: every record that is still whole is served, every one
 * that is not is told as a gap, appends go on above everything that was proven or read, and it stays so under {@code FAIL}.
 *
 * <p><b>Threads.</b> One.
 */
final class Mending {
    private static final byte[] APPENDED = "appended after the damage".getBytes(StandardCharsets.UTF_8);

    private final Specimen specimen;
    private final Injury injury;
    private final SimulatedDisk disk;
    private final SplittableRandom random;
    private final Map<PartitionId, Long> appendedAt = new HashMap<>();
    private int mended;
    private int refused;

    /**
     * @param disk with the specimen on it, damaged
     */
    Mending(Specimen specimen, Injury injury, SimulatedDisk disk, SplittableRandom random) {
        this.specimen = specimen;
        this.injury = injury;
        this.disk = disk;
        this.random = random;
    }

    /** Partitions that were mended. */
    int mended() {
        return mended;
    }

    /** Partitions that could not be. */
    int refused() {
        return refused;
    }

    /** By one way or the other. */
    void judge(boolean byRepair) {
        try {
            if (byRepair) {
                repair();
            } else {
                quarantine();
            }
        } catch (WalException e) {
            boolean isStoreItself = injury.changed().contains(Path.of("STORE"));
            if (!isStoreItself && !isForged()) {
                throw new Judge.Violation("a store whose STORE is whole was refused", e);
            }
        }
    }

    private boolean isForged() {
        return injury.kind().isForged();
    }

    private WalConfig config(DamagePolicy policy) {
        return specimen.config().toBuilder().damagePolicy(policy).build();
    }

    private SteppedStore open(DamagePolicy policy) {
        return SteppedStore.open(disk, config(policy), new ManualClock(), random.nextLong());
    }

    // ---- QUARANTINE

    private void quarantine() {
        Set<PartitionId> whole = new HashSet<>();
        try (SteppedStore store = open(DamagePolicy.QUARANTINE)) {
            for (PartitionRecovery found : store.engine().recovery().partitions()) {
                Specimen.Log log = specimen.logs().get(PartitionId.parse(found.partition()));
                if (found.failure().isPresent()) {
                    requireUntouched(log, found.failure().get());
                    continue;
                }
                boolean isMended = found.quarantined().isPresent();
                if (isMended) {
                    mended++;
                    whole.add(log.id());
                    requireNotForNothing(log, found.toString());
                    requireCopies(found.quarantined().get());
                }
                serve(store, log, found, isMended);
            }
        }
        afterwards(whole);
    }

    private void requireCopies(PartitionRecovery.Quarantined given) {
        for (String copy : given.keptIn()) {
            String withId = copy.substring(0, copy.length() - ".damaged".length());
            String name = withId.substring(0, withId.lastIndexOf('.'));
            boolean isThere = disk.files().stream()
                    .filter(file -> file.endsWith(copy))
                    .anyMatch(file -> Arrays.equals(
                            disk.contents(file),
                            injury.files().get(Specimen.DATA.relativize(file.resolveSibling(name)))));
            if (!isThere) {
                throw new Judge.Violation("what was damaged is not what is kept: copy=" + copy);
            }
        }
    }

    // ---- repair

    private void repair() {
        Environment environment = Environment.real().withDisk(disk).withTime(new ManualClock(), new ManualClock());
        Set<PartitionId> whole = new HashSet<>();
        long before = disk.fingerprint();
        try (StoreRepair look = StoreRepair.openToLook(Specimen.DATA, environment)) {
            look.partitions().forEach(look::look);
        }
        if (disk.fingerprint() != before) {
            throw new Judge.Violation("a look has changed files");
        }
        try (StoreRepair repair = StoreRepair.open(Specimen.DATA, environment)) {
            for (PartitionId id : repair.partitions()) {
                RepairOutlook outlook = repair.look(id);
                Specimen.Log log = specimen.logs().get(id);
                if (outlook instanceof RepairOutlook.Hindered hindered) {
                    requireUntouched(log, hindered.why());
                } else if (outlook instanceof RepairOutlook.Proposed proposed) {
                    requireNotForNothing(log, proposed.why());
                    requireCopies(repair.repair(proposed));
                    mended++;
                    requireSound(repair.look(id));
                    whole.add(id);
                } else {
                    whole.add(id);
                }
            }
        }
        try (SteppedStore store = open(DamagePolicy.FAIL)) {
            for (PartitionRecovery found : store.engine().recovery().partitions()) {
                PartitionId id = PartitionId.parse(found.partition());
                if (whole.contains(id)) {
                    found.failure().ifPresent(e -> {
                        throw new Judge.Violation("repaired, and refused: " + found, e);
                    });
                    serve(store, specimen.logs().get(id), found, true);
                }
            }
        }
        afterwards(whole);
    }

    private static void requireSound(RepairOutlook outlook) {
        if (!(outlook instanceof RepairOutlook.Sound)) {
            throw new Judge.Violation("repaired, and there is something left to repair: " + outlook.partition());
        }
    }

    // ---- what both have to show

    private void requireNotForNothing(Specimen.Log log, String what) {
        boolean isElsewhere = injury.changed().stream()
                .noneMatch(file -> file.startsWith(log.id().toString()));
        if (isElsewhere || injury.isHarmless(specimen)) {
            throw new Judge.Violation("a partition that is whole was mended: " + what);
        }
    }

    private void requireUntouched(Specimen.Log log, WalException why) {
        refused++;
        if (!(why instanceof DamageException) && why.code() != ErrorCode.FORMAT_NEWER) {
            throw new Judge.Violation("refused for what damage may not cause", why);
        }
        for (Map.Entry<Path, byte[]> file : injury.files().entrySet()) {
            Path path = Specimen.DATA.resolve(file.getKey());
            boolean isSame = disk.files().contains(path) && Arrays.equals(disk.contents(path), file.getValue());
            if (file.getKey().startsWith(log.id().toString()) && !isSame && !isForged()) {
                throw new Judge.Violation("a partition was refused, and its file was changed: file=" + path, why);
            }
        }
    }

    /** Reads all of it and appends; {@code isWhole} where nothing damaged may be left. */
    private void serve(SteppedStore store, Specimen.Log log, PartitionRecovery found, boolean isWhole) {
        LocalPartition partition = store.engine().find(log.id()).orElseThrow();
        Optional<Set<Long>> served = read(partition, log, isWhole);
        long end = partition.ends().logEnd();
        if (isWhole && served.isPresent() && !isForged()) {
            long undecided = found.undecided().map(Undecided::firstOffset).orElse(Long.MAX_VALUE);
            requireEverythingWhole(log, served.get(), partition.ends().start(), Math.min(log.end(), undecided));
            requireAbove(log, end);
        }
        long offset = partition.append(APPENDED);
        if (offset != end) {
            throw new Judge.Violation(
                    "an append took an offset that was not the next: offset=" + offset + " end=" + end);
        }
        appendedAt.put(log.id(), offset);
    }

    private void requireEverythingWhole(Specimen.Log log, Set<Long> served, long start, long end) {
        Survivors left = new Survivors(log, injury);
        for (long offset = start; offset < end; offset++) {
            if (!served.contains(offset) && left.isIntact(offset)) {
                throw new Judge.Violation(
                        "a record that is whole is not served: partition=" + log.id() + " offset=" + offset);
            }
        }
    }

    private void requireAbove(Specimen.Log log, long end) {
        long proven = new Survivors(log, injury).provenEnd();
        if (end < proven) {
            throw new Judge.Violation("an offset that was proven is given again: partition=" + log.id() + " end=" + end
                    + " proven=" + proven);
        }
    }

    /** The offsets that are served; nothing if damage was met where it may be. */
    private Optional<Set<Long>> read(LocalPartition partition, Specimen.Log log, boolean isWhole) {
        Set<Long> served = new HashSet<>();
        long next = partition.ends().start();
        try (Cursor cursor = partition.read(From.start())) {
            while (true) {
                try {
                    if (!cursor.next()) {
                        break;
                    }
                } catch (DamageException e) {
                    if (e.code() == ErrorCode.RECORDS_LOST) {
                        next = behind(e, partition, next);
                        continue;
                    }
                    if (isWhole && !isForged()) {
                        throw new Judge.Violation("damage in what was mended", e);
                    }
                    return Optional.empty();
                }
                if (cursor.offset() != next && !isForged()) {
                    throw new Judge.Violation("records are missing without a word: partition=" + partition.id()
                            + " expected=" + next + " found=" + cursor.offset());
                }
                requireSame(cursor, log);
                next = cursor.offset() + cursor.count();
                served.add(cursor.offset());
                // A forged count may be as large as it likes; nobody asks about more than there was.
                for (long offset = cursor.offset() + 1; offset < Math.min(next, log.end()); offset++) {
                    served.add(offset);
                }
            }
        }
        if (next != partition.ends().logEnd() && !isForged()) {
            throw new Judge.Violation("reading ends before the end, without a word: partition=" + partition.id()
                    + " readTo=" + next + " end=" + partition.ends().logEnd());
        }
        return Optional.of(served);
    }

    private long behind(DamageException gap, LocalPartition partition, long next) {
        long first = gap.damage().firstOffset();
        long end = gap.damage().endOffset();
        boolean isOnRecord = partition.losses().stream()
                .map(lost -> new LostRange(lost.firstOffset(), lost.endOffset(), "", 0))
                .anyMatch(new LostRange(first, end, "", 0)::equals);
        if (first > next || end <= next || !isOnRecord) {
            throw new Judge.Violation("a gap that is none: next=" + next + " losses=" + partition.losses(), gap);
        }
        return end;
    }

    private void requireSame(Cursor cursor, Specimen.Log log) {
        if (appendedAt.getOrDefault(log.id(), -1L) == cursor.offset() && Arrays.equals(cursor.value(), APPENDED)) {
            return;
        }
        if (!isSubmitted(log.records(), cursor) && !isSubmitted(log.behindTornTail(), cursor) && !isForged()) {
            throw new Judge.Violation("wrong bytes: partition=" + log.id() + " offset=" + cursor.offset());
        }
    }

    private static boolean isSubmitted(NavigableMap<Long, Submission> submissions, Cursor cursor) {
        Map.Entry<Long, Submission> floor = submissions.floorEntry(cursor.offset());
        return floor != null && floor.getValue().isAt(cursor);
    }

    // ---- later

    private void afterwards(Set<PartitionId> whole) {
        Environment environment = Environment.real().withDisk(disk).withTime(new ManualClock(), new ManualClock());
        for (VerifyFinding finding :
                new StoreVerifier(environment, Specimen.DATA).verify().findings()) {
            boolean isBad = finding.severity() != VerifyFinding.Severity.NOTE;
            if (isBad && !isForged() && isOneOf(whole, finding.partition())) {
                throw new Judge.Violation("mended, and verify says: " + finding);
            }
        }
        try (SteppedStore store = open(DamagePolicy.FAIL)) {
            for (PartitionRecovery found : store.engine().recovery().partitions()) {
                PartitionId id = PartitionId.parse(found.partition());
                if (!whole.contains(id)) {
                    continue;
                }
                found.failure().ifPresent(e -> {
                    throw new Judge.Violation("mended, closed, and refused now: " + found, e);
                });
                Optional<Set<Long>> served = read(
                        store.engine().find(id).orElseThrow(), specimen.logs().get(id), true);
                // A forged offset may lie above everything, and hides what comes behind it.
                if (served.isPresent() && !isForged() && !served.get().contains(appendedAt.get(id))) {
                    throw new Judge.Violation("what was appended behind the damage is gone: partition=" + id);
                }
            }
        }
    }

    private static boolean isOneOf(Set<PartitionId> partitions, String name) {
        return partitions.stream().anyMatch(id -> id.toString().equals(name));
    }
}
