package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.LogBuilder.DIRECTORY;
import static dev.tidemark.wal.partition.LogBuilder.path;
import static dev.tidemark.wal.partition.RecoveryHarness.contents;
import static dev.tidemark.wal.partition.RecoveryHarness.describe;
import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static dev.tidemark.wal.partition.RecoveryHarness.failure;
import static dev.tidemark.wal.partition.RecoveryHarness.log;
import static dev.tidemark.wal.partition.RecoveryHarness.look;
import static dev.tidemark.wal.partition.RecoveryHarness.metadata;
import static dev.tidemark.wal.partition.RecoveryHarness.recover;
import static dev.tidemark.wal.partition.RecoveryHarness.recovered;
import static dev.tidemark.wal.partition.RecoveryHarness.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.CleanStamp;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentSummary;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.io.Volume;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The table in {@code docs/recovery.md}, row by row; the name of a row is in each test that shows it. */
final class RecoveryTest {

    // ---------------------------------------------------------------- clean

    @Test
    void cleanClose_readsMetadataAndOneFrame() throws IOException {
        LogBuilder log =
                new LogBuilder().append(50, 1000).rotate().append(20, 300).closeCleanly();
        SimulatedDisk disk = disk(log);
        long before = disk.operationCount();

        RecoveryResult result = recover(disk);

        RecoveredLog found = log(result);
        assertThat(result.report().cases()).containsExactly(RecoveryCase.CLEAN);
        assertThat(found.end()).isEqualTo(70);
        assertThat(found.segments()).hasSize(2);
        assertThat(found.segments().get(0).endOffset()).isEqualTo(50);
        assertThat(found.active().end()).isEqualTo(log.newest().end());
        assertThat(found.active().totals()).isEqualTo(log.newest().totals());
        assertThat(found.lastTimestampMillis()).isEqualTo(log.newest().timestampMillis());
        assertThat(contents(disk, found)).hasSize(70);
        // Nothing is written, no sealed segment is opened, and of the newest one little is read.
        List<Operation> done = disk.operations().stream()
                .filter(operation -> operation.index() >= before)
                .toList();
        assertThat(done).noneMatch(operation -> operation.changedTheDisk());
        List<Operation> ofRecovery = done.subList(0, indexOfSecondOpen(done, log));
        assertThat(ofRecovery).noneMatch(operation -> operation.path().equals(path(log.segment(0))));
        assertThat(ofRecovery.stream()
                        .filter(operation -> operation.kind() == Operation.Kind.READ)
                        .mapToLong(Operation::bytes)
                        .sum())
                .isLessThan(20_000);
    }

    private static int indexOfSecondOpen(List<Operation> done, LogBuilder log) {
        for (int i = 0; i < done.size(); i++) {
            if (done.get(i).kind() == Operation.Kind.OPEN && done.get(i).path().equals(path(log.segment(0)))) {
                return i;
            }
        }
        throw new AssertionError("contents were not read");
    }

    @Test
    void cleanStampStaysUntilTheFirstChange() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 100).closeCleanly());

        RecoveredLog first = recovered(disk);
        assertThat(metadata(disk).cleanStamp()).isPresent();
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.CLEAN);
        first.metadata().withdrawCleanStamp();

        assertThat(metadata(disk).cleanStamp()).isEmpty();
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R1);
    }

    @Test
    void anyShortfallAfterACleanClose_isReportedAsCorruption_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).closeCleanly();
        SegmentImage.Placed snapshot = log.newest().frame(3);
        SegmentImage.Placed second = log.newest().frame(1);

        SimulatedDisk flipped = disk(log);
        flipped.flipBit(path(log.newest()), snapshot.position() * 8L + 50);
        assertRefused(recover(flipped), RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, snapshot.position(), 3, 3);

        SimulatedDisk cut = disk(log);
        cut.resize(path(log.newest()), second.position());
        assertRefused(recover(cut), RecoveryCase.R3, ErrorCode.SEGMENT_TRUNCATED, second.position(), 1, 3);

        SimulatedDisk zeroed = disk(log);
        zeroed.overwrite(
                path(log.newest()), second.position(), new byte[log.newest().length() - second.position()]);
        assertRefused(recover(zeroed), RecoveryCase.R3, ErrorCode.SEGMENT_TRUNCATED, second.position(), 1, 3);
    }

    @Test
    void segmentMissingAfterACleanClose_R5() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .closeCleanly();
        for (int missing = 0; missing < 3; missing++) {
            SimulatedDisk disk = disk(log);
            disk.lose(path(log.segment(missing)));

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R5);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.SEGMENT_MISSING);
            assertNames(result, log.segment(missing).header().name().segmentFile());
        }
    }

    @Test
    void segmentTooMany_isTheOneThatIsNamed() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .closeCleanly();
        for (String extra : List.of(
                "00000000000000000004-00000002.seg",
                "00000000000000000007-00000003.seg",
                "00000000000000000006-00000004.seg")) {
            SimulatedDisk disk = disk(log);
            disk.damage(DIRECTORY.resolve(extra), log.segment(1).bytes());

            assertNames(recover(disk), extra);
        }
    }

    private static void assertNames(RecoveryResult result, String file) {
        assertThat(((DamageException) failure(result)).damage().file()).isEqualTo("orders-0/" + file);
    }

    // ---------------------------------------------------------------- R1

    @Test
    void zerosToTheEndOfTheFile_keepEverything_R1() throws IOException {
        LogBuilder log = new LogBuilder().append(5, 700);
        log.newest().zeros(100_000);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R1);
        assertThat(found.end()).isEqualTo(5);
        assertThat(found.active().mustRotate()).isFalse();
        assertThat(found.active().end()).isEqualTo(log.newest().end());
        assertThat(found.active().fileBytes()).isEqualTo(log.newest().length());
        assertThat(metadata(disk).provenEnd()).isEqualTo(5);
    }

    @Test
    void endOfTheFile_keepsEverything_R1() throws IOException {
        LogBuilder log = new LogBuilder().append(5, 700);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R1);
        assertThat(found.active().fileBytes()).isEqualTo(log.newest().length());
        assertThat(contents(disk, found)).hasSize(5);
    }

    @Test
    void completeBatchThatWasNeverAcknowledged_isKept() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(2, 100).force().batch(40, 5000));

        RecoveredLog found = recovered(disk);

        assertThat(found.end()).isEqualTo(42);
        assertThat(contents(disk, found).get(2L)).isEqualTo(LogBuilder.value(2, 5000));
    }

    @Test
    void emptyLogThatWasNeverWrittenTo_R1() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder());

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R1);
        assertThat(found.end()).isZero();
        assertThat(found.active().end().endPosition()).isEqualTo(SegmentHeader.BYTES);
    }

    // ---------------------------------------------------------------- R2

    @Test
    void tornFrameInLastBatch_dropsTheWholeBatch_R2() throws IOException {
        LogBuilder log = new LogBuilder().append(2, 100).force().batch(40, 5000);
        SegmentImage.Placed batch = log.newest().frame(2);
        log.newest().flip(batch.position() + 3000, 0xff);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R2);
        assertThat(found.end()).isEqualTo(2);
        assertThat(contents(disk, found)).containsOnlyKeys(0L, 1L);
        assertThat(found.report().undecided()).hasValueSatisfying(undecided -> {
            assertThat(undecided.filePosition()).isEqualTo(batch.position());
            assertThat(undecided.firstOffset()).isEqualTo(2);
            assertThat(undecided.endOffset()).isEqualTo(42);
        });
    }

    @Test
    void badFrameAboveTheLastProof_isCutAndReportedAsUndecided_R2() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 500).force().append(4, 500);
        SegmentImage.Placed bad = log.newest().frame(4);
        log.newest().flip(bad.position() + 4, 1).zeros(5000);
        SimulatedDisk disk = disk(log);
        byte[] before = log.newest().bytes();

        RecoveredLog found = recovered(disk);

        String name = log.newest().header().name().segmentFile();
        // Zeros at the end, the padding of the last frame among them, are not kept.
        int keptEnd = log.newest().frame(6).position() + 40 + 500;
        Undecided undecided = found.report().undecided().orElseThrow();
        assertThat(undecided)
                .isEqualTo(new Undecided(
                        "orders-0/" + name,
                        bad.position(),
                        keptEnd - bad.position(),
                        4,
                        7,
                        "orders-0/" + name + "." + bad.position() + ".cut"));
        assertThat(disk.contents(LogBuilder.STORE.resolve(undecided.keptIn())))
                .isEqualTo(Arrays.copyOfRange(before, bad.position(), keptEnd));
        assertThat(disk.contents(path(log.newest()))).isEqualTo(Arrays.copyOf(before, bad.position()));
        assertThat(found.end()).isEqualTo(4);
        assertThat(found.active().mustRotate()).isTrue();
        assertThat(found.active().fileBytes()).isEqualTo(bad.position());
        assertThat(metadata(disk).isActiveClosed()).isTrue();
        assertThat(metadata(disk).provenEnd()).isEqualTo(4);
    }

    @Test
    void zerosWithAGoodFrameBehindThem_areCutNotKept_R2() throws IOException {
        LogBuilder log = new LogBuilder().append(2, 100).force().append(2, 3000);
        SegmentImage.Placed third = log.newest().frame(2);
        SimulatedDisk disk = disk(log);
        disk.overwrite(path(log.newest()), third.position(), new byte[third.endPosition() - third.position()]);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R2);
        assertThat(found.end()).isEqualTo(2);
        assertThat(disk.contents(path(log.newest()))).hasSize(third.position());
    }

    @Test
    void framesFromAnEarlierUseOfTheFile_areNotRead() throws IOException {
        // The blocks belonged to another segment before, whose frames line up exactly.
        LogBuilder other = new LogBuilder().append(2, 200).rotate();
        SegmentImage stale = new SegmentImage(new SegmentHeader(
                LogBuilder.STORE_ID,
                LogBuilder.PARTITION_ID,
                LogBuilder.segmentId(99),
                other.segment(0).header().name(),
                Optional.empty(),
                1,
                0));
        stale.raw(LogBuilder.value(0, 200), 0)
                .raw(LogBuilder.value(1, 200), 0)
                .raw(LogBuilder.value(2, 200), 2)
                .raw(LogBuilder.value(3, 200), 3);
        LogBuilder log = new LogBuilder().append(2, 200);
        log.newest().tail(Arrays.copyOfRange(stale.bytes(), stale.frame(2).position(), stale.length()));
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.end()).isEqualTo(2);
        assertThat(found.report().cases()).containsExactly(RecoveryCase.R2);
    }

    @Test
    void framesThatHeldNoRecords_areCutWithoutAReport_R2() throws IOException {
        LogBuilder log = new LogBuilder().append(2, 100).force().proof();
        log.newest().flip(log.newest().frame(2).endPosition() - 6, 1);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R2);
        assertThat(found.report().undecided()).isEmpty();
    }

    @Test
    void segmentThatWasCut_isNeverAppendedTo() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 500);
        log.newest().tail(new byte[] {1, 2, 3});
        SimulatedDisk disk = disk(log);

        recovered(disk);
        RecoveredLog again = recovered(disk);

        assertThat(again.report().cases()).containsExactly(RecoveryCase.R1);
        assertThat(again.active().mustRotate()).isTrue();
    }

    // ---------------------------------------------------------------- R3

    @Test
    void badFrameBelowAProof_isReportedAsCorruption_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(4, 500).force().append(1, 500);
        SegmentImage.Placed bad = log.newest().frame(1);
        SimulatedDisk disk = disk(log);
        disk.flipBit(path(log.newest()), (bad.position() + 200) * 8L);

        assertRefusedUnchanged(disk, RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, bad.position(), 1, 2);
    }

    @Test
    void proofBehindABadHeader_isFound_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(4, 500).force().append(1, 500);
        SegmentImage.Placed bad = log.newest().frame(1);
        SimulatedDisk disk = disk(log);
        disk.flipBit(path(log.newest()), (bad.position() + 4) * 8L);

        assertRefusedUnchanged(disk, RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, bad.position(), 1, 2);
    }

    @Test
    void proofFrameOfAQuietPartition_isAProof_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(4, 500).force().proof();
        SegmentImage.Placed bad = log.newest().frame(3);
        SimulatedDisk disk = disk(log);
        disk.flipBit(path(log.newest()), (bad.position() + 200) * 8L);

        assertRefusedUnchanged(disk, RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, bad.position(), 3, 4);
    }

    @Test
    void endBelowTheProvenEnd_theStart_orACheckpoint_R3() throws IOException {
        for (int proof = 0; proof < 3; proof++) {
            LogBuilder log = new LogBuilder().append(4, 500);
            int which = proof;
            log.metadata(change -> {
                change.provenEnd(which == 1 ? 3 : which == 0 ? 4 : 0);
                if (which == 1) {
                    change.start(3, log.newest().header().name());
                } else if (which == 2) {
                    change.checkpoint("consumer", 4);
                }
            });
            SimulatedDisk disk = disk(log);
            disk.resize(path(log.newest()), log.newest().frame(2).position());

            assertRefusedUnchanged(
                    disk,
                    RecoveryCase.R3,
                    ErrorCode.SEGMENT_TRUNCATED,
                    log.newest().frame(2).position(),
                    2,
                    which == 1 ? 3 : 4);
        }
    }

    @Test
    void goodFramesBehindTheEndThatTheSuccessorRecords_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotateUpToTheRename();
        long end = log.segment(0).end().endPosition();
        log.segment(0).raw(LogBuilder.value(3, 400), 3);
        SimulatedDisk disk = disk(log);

        assertRefusedUnchanged(disk, RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, end, 3, 4);
    }

    @Test
    void shortfallAgainstTheSuccessor_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotateUpToTheRename();
        SegmentImage.Placed bad = log.segment(0).frame(2);
        SimulatedDisk disk = disk(log);
        disk.flipBit(path(log.segment(0)), (bad.position() + 100) * 8L);

        assertRefusedUnchanged(disk, RecoveryCase.R3, ErrorCode.SEGMENT_CORRUPT, bad.position(), 2, 3);
    }

    // ---------------------------------------------------------------- R4

    @Test
    void headerUnderAFinalName_R4() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 100).rotate().append(3, 100).rotate().append(3, 100);
        for (SegmentImage segment : log.segments()) {
            SimulatedDisk disk = disk(log);
            disk.flipBit(path(segment), 2000);

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R4);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
        }
    }

    @Test
    void segmentOfAnotherPartition_R4() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        SegmentImage foreign = new SegmentImage(new SegmentHeader(
                LogBuilder.STORE_ID,
                12345,
                log.newest().header().segmentId(),
                log.newest().header().name(),
                Optional.empty(),
                1,
                0));
        SimulatedDisk disk = disk(log);
        disk.damage(path(log.newest()), foreign.bytes());

        RecoveryResult result = recover(disk);

        assertThat(row(result.report())).isEqualTo(RecoveryCase.R4);
        assertThat(failure(result)).hasMessageContaining("another partition");
    }

    @Test
    void sealThatContradictsTheSuccessor_R4() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        SegmentImage sealed = log.newest();
        log.rotateUpToTheRename();
        byte[] lie = new SealPayload(new SegmentSummary(3, 3, 3, 300, 1, 3, 4711), List.of()).encode();
        sealed.frame(FrameKind.SEAL, 0, lie, 3);
        SimulatedDisk disk = disk(log);

        assertRefusedUnchanged(
                disk, RecoveryCase.R4, ErrorCode.SEGMENT_CORRUPT, sealed.end().endPosition(), 0, 3);
    }

    // ---------------------------------------------------------------- R5

    @Test
    void segmentMissing_R5() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 100).rotate().append(3, 100).rotate().append(3, 100);
        for (SegmentImage segment : log.segments()) {
            SimulatedDisk disk = disk(log);
            disk.lose(path(segment));
            long before = disk.fingerprint();

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R5);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.SEGMENT_MISSING);
            assertNames(result, segment.header().name().segmentFile());
            assertThat(disk.fingerprint()).isEqualTo(before);
        }
    }

    @Test
    void newestSegmentWithASealButNoSuccessor_R5() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate();
        SimulatedDisk disk = disk(log);
        disk.lose(path(log.segment(1)));
        disk.damage(
                DIRECTORY.resolve(Names.PARTITION), new LogBuilder().metadata().encode());

        assertThat(row(recover(disk).report())).isEqualTo(RecoveryCase.R5);
    }

    // ---------------------------------------------------------------- R6

    @Test
    void rotationInterruptedAfterTheRename_isFinished_R6() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotateUpToTheRename();
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
        assertThat(found.segments()).hasSize(2);
        assertThat(found.segments().get(0).isSealed()).isTrue();
        assertThat(metadata(disk).active().name())
                .isEqualTo(log.newest().header().name());
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R1);
    }

    @Test
    void sealThatIsMissingOrTorn_isWrittenAgain_R6() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotate().append(2, 100);
        SegmentImage sealed = log.segment(0);
        byte[] whole = sealed.bytes();
        SegmentImage.Placed seal = sealed.frame(3);
        for (int at = seal.position(); at <= seal.endPosition(); at += 8) {
            SimulatedDisk disk = disk(log);
            // What was there before, as far as the sector got: zeros, and prepared space behind.
            byte[] torn = Arrays.copyOf(Arrays.copyOf(whole, at), seal.endPosition() + 9000);
            disk.damage(path(sealed), torn);

            RecoveredLog found = recovered(disk);

            assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
            assertThat(disk.contents(path(sealed))).isEqualTo(whole);
            assertThat(found.end()).isEqualTo(5);
        }
    }

    @Test
    void sealThatIsWrittenAgain_remembersProducers_R6() throws IOException {
        ProducerState before = new ProducerState(7, 1, 900, List.of(new ProducerBatch(10, 2, 0)));
        ProducerState silent = new ProducerState(8, 4, 800, List.of(new ProducerBatch(0, 1, 2)));
        LogBuilder log = new LogBuilder().append(3, 50).remember(before, silent).rotate();
        SegmentImage second = log.newest();
        second.produced(7, 1, 12, 3, new byte[20])
                .produced(9, 1, 0, 1, new byte[5])
                .produced(9, 2, 0, 2, new byte[5]);
        log.rotateWithoutSeal().append(2, 50);
        SimulatedDisk disk = disk(log);

        recovered(disk);

        byte[] file = disk.contents(path(second));
        int payloadAt = (int) second.end().endPosition() + FrameCodec.HEADER_BYTES;
        int length = FrameCodec.length(ByteBuffer.wrap(file), (int) second.end().endPosition());
        SealPayload seal = SealPayload.decode(ByteBuffer.wrap(file), payloadAt, length)
                .value()
                .orElseThrow();
        long base = second.header().name().baseOffset();
        long first = second.header().firstTimestampMillis() + 1;
        assertThat(seal.producers())
                .containsExactly(
                        new ProducerState(
                                7, 1, first, List.of(new ProducerBatch(10, 2, 0), new ProducerBatch(12, 3, base))),
                        silent,
                        new ProducerState(9, 2, first + 2, List.of(new ProducerBatch(0, 2, base + 4))));
    }

    @Test
    void temporaryFiles_areDeletedNeverAdopted_R6() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400);
        SimulatedDisk disk = disk(log);
        Path prepared = DIRECTORY.resolve(Names.nextSegment(42));
        Path aside = DIRECTORY.resolve(Names.aside(Names.PARTITION));
        Path foreign = DIRECTORY.resolve("notes.txt");
        LogBuilder.write(disk, prepared, log.newest().bytes());
        LogBuilder.write(disk, aside, log.metadata().encode());
        LogBuilder.write(disk, foreign, new byte[] {1});

        recovered(disk);

        assertThat(disk.files()).doesNotContain(prepared, aside).contains(foreign);
    }

    @Test
    void interruptedTrim_isFinished_R6() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 100).rotate().append(3, 100).rotate().append(3, 100);
        Intent trim = new Intent.Trim(4, log.segment(1).header().name());
        log.metadata(change ->
                change.start(4, log.segment(1).header().name()).provenEnd(6).intent(trim));
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
        assertThat(found.start()).isEqualTo(4);
        assertThat(disk.files()).doesNotContain(path(log.segment(0)));
        assertThat(metadata(disk).intents()).isEmpty();
        assertThat(contents(disk, found)).containsOnlyKeys(3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void trimOfWhichOnlyTheIntentWasRecorded_isDone_R6() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 100).rotate().append(3, 100).rotate().append(3, 100);
        log.metadata(change ->
                change.intent(new Intent.Trim(7, log.segment(2).header().name())));
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
        assertThat(found.start()).isEqualTo(7);
        assertThat(metadata(disk).startOffset()).isEqualTo(7);
        assertThat(metadata(disk).startSegment())
                .isEqualTo(log.segment(2).header().name());
        assertThat(disk.files()).doesNotContain(path(log.segment(0)), path(log.segment(1)));
    }

    @Test
    void segmentsThatWereStillReadAtACleanClose_areDeleted_alsoWhenThatIsInterrupted_R6() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .rotate()
                .append(3, 100)
                .closeCleanly();
        CleanStamp all = log.metadata().cleanStamp().orElseThrow();
        log.metadata(change -> change.start(7, log.segment(2).header().name())
                .cleanStamp(new CleanStamp(
                        all.segmentId(), all.filePosition(), all.headerCrc(), all.endOffset(), all.segments() - 2))
                .intent(new Intent.Trim(7, log.segment(2).header().name())));
        SimulatedDisk interrupted = disk(log);
        interrupted.lose(path(log.segment(0)));
        assertThat(recovered(interrupted).report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.CLEAN);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.CLEAN);
        assertThat(disk.files()).doesNotContain(path(log.segment(0)), path(log.segment(1)));
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.CLEAN);
    }

    @Test
    void interruptedTruncation_isFinished_R6() throws IOException {
        LogBuilder log =
                new LogBuilder().append(5, 100).rotate().append(3, 100).rotate().append(3, 100);
        Intent truncate = new Intent.Truncate(4, log.segment(0).header().name(), 3);
        log.metadata(change -> change.provenEnd(4).intent(truncate));
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
        assertThat(found.end()).isEqualTo(4);
        assertThat(found.active().mustRotate()).isTrue();
        assertThat(disk.files()).doesNotContain(path(log.segment(1)), path(log.segment(2)));
        assertThat(metadata(disk).intents()).isEmpty();
        assertThat(metadata(disk).lastEpoch()).isEqualTo(3);
        assertThat(contents(disk, found)).containsOnlyKeys(0L, 1L, 2L, 3L);
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R1);
    }

    @Test
    void interruptedDeletion_isFinished_R6() throws IOException {
        LogBuilder log = new LogBuilder().append(5, 100).metadata(change -> change.intent(new Intent.Delete(7)));
        SimulatedDisk disk = disk(log);

        RecoveryResult result = recover(disk);

        assertThat(result).isInstanceOf(RecoveryResult.Deleted.class);
        assertThat(result.report().cases()).containsExactly(RecoveryCase.R6);
        assertThat(disk.files()).isEmpty();
        assertThat(disk.exists(DIRECTORY)).isFalse();
    }

    // ---------------------------------------------------------------- R7

    @Test
    void readThatFails_refusesAndWritesNothing_R7() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate().append(3, 100);
        log.newest().tail(new byte[] {1});
        for (Operation.Kind kind :
                new Operation.Kind[] {Operation.Kind.READ, Operation.Kind.OPEN, Operation.Kind.SIZE}) {
            for (String file : new String[] {
                "PARTITION",
                path(log.segment(0)).getFileName().toString(),
                path(log.segment(1)).getFileName().toString()
            }) {
                SimulatedDisk disk = disk(log);
                long before = disk.fingerprint();
                disk.inject(Fault.ioError(CallMatch.on(kind).named(file)));

                RecoveryResult result = recover(disk);

                assertThat(row(result.report())).as(kind + " " + file).isEqualTo(RecoveryCase.R7);
                assertThat(disk.fingerprint()).isEqualTo(before);
            }
        }
    }

    @Test
    void directoryThatCannotBeListed_R7() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 100));
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.LIST)));

        assertThat(row(recover(disk).report())).isEqualTo(RecoveryCase.R7);
    }

    @Test
    void fileMayNotBeRead_saysSoAndAdvisesNoRestore_R7() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate().append(3, 100);
        for (String file : List.of("PARTITION", path(log.newest()).getFileName().toString())) {
            SimulatedDisk disk = disk(log);
            disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.OPEN).named(file).andAllLater(),
                    path -> new AccessDeniedException(path.toString())));

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R7);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.STORAGE_FAILED);
            assertThat(failure(result))
                    .hasMessageContaining("permission denied")
                    .hasMessageContaining("/" + file)
                    .hasMessageNotContaining("restore");
        }
    }

    @Test
    void tooManyOpenFiles_R7() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 100));
        disk.inject(Fault.tooManyOpenFiles(CallMatch.on(Operation.Kind.OPEN).named(".seg")));

        RecoveryResult result = recover(disk);

        assertThat(row(result.report())).isEqualTo(RecoveryCase.R7);
        assertThat(failure(result).code()).isEqualTo(ErrorCode.TOO_MANY_OPEN_FILES);
    }

    @Test
    void forceThatFails_refuses_R7() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        SimulatedDisk disk = disk(log);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));

        RecoveryResult result = recover(disk);

        assertThat(row(result.report())).isEqualTo(RecoveryCase.R7);
        assertThat(failure(result).code()).isEqualTo(ErrorCode.STORAGE_FAILED);
    }

    // ---------------------------------------------------------------- R8

    @Test
    void metadataMissingOrBad_R8() throws IOException {
        SimulatedDisk missing = disk(new LogBuilder().append(3, 100));
        missing.lose(DIRECTORY.resolve(Names.PARTITION));
        assertThat(row(recover(missing).report())).isEqualTo(RecoveryCase.R8);

        LogBuilder log = new LogBuilder().append(3, 100);
        for (int bit = 0; bit < log.metadata().encode().length * 8; bit += 5) {
            SimulatedDisk flipped = disk(log);
            flipped.flipBit(DIRECTORY.resolve(Names.PARTITION), bit);
            long before = flipped.fingerprint();

            RecoveryResult result = recover(flipped);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R8);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.METADATA_CORRUPT);
            assertThat(flipped.fingerprint()).isEqualTo(before);
        }
    }

    @Test
    void metadataOfAnotherStoreOrPartition_R8() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 100));
        RecoveryResult result =
                new Recoverer(RecoveryHarness.context(disk, false)).recover(new PartitionId("orders", 1), DIRECTORY);

        assertThat(row(result.report())).isEqualTo(RecoveryCase.R8);
    }

    /** Its stamp verifies, and the frame that it names is there: only what follows shows that time has passed since. */
    @Test
    void earlierMetadataThatCameBack_doesNotEndTheLogAtAnEarlierClose_R8() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).closeCleanly();
        byte[] earlier = log.metadata().encode();
        log.append(2, 100).closeCleanly();
        SimulatedDisk disk = disk(log);
        disk.damage(DIRECTORY.resolve(Names.PARTITION), earlier);
        long before = disk.fingerprint();

        RecoveryResult result = recover(disk);

        assertThat(row(result.report())).isEqualTo(RecoveryCase.R8);
        assertThat(failure(result).code()).isEqualTo(ErrorCode.METADATA_CORRUPT);
        assertNames(result, Names.PARTITION);
        assertThat(disk.fingerprint()).isEqualTo(before);
    }

    @Test
    void earlierMetadataBesideNewerSegments_isNamed_R8() throws IOException {
        for (boolean wasClosed : new boolean[] {false, true}) {
            LogBuilder log = new LogBuilder().append(3, 100);
            if (wasClosed) {
                log.closeCleanly();
            }
            byte[] earlier = log.metadata().encode();
            log.metadata(PartitionFile.Change::withoutCleanStamp);
            log.rotate().append(3, 100).rotate().append(3, 100);
            SimulatedDisk disk = disk(log);
            disk.damage(DIRECTORY.resolve(Names.PARTITION), earlier);

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R8);
            assertNames(result, Names.PARTITION);
        }
    }

    // ---------------------------------------------------------------- versions

    @Test
    void newerFormatVersion_isRefusedWithoutTouchingTheFile() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate().append(3, 100);
        for (SegmentImage segment : log.segments()) {
            SimulatedDisk disk = disk(log);
            disk.damage(path(segment), RecoveryTest::asVersionTwo);
            long before = disk.fingerprint();

            RecoveryResult result = recover(disk);

            assertThat(failure(result).code()).isEqualTo(ErrorCode.FORMAT_NEWER);
            assertThat(disk.fingerprint()).isEqualTo(before);
        }
    }

    private static byte[] asVersionTwo(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(8, 2);
        int crcAt = SegmentHeader.BYTES - 4;
        bytes.putInt(crcAt, FrameCodec.crcOf(bytes, 0, crcAt, new CRC32C()));
        return file;
    }

    // ---------------------------------------------------------------- what is written

    @Test
    void tailThatWasNeverForced_isWrittenAgainBeforeItIsServed() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400);
        SimulatedDisk disk = disk(log);
        // The next round is written, its force fails and takes the pages for clean, and the process dies.
        log.force().append(5, 400);
        try (var file = disk.open(path(log.newest()), Disk.Access.READ_WRITE)) {
            int from = log.newest().frame(3).position();
            byte[] all = log.newest().bytes();
            file.writeFully(ByteBuffer.wrap(all, from, all.length - from), from);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            assertThatThrownBy(() -> file.force(false)).isInstanceOf(IOException.class);
        }
        assertThat(disk.copy().powerLoss(CrashPlan.keepNothing()).contents(path(log.newest())))
                .hasSize(log.newest().frame(3).position());
        SimulatedDisk next = disk.killProcess();

        RecoveredLog found = recovered(next);
        assertThat(found.end()).isEqualTo(8);

        SimulatedDisk after = next.powerLoss(CrashPlan.keepNothing());
        assertThat(recovered(after).end()).isEqualTo(8);
    }

    @Test
    void sealWhoseForceFailed_isWrittenAgain() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotate();
        SegmentImage sealed = log.segment(0);
        int end = (int) sealed.end().endPosition();
        SimulatedDisk disk = disk(log);
        disk.resize(path(sealed), end);
        try (DiskFile file = disk.open(path(sealed), Disk.Access.READ_WRITE)) {
            file.writeFully(ByteBuffer.wrap(sealed.bytes(), end, sealed.length() - end), end);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            assertThatThrownBy(() -> file.force(false)).isInstanceOf(IOException.class);
        }
        SimulatedDisk next = disk.killProcess();
        assertThat(recovered(next).report().cases()).containsExactly(RecoveryCase.R1);

        SimulatedDisk after = next.powerLoss(CrashPlan.keepNothing());

        assertThat(after.contents(path(sealed))).isEqualTo(sealed.bytes());
    }

    @Test
    void sealThatRecoveryWrote_survivesLossOfPower() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400).rotate();
        SegmentImage sealed = log.segment(0);
        SimulatedDisk disk = disk(log);
        disk.resize(path(sealed), (int) sealed.end().endPosition());

        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);

        SimulatedDisk after = disk.powerLoss(CrashPlan.keepNothing());
        assertThat(after.contents(path(sealed))).isEqualTo(sealed.bytes());
    }

    @Test
    void nameOfThePartition_isDurableBeforeItIsServed() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 400);
        SimulatedDisk disk = new SimulatedDisk().withDirectories(LogBuilder.STORE);
        // The process that created the partition died before the parent was forced.
        log.writeUpToTheParentTo(disk);
        SimulatedDisk next = disk.killProcess();

        recovered(next);

        SimulatedDisk after = next.powerLoss(CrashPlan.keepNothing());
        assertThat(recovered(after).end()).isEqualTo(3);
    }

    @Test
    void readOnly_saysTheSameAndChangesNothing() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 500).force().append(4, 500);
        log.newest().flip(log.newest().frame(5).position() + 4, 1);
        SimulatedDisk disk = disk(log);
        long before = disk.fingerprint();

        RecoveryResult seen = look(disk);

        assertThat(disk.fingerprint()).isEqualTo(before);
        assertThat(seen.report().cases()).containsExactly(RecoveryCase.R2);
        assertThat(log(seen).end()).isEqualTo(5);
        assertThat(log(seen).provenEnd()).isEqualTo(3);
        RecoveryResult done = recover(disk);
        assertThat(done.report().cases()).isEqualTo(seen.report().cases());
        assertThat(log(done).end()).isEqualTo(5);
    }

    @Test
    void secondCrashDuringRecovery_endsInTheSameState() throws IOException {
        for (LogBuilder log : interrupted()) {
            SimulatedDisk disk = disk(log);
            long from = disk.operationCount();
            String expected = describe(disk, recover(disk));
            CrashStates states = disk.crashStates().advanceTo(from);
            do {
                states.each(NameRule.DIRECTORY_FORCE, 16, states.boundary(), state -> {
                    try {
                        SimulatedDisk again = state.disk();
                        assertThat(describe(again, recover(again)))
                                .as(state.toString())
                                .isEqualTo(expected);
                    } catch (IOException e) {
                        throw new AssertionError(state.toString(), e);
                    }
                });
                SimulatedDisk killed = states.killed();
                assertThat(describe(killed, recover(killed))).isEqualTo(expected);
            } while (states.next());
        }
    }

    private static List<LogBuilder> interrupted() {
        LogBuilder torn = new LogBuilder().append(3, 500).force().append(4, 3000);
        torn.newest().flip(torn.newest().frame(5).position() + 4, 1).zeros(3000);
        LogBuilder zeros = new LogBuilder().append(9, 900);
        zeros.newest().zeros(20_000);
        LogBuilder rotation = new LogBuilder().append(3, 500).rotateUpToTheRename();
        LogBuilder unsealed =
                new LogBuilder().append(3, 500).rotate().append(2, 100).rotateWithoutSeal();
        unsealed.segment(1).zeros(9000);
        LogBuilder tornInNew = new LogBuilder().append(3, 500).rotateUpToTheRename();
        tornInNew.newest().tail(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        LogBuilder trim =
                new LogBuilder().append(3, 100).rotate().append(3, 100).rotate().append(3, 100);
        trim.metadata(change -> change.start(7, trim.segment(2).header().name())
                .provenEnd(7)
                .intent(new Intent.Trim(7, trim.segment(2).header().name())));
        LogBuilder truncation = new LogBuilder()
                .append(5, 1500)
                .rotate()
                .append(3, 100)
                .rotate()
                .append(3, 100);
        truncation.metadata(change -> change.provenEnd(4)
                .intent(new Intent.Truncate(4, truncation.segment(0).header().name(), 3)));
        return List.of(torn, zeros, rotation, unsealed, tornInNew, trim, truncation);
    }

    // ---------------------------------------------------------------- a full disk

    @Test
    void fullDisk_servesWhatIsGoodAndFinishesOnceThereIsRoom() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 500).force().append(4, 500);
        SegmentImage.Placed bad = log.newest().frame(5);
        log.newest().flip(bad.position() + 4, 1);
        SimulatedDisk disk = disk(log);
        byte[] before = disk.contents(path(log.newest()));
        fill(disk);

        RecoveredLog found = recovered(disk);

        assertThat(found.end()).isEqualTo(5);
        assertThat(contents(disk, found)).hasSize(5);
        UnfinishedRecovery rest = found.unfinished().orElseThrow();
        assertThat(rest.refusal().code()).isEqualTo(ErrorCode.STORAGE_FULL);
        assertThat(disk.contents(path(log.newest()))).isEqualTo(before);

        disk.withCapacity(1 << 20);
        assertThat(rest.finish()).isEqualTo(found.active());
        assertThat(disk.contents(path(log.newest()))).isEqualTo(Arrays.copyOf(before, bad.position()));
        assertThat(metadata(disk).isActiveClosed()).isTrue();
    }

    @Test
    void fullDisk_rotationIsFinishedOnceThereIsRoom() throws IOException {
        LogBuilder log = new LogBuilder().append(8, 500).rotateUpToTheRename();
        log.segment(0).cutTo((int) log.segment(0).end().endPosition());
        SimulatedDisk disk = disk(log);
        fill(disk);

        RecoveredLog found = recovered(disk);

        assertThat(contents(disk, found)).hasSize(8);
        disk.withCapacity(1 << 20);
        found.unfinished().orElseThrow().finish();
        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R1);
    }

    // ----------------------------------------------------------------

    /** No block can be allocated any more. */
    private static void fill(SimulatedDisk disk) throws IOException {
        Volume volume = disk.volume(LogBuilder.STORE);
        disk.withCapacity(volume.totalBytes() - volume.usableBytes());
    }

    private static void assertRefusedUnchanged(
            SimulatedDisk disk, RecoveryCase row, ErrorCode code, long at, long firstOffset, long endOffset) {
        long before = disk.fingerprint();
        assertRefused(recover(disk), row, code, at, firstOffset, endOffset);
        assertThat(disk.fingerprint()).isEqualTo(before);
    }

    private static void assertRefused(
            RecoveryResult result, RecoveryCase row, ErrorCode code, long at, long firstOffset, long endOffset) {
        assertThat(row(result.report())).isEqualTo(row);
        assertThat(failure(result).code()).isEqualTo(code);
        assertThat(failure(result)).isInstanceOf(DamageException.class);
        var damage = ((DamageException) failure(result)).damage();
        assertThat(damage.partition()).isEqualTo("orders-0");
        assertThat(damage.file()).startsWith("orders-0/");
        assertThat(damage.filePosition()).isEqualTo(at);
        assertThat(damage.firstOffset()).isEqualTo(firstOffset);
        assertThat(damage.endOffset()).isEqualTo(endOffset);
    }
}
