package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.RecoveryHarness.describe;
import static dev.tidemark.wal.partition.RecoveryHarness.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentSummary;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Every state meets exactly one row of the table in {@code docs/recovery.md}. A state is made from facts that are drawn at random; the rows stand
 * here a second time, as conditions on the facts and without a look at any byte. Exactly one of them must hold, and recovery must find that one.
 */
final class RecoveryTableTest {

    private static final int STATES = 1500;

    private enum Metadata {
        GOOD,
        BAD,
        MISSING,
        UNREADABLE
    }

    private enum Newest {
        GOOD,
        BAD_HEADER,
        UNREADABLE,
        MISSING,
        ENDS_IN_A_SEAL
    }

    private enum Older {
        GOOD,
        SEAL_MISSING,
        SEAL_TORN,
        BYTES_BEHIND_SEAL,
        SEAL_LIES,
        FRAME_BEHIND_MISSING_SEAL,
        FRAME_BAD_AND_SEAL_MISSING,
        BAD_HEADER,
        UNREADABLE,
        MISSING
    }

    private enum Behind {
        END_OF_FILE,
        ZEROS,
        GARBAGE,
        ZEROS_AND_A_BYTE,
        TORN_HEADER,
        TORN_PAYLOAD,
        HOLE
    }

    /** Who says that what stood behind the good frames was durable. */
    private enum Proof {
        NONE,
        LATER_FRAME,
        PROVEN_END,
        START,
        CHECKPOINT
    }

    /** One state, in words. */
    private record Facts(
            Metadata metadata,
            boolean isClean,
            Newest newest,
            Older older,
            boolean isRenamedOnly,
            Behind behind,
            Proof proof) {

        static Facts draw(Random random) {
            // Most states have at most one thing wrong before the tail is looked at; some have several.
            boolean isTailOnly = random.nextInt(3) == 0;
            Metadata metadata = isTailOnly || random.nextInt(8) > 0 ? Metadata.GOOD : any(random, Metadata.values());
            Newest newest = isTailOnly || random.nextInt(4) > 0 ? Newest.GOOD : any(random, Newest.values());
            Older older = isTailOnly ? Older.GOOD : any(random, Older.values());
            boolean isClean = random.nextInt(5) == 0;
            boolean isRenamedOnly = !isClean && random.nextInt(4) == 0;
            Behind behind = isRenamedOnly && random.nextBoolean() ? Behind.END_OF_FILE : any(random, Behind.values());
            Proof proof = random.nextBoolean() ? Proof.NONE : any(random, Proof.values());
            return new Facts(metadata, isClean, newest, older, isRenamedOnly, behind, possible(behind, proof))
                    .settled();
        }

        private static <T> T any(Random random, T[] values) {
            return values[random.nextInt(values.length)];
        }

        /** A later frame needs a place behind the bad one. */
        private static Proof possible(Behind behind, Proof proof) {
            boolean hasRoom = behind == Behind.TORN_HEADER || behind == Behind.TORN_PAYLOAD || behind == Behind.HOLE;
            return proof == Proof.LATER_FRAME && !hasRoom ? Proof.NONE : proof;
        }

        /**
         * Leaves out what cannot be told apart from something else: behind a seal nothing is looked at; and a segment that only its rename shows, and
         * that is gone, was never there.
         */
        private Facts settled() {
            if (newest == Newest.MISSING && isRenamedOnly) {
                return new Facts(metadata, isClean, newest, older, false, behind, proof);
            }
            if (newest == Newest.ENDS_IN_A_SEAL) {
                return new Facts(metadata, false, newest, older, false, Behind.END_OF_FILE, Proof.NONE);
            }
            return this;
        }

        private boolean hasZerosOnly() {
            return behind == Behind.END_OF_FILE || behind == Behind.ZEROS;
        }

        private boolean isMetadataRead() {
            return metadata == Metadata.GOOD;
        }

        /**
         * Names come before contents. They show that the newest segment that PARTITION names is missing, and after a clean close that any is; otherwise
         * one between others is missed when its successor's header has been read.
         */
        private boolean areNamesComplete() {
            return newest != Newest.MISSING && !(older == Older.MISSING && (isClean || isRenamedOnly));
        }

        private boolean isNewestRead() {
            return isMetadataRead() && areNamesComplete() && newest != Newest.BAD_HEADER && newest != Newest.UNREADABLE;
        }

        /** Whether the newest segment, which is looked at first, lets the others be looked at. */
        private boolean isNewestAccepted() {
            return isNewestRead() && newest != Newest.ENDS_IN_A_SEAL && !isTailDamaged();
        }

        private boolean isTailDamaged() {
            return isClean ? isSnapshotGone() : proof != Proof.NONE;
        }

        /** With the stamp it is the one frame that counts; whatever stands behind it is not looked at. */
        private boolean isSnapshotGone() {
            return behind == Behind.TORN_HEADER || behind == Behind.TORN_PAYLOAD || behind == Behind.HOLE;
        }

        private boolean isOlderDamaged() {
            return older == Older.FRAME_BEHIND_MISSING_SEAL || older == Older.FRAME_BAD_AND_SEAL_MISSING;
        }
    }

    private static final Map<RecoveryCase, Predicate<Facts>> ROWS = rows();

    private static Map<RecoveryCase, Predicate<Facts>> rows() {
        Map<RecoveryCase, Predicate<Facts>> rows = new EnumMap<>(RecoveryCase.class);
        Predicate<Facts> isOlderUsable = f -> f.isClean()
                || f.older() == Older.GOOD
                || f.older() == Older.SEAL_MISSING
                || f.older() == Older.SEAL_TORN
                || f.older() == Older.BYTES_BEHIND_SEAL;
        rows.put(RecoveryCase.CLEAN, f -> f.isClean() && f.isNewestAccepted());
        rows.put(
                RecoveryCase.R1,
                f -> !f.isClean() && f.isNewestAccepted() && isOlderUsable.test(f) && f.hasZerosOnly());
        rows.put(
                RecoveryCase.R2,
                f -> !f.isClean() && f.isNewestAccepted() && isOlderUsable.test(f) && !f.hasZerosOnly());
        rows.put(
                RecoveryCase.R3,
                f -> f.isNewestRead() && f.newest() == Newest.GOOD && f.isTailDamaged()
                        || !f.isClean() && f.isNewestAccepted() && f.isOlderDamaged());
        rows.put(
                RecoveryCase.R4,
                f -> f.isMetadataRead() && f.areNamesComplete() && f.newest() == Newest.BAD_HEADER
                        || !f.isClean()
                                && f.isNewestAccepted()
                                && (f.older() == Older.SEAL_LIES || f.older() == Older.BAD_HEADER));
        rows.put(
                RecoveryCase.R5,
                f -> f.isMetadataRead()
                        && (!f.areNamesComplete()
                                || f.isNewestRead() && f.newest() == Newest.ENDS_IN_A_SEAL
                                || f.isNewestAccepted() && f.older() == Older.MISSING));
        rows.put(
                RecoveryCase.R7,
                f -> f.metadata() == Metadata.UNREADABLE
                        || f.isMetadataRead() && f.areNamesComplete() && f.newest() == Newest.UNREADABLE
                        || !f.isClean() && f.isNewestAccepted() && f.older() == Older.UNREADABLE);
        rows.put(RecoveryCase.R8, f -> f.metadata() == Metadata.BAD || f.metadata() == Metadata.MISSING);
        return rows;
    }

    @Test
    void everyState_meetsExactlyOneRow() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("RecoveryTableTest.everyState seed=" + seed);
        Random random = new Random(seed);
        Map<RecoveryCase, Integer> met = new EnumMap<>(RecoveryCase.class);
        for (int i = 0; i < STATES; i++) {
            Facts facts = Facts.draw(random);
            String what = "seed=" + seed + " state=" + i + " " + facts;
            List<RecoveryCase> expected = new ArrayList<>();
            ROWS.forEach((row, condition) -> {
                if (condition.test(facts)) {
                    expected.add(row);
                }
            });
            assertThat(expected).as(what).hasSize(1);

            SimulatedDisk disk = state(facts, random);
            long before = disk.fingerprint();
            RecoveryResult seen = RecoveryHarness.look(disk);
            assertThat(disk.fingerprint()).as(what).isEqualTo(before);
            RecoveryResult result = RecoveryHarness.recover(disk);

            assertThat(row(result.report())).as(what).isEqualTo(expected.get(0));
            assertThat(row(seen.report())).as(what).isEqualTo(expected.get(0));
            assertThat(result.report().failure().isPresent())
                    .as(what)
                    .isEqualTo(expected.get(0).isRefusal());
            if (expected.get(0).isRefusal()) {
                assertThat(disk.fingerprint()).as(what).isEqualTo(before);
            } else if (!facts.isClean() || facts.older() == Older.GOOD) {
                disk.removeFaults();
                String once = describe(disk, result);
                assertThat(describe(disk, RecoveryHarness.recover(disk)))
                        .as(what)
                        .isEqualTo(once);
            }
            met.merge(expected.get(0), 1, Integer::sum);
        }
        System.out.println("RecoveryTableTest.everyState met=" + met);
        assertThat(met.keySet()).containsAll(ROWS.keySet());
    }

    // ---------------------------------------------------------------- from facts to bytes

    private static SimulatedDisk state(Facts facts, Random random) throws IOException {
        LogBuilder log = new LogBuilder().append(1 + random.nextInt(4), 300).rotate();
        log.append(2 + random.nextInt(4), 200 + random.nextInt(500));
        if (facts.isRenamedOnly()) {
            log.rotateUpToTheRename();
        } else {
            log.rotate();
        }
        SegmentImage older = log.segment(1);
        damageOlder(facts.older(), older);
        fillNewest(facts, log, random);
        SimulatedDisk disk = RecoveryHarness.disk(log);
        damageFiles(facts, log, older, disk);
        return disk;
    }

    private static void damageOlder(Older what, SegmentImage older) {
        int end = (int) older.end().endPosition();
        switch (what) {
            case SEAL_MISSING -> older.cutTo(end);
            case SEAL_TORN -> {
                int keep = end + (older.length() - end) / 2;
                int length = older.length();
                older.cutTo(Math.max(keep, end)).zeros(Math.max(0, length - keep) + 700);
            }
            case BYTES_BEHIND_SEAL -> {
                if (older.length() == end) {
                    seal(older, older.totals().summary(older.offset()));
                }
                older.zeros(300).tail(new byte[] {7});
            }
            case SEAL_LIES -> {
                SegmentSummary truth = older.totals().summary(older.offset());
                SegmentSummary lie = new SegmentSummary(
                        truth.endOffset(),
                        truth.frames(),
                        truth.records(),
                        truth.payloadBytes(),
                        truth.minTimestampMillis(),
                        truth.maxTimestampMillis(),
                        truth.checksum() + 1);
                older.cutTo(end);
                seal(older, lie);
            }
            case FRAME_BEHIND_MISSING_SEAL ->
                older.cutTo(end).raw(LogBuilder.value(older.offset(), 90), older.offset());
            case FRAME_BAD_AND_SEAL_MISSING ->
                older.cutTo(end).flip(older.frame(1).position() + 60, 2);
            default -> {
                // Done on the disk, or nothing is wrong.
            }
        }
    }

    private static void seal(SegmentImage segment, SegmentSummary summary) {
        segment.frame(FrameKind.SEAL, 0, new SealPayload(summary, List.of()).encode(), segment.offset());
    }

    /** Good frames, then what the facts say, with or without a proof. */
    private static void fillNewest(Facts facts, LogBuilder log, Random random) {
        SegmentImage newest = log.newest();
        log.append(random.nextInt(4), 100 + random.nextInt(3000));
        if (facts.newest() == Newest.ENDS_IN_A_SEAL) {
            seal(newest, newest.totals().summary(newest.offset()));
            return;
        }
        long end = newest.offset();
        int lengthBefore = newest.length();
        if (facts.isClean()) {
            log.closeCleanly();
        }
        switch (facts.behind()) {
            case END_OF_FILE -> {
                // Nothing.
            }
            case ZEROS -> newest.zeros(1 + random.nextInt(9000));
            case GARBAGE -> {
                byte[] garbage = new byte[1 + random.nextInt(3000)];
                random.nextBytes(garbage);
                garbage[0] |= 1;
                newest.tail(garbage);
            }
            case ZEROS_AND_A_BYTE -> newest.zeros(40 + random.nextInt(6000)).tail(new byte[] {1});
            default -> {
                int bad = lengthBefore;
                if (!facts.isClean()) {
                    log.append(200);
                }
                if (facts.proof() == Proof.LATER_FRAME) {
                    log.syncedAt(newest.offset());
                }
                if (!facts.isClean()) {
                    log.append(100);
                }
                spoil(facts.behind(), newest, bad);
            }
        }
        long proven = end + 1;
        if (!facts.isClean()) {
            log.metadata(change -> {
                switch (facts.proof()) {
                    case PROVEN_END -> change.provenEnd(proven);
                    case START ->
                        change.provenEnd(proven).start(proven, log.metadata().startSegment());
                    case CHECKPOINT -> change.checkpoint("reader", proven);
                    default -> {
                        // No proof in PARTITION.
                    }
                }
            });
        }
    }

    private static void spoil(Behind how, SegmentImage newest, int at) {
        SegmentImage.Placed frame = newest.frames().stream()
                .filter(placed -> placed.position() == at)
                .findFirst()
                .orElseThrow();
        switch (how) {
            case TORN_HEADER -> newest.flip(at + 9, 0x10);
            case TORN_PAYLOAD -> newest.flip(at + 41, 0x10);
            default -> {
                byte[] bytes = newest.bytes();
                for (int i = frame.position(); i < frame.endPosition(); i++) {
                    newest.flip(i, bytes[i]);
                }
                if (newest.length() == frame.endPosition()) {
                    newest.tail(new byte[] {1});
                }
            }
        }
    }

    private static void damageFiles(Facts facts, LogBuilder log, SegmentImage older, SimulatedDisk disk) {
        String metadata = Names.PARTITION;
        switch (facts.metadata()) {
            case BAD -> disk.flipBit(LogBuilder.DIRECTORY.resolve(metadata), 300);
            case MISSING -> disk.lose(LogBuilder.DIRECTORY.resolve(metadata));
            case UNREADABLE -> unreadable(disk, metadata);
            default -> {
                // Good.
            }
        }
        switch (facts.newest()) {
            case BAD_HEADER -> disk.flipBit(LogBuilder.path(log.newest()), 777);
            case MISSING -> disk.lose(LogBuilder.path(log.newest()));
            case UNREADABLE -> unreadable(disk, log.newest().header().name().segmentFile());
            default -> {
                // In the bytes already.
            }
        }
        switch (facts.older()) {
            case BAD_HEADER -> disk.flipBit(LogBuilder.path(older), 777);
            case MISSING -> disk.lose(LogBuilder.path(older));
            case UNREADABLE -> unreadable(disk, older.header().name().segmentFile());
            default -> {
                // In the bytes already.
            }
        }
    }

    private static void unreadable(SimulatedDisk disk, String name) {
        disk.inject(Fault.ioError(
                CallMatch.on(Operation.Kind.READ).named(name).number(1).andAllLater()));
    }
}
