package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.LogBuilder.DIRECTORY;
import static dev.tidemark.wal.partition.LogBuilder.path;
import static dev.tidemark.wal.partition.RecoveryHarness.contents;
import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static dev.tidemark.wal.partition.RecoveryHarness.failure;
import static dev.tidemark.wal.partition.RecoveryHarness.recover;
import static dev.tidemark.wal.partition.RecoveryHarness.recovered;
import static dev.tidemark.wal.partition.RecoveryHarness.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.CleanStamp;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * What verifies by itself and contradicts something else: no accident makes it out of a flipped bit, but an exchanged file, a mistake of
 * ours or a hand that meant well does. It is refused, and nothing is changed.
 */
final class RefusalsTest {

    // ---------------------------------------------------------------- the clean stamp

    @Test
    void stampWithAnotherChecksumThanItsFrame_isRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).closeCleanly();
        CleanStamp stamp = log.metadata().cleanStamp().orElseThrow();
        log.metadata(change -> change.cleanStamp(new CleanStamp(
                stamp.segmentId(), stamp.filePosition(), stamp.headerCrc() + 1, stamp.endOffset(), stamp.segments())));

        assertRefused(disk(log), RecoveryCase.R3, "the frame that the clean stamp names is another one");
    }

    @Test
    void stampThatNamesARecord_isRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).closeCleanly();

        assertRefused(disk(named(log, 1)), RecoveryCase.R3, "the frame that the clean stamp names is another one");
    }

    @Test
    void stampThatNamesAProof_isRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).proof().closeCleanly();

        assertRefused(disk(named(log, 3)), RecoveryCase.R3, "the frame that the clean stamp names is another one");
    }

    @Test
    void stampBelowWhatPartitionProves_isRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).closeCleanly().metadata(change -> change.checkpoint("c", 9));

        assertRefused(disk(log), RecoveryCase.R3, "");
    }

    /** The stamp names this frame of the newest segment, with the right checksum. */
    private static LogBuilder named(LogBuilder log, int index) {
        SegmentImage.Placed frame = log.newest().frame(index);
        CleanStamp stamp = log.metadata().cleanStamp().orElseThrow();
        int headerCrc = FrameCodec.headerCrc(ByteBuffer.wrap(log.newest().bytes()), frame.position());
        return log.metadata(change -> change.provenEnd(0)
                .cleanStamp(new CleanStamp(
                        stamp.segmentId(), frame.position(), headerCrc, frame.offset(), stamp.segments())));
    }

    // ---------------------------------------------------------------- where recovery closed a segment

    @Test
    void otherFramesThanThoseUpToWhichRecoveryClosedIt_areRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        SegmentEnd end = log.newest().end();
        log.metadata(change -> change.closed(
                new SegmentEnd(end.segmentId(), end.name(), end.endOffset(), end.endPosition(), end.checksum() + 1)));

        assertRefused(disk(log), RecoveryCase.R3, "frames are not those up to which recovery closed this segment");
    }

    @Test
    void proofBehindTheEndAtWhichRecoveryClosedIt_isRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        SegmentEnd end = log.newest().end();
        log.append(2, 100).force().append(1, 100);
        // The first frame behind the end is bad, the last one says that it was durable.
        log.newest().flip(log.newest().frame(3).position() + 9, 1);
        log.metadata(change -> change.closed(end));

        assertRefused(disk(log), RecoveryCase.R3, "");
    }

    // ---------------------------------------------------------------- seals

    @Test
    void sealedFramesThatAreNotThoseOfTheSuccessorsHeader_areRefused_R3() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotateWithoutSeal().append(2, 100);
        SegmentImage otherBytes = new SegmentImage(log.segment(0).header());
        SegmentImage otherCount = new SegmentImage(log.segment(0).header());
        for (int i = 0; i < 3; i++) {
            otherBytes.raw(new byte[100], 0);
            otherCount.opaque(2, LogBuilder.value(i, 100), 0);
        }
        for (SegmentImage other : new SegmentImage[] {otherBytes, otherCount}) {
            SimulatedDisk disk = disk(log);
            disk.damage(path(log.segment(0)), other.bytes());

            assertRefused(disk, RecoveryCase.R3, "not those that the header of the next segment counts");
        }
    }

    @Test
    void sealThatIsLongerThanAnySeal_isRefused_R4() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotateWithoutSeal().append(2, 100);
        log.segment(0).frame(FrameKind.SEAL, 0, new byte[SealPayload.MAX_BYTES + 1], 3);

        assertRefused(disk(log), RecoveryCase.R4, "seal says something else than the header of the next segment");
    }

    // ---------------------------------------------------------------- the chain

    @Test
    void segmentThatBeginsBehindTheEndOfTheOneBeforeIt_isRefused_R5() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate().append(2, 100);
        SegmentHeader header = log.newest().header();
        SegmentName later = new SegmentName(5, header.name().epoch());
        SegmentImage gap = new SegmentImage(new SegmentHeader(
                header.storeId(),
                header.partitionId(),
                header.segmentId(),
                later,
                header.predecessor(),
                header.createdAtMillis(),
                header.firstTimestampMillis()));
        gap.raw(new byte[50], 5);
        log.metadata(change -> change.active(new SegmentRef(later, header.segmentId())));
        SimulatedDisk disk = disk(log);
        disk.lose(path(log.newest()));
        LogBuilder.write(disk, DIRECTORY.resolve(later.segmentFile()), gap.bytes());

        assertRefused(disk, RecoveryCase.R5, "segment does not begin where the one before it ended");
    }

    @Test
    void namesWhoseOffsetsFallAfterACleanClose_areRefused_R5() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(3, 100)
                .rotate()
                .append(2, 100)
                .rotate()
                .append(2, 100)
                .closeCleanly();
        SimulatedDisk disk = disk(log);
        byte[] middle = disk.contents(path(log.segment(1)));
        disk.lose(path(log.segment(1)));
        LogBuilder.write(disk, DIRECTORY.resolve(new SegmentName(9, 2).segmentFile()), middle);

        assertRefused(disk, RecoveryCase.R5, "segment begins before the one before it");
    }

    @Test
    void headersThatCannotBeReadBesideOldMetadata_areWhatIsToldOf_R7() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100);
        byte[] earlier = log.metadata().encode();
        log.rotate().append(3, 100).rotate().append(3, 100);
        SimulatedDisk disk = disk(log);
        disk.damage(DIRECTORY.resolve(Names.PARTITION), earlier);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.OPEN)
                .named(path(log.newest()).getFileName().toString())
                .andAllLater()));

        assertRefused(disk, RecoveryCase.R7, "");
    }

    // ---------------------------------------------------------------- PARTITION

    @Test
    void metadataLongerThanAnyThatIsWritten_isRefusedUnread_R8() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 100));
        disk.resize(DIRECTORY.resolve(Names.PARTITION), PartitionFile.MAX_BYTES + 1);

        assertRefused(disk, RecoveryCase.R8, "file is longer than any PARTITION");
        assertThat(disk.count(Operation.Kind.READ, path -> path.endsWith(Names.PARTITION)))
                .isZero();
    }

    // ---------------------------------------------------------------- a truncation that was begun

    @Test
    void truncationToAnOffsetThatTheLogDoesNotReach_isRefused_R3() throws IOException {
        LogBuilder log = truncation(new LogBuilder().append(5, 100), 7);
        SimulatedDisk disk = disk(log);

        assertRefused(disk, RecoveryCase.R3, "");
    }

    @Test
    void truncationInTheMiddleOfABatch_isRefused_R3() throws IOException {
        LogBuilder log = truncation(new LogBuilder().append(2, 100).batch(5, 100), 4);

        assertRefused(disk(log), RecoveryCase.R3, "no frame ends where the log was to be truncated");
    }

    @Test
    void truncationToTheBeginningOfASegment_leavesNoneOfItsFrames_R6() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 100).rotate().append(4, 100);
        Intent truncate = new Intent.Truncate(3, log.segment(1).header().name(), 2);
        log.metadata(change -> change.provenEnd(3).intent(truncate));
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);
        assertThat(found.end()).isEqualTo(3);
        assertThat(contents(disk, found)).containsOnlyKeys(0L, 1L, 2L);
        assertThat(disk.contents(path(log.segment(1)))).hasSize(SegmentHeader.BYTES);
    }

    private static LogBuilder truncation(LogBuilder log, long newEnd) {
        SegmentName only = log.newest().header().name();
        return log.metadata(change -> change.intent(new Intent.Truncate(newEnd, only, only.epoch())));
    }

    // ---------------------------------------------------------------- a deletion that was begun

    @Test
    void deletionThatCannotBeFinished_isRefusedAndFinishedNextTime_R7() throws IOException {
        for (Operation.Kind step :
                new Operation.Kind[] {Operation.Kind.RENAME, Operation.Kind.FORCE_DIRECTORY, Operation.Kind.DELETE}) {
            LogBuilder log = new LogBuilder().append(5, 100).metadata(change -> change.intent(new Intent.Delete(7)));
            SimulatedDisk disk = disk(log);
            disk.inject(Fault.ioError(CallMatch.on(step)));

            RecoveryResult result = recover(disk);

            assertThat(row(result.report())).as("%s", step).isEqualTo(RecoveryCase.R7);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.STORAGE_FAILED);
            if (step == Operation.Kind.RENAME) {
                assertThat(recover(disk)).isInstanceOf(RecoveryResult.Deleted.class);
                assertThat(disk.files()).isEmpty();
            } else {
                // It has the name by now under which the next opening removes it.
                Path doomed = LogBuilder.STORE.resolve(Names.deleteDirectory(7));
                assertThat(disk.exists(doomed)).isTrue();
                assertThat(disk.exists(DIRECTORY)).isFalse();
            }
        }
    }

    // ----------------------------------------------------------------

    private static void assertRefused(SimulatedDisk disk, RecoveryCase row, String words) {
        long before = disk.fingerprint();
        RecoveryResult result = recover(disk);
        assertThat(row(result.report())).isEqualTo(row);
        assertThat(failure(result)).hasMessageContaining(words).hasMessageContaining("file=");
        assertThat(disk.fingerprint()).as("nothing was written").isEqualTo(before);
        assertThat(result.report().undecided()).isEqualTo(Optional.empty());
    }
}
