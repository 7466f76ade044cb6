package dev.tidemark.damage;

import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding;
import dev.tidemark.wal.partition.VerifyReport;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Judges a damaged store: verifies it, opens it read-only, opens it to write, reads everything, appends, and opens it again. Exactly the
 * right bytes, or an error that names the damaged file; nothing that is still whole vanishes without a word; who refuses changes nothing.
 *
 * <p><b>Threads.</b> One.
 */
final class Judge {
    /** All that opening may say about damage. */
    private static final Set<ErrorCode> DAMAGE_CODES = EnumSet.of(
            ErrorCode.SEGMENT_CORRUPT,
            ErrorCode.SEGMENT_MISSING,
            ErrorCode.SEGMENT_TRUNCATED,
            ErrorCode.SEGMENT_UNREADABLE,
            ErrorCode.METADATA_CORRUPT);

    private static final Pattern FILE = Pattern.compile("file=([^\\s;:,]+)");

    /** What an opening may allocate beside what it reads, of which the simulated disk makes copies. */
    private static final long ALLOCATED_BYTES = 16 << 20;

    private static final int ALLOCATED_PER_BYTE = 6;

    private final Specimen specimen;
    private final Injury injury;
    private final SimulatedDisk disk;
    private final SplittableRandom random;
    private final Verdict verdict = new Verdict();

    /** What the judge saw that it does not allow. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        Violation(String what) {
            super(what);
        }

        Violation(String what, Throwable cause) {
            super(what, cause);
        }
    }

    /**
     * @param disk with the specimen on it, damaged
     */
    Judge(Specimen specimen, Injury injury, SimulatedDisk disk, SplittableRandom random) {
        this.specimen = specimen;
        this.injury = injury;
        this.disk = disk;
        this.random = random;
    }

    /** Does all of it. */
    Verdict judge() {
        verify();
        lookOnly();
        use();
        return verdict;
    }

    Specimen specimen() {
        return specimen;
    }

    Injury injury() {
        return injury;
    }

    Verdict verdict() {
        return verdict;
    }

    SplittableRandom random() {
        return random;
    }

    // ---- verify

    void verify() {
        long before = disk.fingerprint();
        long allocated = Allocations.ofThisThread();
        try {
            Environment environment = Environment.real().withDisk(disk).withTime(new ManualClock(), new ManualClock());
            judge(new StoreVerifier(environment, Specimen.DATA).verify());
        } catch (WalException e) {
            requireNewer(e);
        }
        requireBounded("verify", allocated);
        requireUnchanged("verify", before);
    }

    private void requireNewer(WalException e) {
        if (e.code() != ErrorCode.FORMAT_NEWER || !injury.kind().isForged()) {
            throw new Violation("verify ended with an error", e);
        }
        verdict.saw(Outcome.VERIFY_DAMAGE);
    }

    private void judge(VerifyReport report) {
        boolean isNoticed = false;
        for (VerifyFinding finding : report.findings()) {
            if (finding.severity() == VerifyFinding.Severity.NOTE) {
                continue;
            }
            boolean wasThere = finding.severity() == VerifyFinding.Severity.UNDECIDED && isUndecidedAnyway(finding);
            if (injury.isHarmless(specimen) && !wasThere) {
                throw new Violation("verify cries for nothing: " + finding);
            }
            isNoticed |= !wasThere || injury.concerns(finding.file());
            if (!wasThere) {
                verdict.saw(Outcome.VERIFY_DAMAGE);
                verdict.named(injury, finding.file(), "verify: " + finding);
            }
        }
        if (!isNoticed && mustBeNoticed()) {
            throw new Violation("damage that verify does not notice: " + report.findings());
        }
        if (!isNoticed && hasNewNote(report)) {
            verdict.saw(Outcome.NOTED);
        }
    }

    private boolean isUndecidedAnyway(VerifyFinding finding) {
        return !finding.partition().isEmpty()
                && specimen.logs().get(PartitionId.parse(finding.partition())).hasUndecided();
    }

    private boolean hasNewNote(VerifyReport report) {
        return report.findings().stream().anyMatch(finding -> injury.concerns(finding.file()));
    }

    /** Where a header was signed anew, only what it has to fit can show it: in the newest segment that may be nothing. */
    private boolean mustBeNoticed() {
        return !injury.kind().isForged()
                && specimen.logs().values().stream().anyMatch(log -> {
                    Survivors left = new Survivors(log, injury);
                    return left.isAnyDamagedBelow(left.provenEnd());
                });
    }

    // ---- opening to read

    void lookOnly() {
        WalConfig readOnly = specimen.config().toBuilder().readOnly(true).build();
        long before = disk.fingerprint();
        Optional<SteppedStore> opened = open(readOnly);
        if (opened.isPresent()) {
            try (SteppedStore store = opened.get()) {
                judge(store.engine(), true);
            }
        }
        requireUnchanged("a read-only store", before);
    }

    private Optional<SteppedStore> open(WalConfig config) {
        long allocated = Allocations.ofThisThread();
        try {
            return Optional.of(SteppedStore.open(disk, config, new ManualClock(), random.nextLong()));
        } catch (WalException e) {
            requireDocumented(e, "the store");
            verdict.saw(Outcome.STORE_REFUSED);
            if (!injury.changed().contains(Path.of("STORE"))) {
                throw new Violation("the store was refused, and STORE is whole", e);
            }
            return Optional.empty();
        } finally {
            requireBounded("opening", allocated);
        }
    }

    void requireBounded(String what, long before) {
        long allocated = Allocations.ofThisThread() - before;
        verdict.allocated(allocated);
        long files = injury.files().values().stream()
                .mapToLong(bytes -> bytes.length)
                .sum();
        if (allocated > ALLOCATED_BYTES + ALLOCATED_PER_BYTE * files) {
            throw new Violation(what + " allocated bytes=" + allocated + " for a store of bytes=" + files);
        }
    }

    void requireUnchanged(String who, long before) {
        if (disk.fingerprint() != before) {
            throw new Violation(who + " changed files");
        }
    }

    /** Damage, with its place, or a newer version; counts whether the right file was named. */
    private void requireDocumented(WalException e, String what) {
        if (e instanceof DamageException damaged && DAMAGE_CODES.contains(e.code())) {
            Damage damage = damaged.damage();
            if (damage.file().isEmpty() || !String.valueOf(e.getMessage()).contains("file=")) {
                throw new Violation("damage without a file: " + what, e);
            }
            verdict.named(injury, damage.file(), String.valueOf(e.getMessage()));
            return;
        }
        if (e instanceof UnavailableException
                && e.code() == ErrorCode.FORMAT_NEWER
                && injury.kind().isForged()) {
            Matcher named = FILE.matcher(String.valueOf(e.getMessage()));
            verdict.named(injury, named.find() ? named.group(1) : "STORE", String.valueOf(e.getMessage()));
            return;
        }
        throw new Violation("an error that damage may not cause: " + what, e);
    }

    // ---- opening to write

    private void use() {
        long before = disk.fingerprint();
        Optional<SteppedStore> opened = open(specimen.config());
        if (opened.isEmpty()) {
            requireUnchanged("a store that was refused", before);
            return;
        }
        Set<PartitionId> served;
        Reading reading = new Reading(this);
        try (SteppedStore store = opened.get()) {
            served = judge(store.engine(), false);
            for (PartitionId id : served) {
                reading.append(store.engine().partition(id));
            }
            store.settle();
            if (random.nextInt(4) == 0) {
                // What stays of a process that is killed now is looked at after a crash, not after a clean close.
                SimulatedDisk killed = disk.copy();
                killed.recordNothing();
                again(killed, served, reading, true);
            }
        }
        requireRefusedUntouched(served);
        again(disk, served, reading, false);
    }

    private void again(SimulatedDisk left, Set<PartitionId> served, Reading reading, boolean wasKilled) {
        try (SteppedStore store = SteppedStore.open(left, specimen.config(), new ManualClock(), random.nextLong())) {
            RecoveryReport report = store.engine().recovery();
            for (PartitionRecovery found : report.partitions()) {
                PartitionId id = PartitionId.parse(found.partition());
                if (!served.contains(id)) {
                    continue;
                }
                if (found.failure().isPresent() && wasKilled) {
                    // A scan looks at more than an opening after a clean close does.
                    requireDocumented(found.failure().get(), "opening again after a kill");
                } else if (found.failure().isPresent()) {
                    throw new Violation(
                            "was served, closed, and is refused now: " + found,
                            found.failure().get());
                } else {
                    reading.readAgain(store.engine().partition(id));
                }
            }
        } catch (WalException e) {
            throw new Violation("was served, and cannot be opened again", e);
        }
    }

    private void requireRefusedUntouched(Set<PartitionId> served) {
        for (Path file : injury.files().keySet()) {
            Optional<Specimen.Log> log = specimen.logOf(file);
            if (log.isEmpty() || served.contains(log.get().id())) {
                continue;
            }
            if (!disk.files().contains(Specimen.DATA.resolve(file))
                    || !Arrays.equals(
                            disk.contents(Specimen.DATA.resolve(file)),
                            injury.files().get(file))) {
                throw new Violation("a partition was refused, and its file was changed: file=" + file);
            }
        }
    }

    // ---- what opening found

    /** Returns the partitions that were opened. */
    private Set<PartitionId> judge(Engine engine, boolean isReadOnly) {
        Set<PartitionId> served = new HashSet<>();
        for (Specimen.Log log : specimen.logs().values()) {
            PartitionRecovery found = engine.recovery().partitions().stream()
                    .filter(report -> report.partition().equals(log.id().toString()))
                    .findFirst()
                    .orElseThrow(() -> new Violation("a partition is not even mentioned: " + log.id()));
            verdict.recovered(found);
            if (found.failure().isPresent()) {
                requireRefusal(engine, log, found);
            } else {
                served.add(log.id());
                LocalPartition partition =
                        engine.find(log.id()).orElseThrow(() -> new Violation("recovered and not there: " + found));
                new Recovered(this, disk, log, found, isReadOnly).judge(partition);
            }
        }
        return served;
    }

    private void requireRefusal(Engine engine, Specimen.Log log, PartitionRecovery found) {
        WalException failure = found.failure().orElseThrow();
        boolean isElsewhere = injury.changed().stream()
                .noneMatch(file -> file.startsWith(log.id().toString()) || file.equals(Path.of("STORE")));
        if (isElsewhere || injury.isHarmless(specimen)) {
            throw new Violation("a partition that is whole was refused: " + found, failure);
        }
        if (found.cases().stream().noneMatch(RecoveryCase::isRefusal)) {
            throw new Violation("refused without a row of the table: " + found, failure);
        }
        requireDocumented(failure, "partition " + log.id());
        verdict.saw(Outcome.PARTITION_REFUSED);
        try {
            engine.find(log.id());
        } catch (WalException e) {
            if (e.code() != failure.code()) {
                throw new Violation("using a refused partition says something else", e);
            }
            return;
        }
        throw new Violation("a refused partition can be used: " + found);
    }

    /** What a reader met. After a clean close it is the first who opens a sealed segment, so it may be told there that a newer version wrote it. */
    void readError(WalException e) {
        if (injury.isHarmless(specimen)) {
            throw new Violation("reading fails, and nothing that matters was damaged", e);
        }
        requireDocumented(e, "reading");
        verdict.saw(Outcome.READ_ERROR);
    }
}
