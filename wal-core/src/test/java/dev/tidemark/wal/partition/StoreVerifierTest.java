package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.LogBuilder.DIRECTORY;
import static dev.tidemark.wal.partition.LogBuilder.path;
import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static dev.tidemark.wal.partition.RecoveryHarness.verify;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class StoreVerifierTest {

    @Test
    void goodStore_isCountedAndHasNoFindings() throws IOException {
        LogBuilder log = new LogBuilder().append(5, 300).rotate().append(7, 100).closeCleanly();
        SimulatedDisk disk = disk(log);

        VerifyReport report = verify(disk);

        assertThat(report.findings()).isEmpty();
        assertThat(report.worst()).isEmpty();
        VerifiedPartition partition = report.partitions().get(0);
        assertThat(partition.rows()).containsExactly(RecoveryCase.CLEAN);
        assertThat(partition.end()).isEqualTo(12);
        assertThat(partition.records()).isEqualTo(12);
        assertThat(partition.frames()).isEqualTo(13);
        assertThat(partition.segments()).isEqualTo(2);
        assertThat(partition.payloadBytes()).isEqualTo(5 * 300 + 7 * 100);
        assertThat(partition.fileBytes())
                .isEqualTo(log.segment(0).length() + log.segment(1).length());
    }

    @Test
    void everyDamagedPlace_isReportedWithItsRange() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(9, 300)
                .rotate()
                .append(9, 300)
                .rotate()
                .append(4, 300)
                .force()
                .append(1, 50);
        SimulatedDisk disk = disk(log);
        List<SegmentImage.Placed> bad = List.of(
                log.segment(0).frame(2),
                log.segment(0).frame(6),
                log.segment(1).frame(0),
                log.newest().frame(1));
        disk.flipBit(path(log.segment(0)), bad.get(0).position() * 8L + 40);
        disk.flipBit(path(log.segment(0)), bad.get(1).position() * 8L + 1000);
        disk.flipBit(path(log.segment(1)), bad.get(2).position() * 8L + 9);
        disk.flipBit(path(log.newest()), bad.get(3).position() * 8L + 2000);

        VerifyReport report = verify(disk);

        List<String> found = new ArrayList<>();
        report.findings()
                .forEach(f -> found.add(
                        f.severity() + " " + f.filePosition() + " " + f.firstOffset() + ".." + f.endOffset()));
        List<String> expected = bad.stream()
                .map(f -> "DAMAGE " + f.position() + " " + f.offset() + ".." + f.endOffset())
                .toList();
        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void tornTailOfAKilledStore_isUndecided() throws IOException {
        LogBuilder log = new LogBuilder().append(4, 300).force().append(3, 300);
        SegmentImage.Placed torn = log.newest().frame(5);
        log.newest().flip(torn.position() + 90, 4);
        SimulatedDisk disk = disk(log);

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.UNDECIDED);
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.row()).hasValue(RecoveryCase.R2);
            assertThat(finding.filePosition()).isEqualTo(torn.position());
            assertThat(finding.firstOffset()).isEqualTo(5);
            assertThat(finding.endOffset()).isEqualTo(7);
        });
        VerifiedPartition partition = report.partitions().get(0);
        assertThat(partition.end()).isEqualTo(5);
        assertThat(partition.provenEnd()).isEqualTo(4);
    }

    @Test
    void nothingIsChangedAndNoLockIsTaken() throws IOException {
        LogBuilder log = new LogBuilder().append(4, 300).rotateUpToTheRename();
        log.newest().tail(new byte[] {1, 2, 3});
        SimulatedDisk disk = disk(log);
        LogBuilder.write(disk, DIRECTORY.resolve(Names.nextSegment(5)), new byte[100]);
        RecoveryHarness.writeStore(disk);
        long before = disk.fingerprint();
        long operations = disk.operationCount();

        verify(disk);

        assertThat(disk.fingerprint()).isEqualTo(before);
        assertThat(disk.operations().stream().filter(operation -> operation.index() >= operations))
                .isNotEmpty()
                .noneMatch(Operation::changedTheDisk)
                .noneMatch(operation -> operation.kind() == Operation.Kind.LOCK);
    }

    @Test
    void paddingThatIsNotZero_isANote() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 301).rotate().append(3, 301);
        SimulatedDisk disk = disk(log);
        SegmentImage.Placed first = log.segment(0).frame(0);
        disk.flipBit(path(log.segment(0)), first.endPosition() * 8L - 1);

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.NOTE);
        assertThat(report.findings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.filePosition()).isEqualTo(first.position()));
    }

    @Test
    void paddingOfASealThatIsNotZero_isANote() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300).rotate().append(3, 300);
        SimulatedDisk disk = disk(log);
        SegmentImage.Placed seal = log.segment(0).frame(3);
        disk.flipBit(path(log.segment(0)), seal.endPosition() * 8L - 1);

        assertThat(verify(disk).findings()).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.NOTE);
            assertThat(finding.filePosition()).isEqualTo(seal.position());
        });
    }

    /** Opening does not look there, because space that was prepared is written over; a scan after a crash would. */
    @Test
    void bytesBehindTheEndOfAClosedLog_areANote() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300).closeCleanly();
        log.newest().zeros(9_000);
        SimulatedDisk disk = disk(log);
        assertThat(verify(disk).findings()).isEmpty();
        disk.flipBit(path(log.newest()), (log.newest().length() - 20) * 8L);

        assertThat(verify(disk).findings()).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.NOTE);
            assertThat(finding.message()).contains("behind the end of a closed log");
        });
    }

    @Test
    void segmentThatIsMissing_isTheOneThatIsNamed() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 300).rotate().append(3, 300).rotate().append(3, 300);
        SimulatedDisk disk = disk(log);
        disk.lose(path(log.segment(1)));

        assertThat(verify(disk).findings())
                .allSatisfy(finding -> assertThat(finding.file())
                        .endsWith(log.segment(1).header().name().segmentFile()))
                .isNotEmpty();
    }

    @Test
    void indexThatDoesNotFit_isANote() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300).rotate().append(3, 300);
        SimulatedDisk disk = disk(log);
        Path index = DIRECTORY.resolve(log.segment(0).header().name().indexFile());
        LogBuilder.write(disk, index, new byte[200]);

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.NOTE);
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.message()).contains("index file does not fit");
            assertThat(finding.file()).endsWith(log.segment(0).header().name().indexFile());
        });
    }

    @Test
    void sealThatLiesAboutTheFrames_isDamage() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300);
        SegmentImage sealed = log.newest();
        log.rotateUpToTheRename();
        var truth = sealed.totals().summary(3);
        var lie = new dev.tidemark.wal.format.SegmentSummary(
                3,
                3,
                3,
                truth.payloadBytes() + 1,
                truth.minTimestampMillis(),
                truth.maxTimestampMillis(),
                truth.checksum());
        sealed.frame(
                dev.tidemark.wal.format.FrameKind.SEAL,
                0,
                new dev.tidemark.wal.format.SealPayload(lie, List.of()).encode(),
                3);
        log.append(2, 100);

        VerifyReport report = verify(disk(log));

        assertThat(report.findings())
                .filteredOn(finding -> finding.severity() == Severity.DAMAGE)
                .singleElement()
                .satisfies(finding -> assertThat(finding.row()).hasValue(RecoveryCase.R4));
    }

    @Test
    void fileThatCannotBeRead_doesNotStopTheRest() throws IOException {
        LogBuilder log =
                new LogBuilder().append(3, 300).rotate().append(3, 300).rotate().append(3, 300);
        SimulatedDisk disk = disk(log);
        String name = log.segment(1).header().name().segmentFile();
        disk.inject(Fault.ioError(
                CallMatch.on(Operation.Kind.READ).named(name).number(1).andAllLater()));

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.UNREADABLE);
        assertThat(report.partitions().get(0).records()).isEqualTo(6);
    }

    /** A writer that has sealed a segment takes away the space that was prepared behind it. */
    @Test
    void fileThatBecomesShorterWhileItIsRead_isLookedAtAgain() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300).rotate().append(2, 300);
        Path sealed = path(log.segment(0));
        int sealEnd = log.segment(0).length();
        log.segment(0).zeros(9_000);
        SimulatedDisk disk = disk(log);
        AtomicInteger looks = new AtomicInteger();
        disk.addListener(operation -> {
            if (operation.kind() == Operation.Kind.SIZE
                    && operation.path().equals(sealed)
                    && looks.incrementAndGet() == 1) {
                disk.resize(sealed, sealEnd);
            }
        });

        VerifyReport report = verify(disk);

        assertThat(report.findings()).isEmpty();
        assertThat(report.partitions().get(0).records()).isEqualTo(5);
        assertThat(looks).hasValueGreaterThan(1);
    }

    @Test
    void errorOfTheDiskThatPasses_isToldAllTheSame() throws IOException {
        LogBuilder log = new LogBuilder().append(3, 300).rotate().append(3, 300);
        log.segment(0).flip(log.segment(0).frame(1).position() + 90, 4);
        SimulatedDisk disk = disk(log);
        String name = log.newest().header().name().segmentFile();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ).named(name).number(readsOfOpening(log) + 1)));

        VerifyReport report = verify(disk);

        assertThat(report.findings())
                .extracting(VerifyFinding::severity)
                .containsExactly(Severity.DAMAGE, Severity.UNREADABLE);
    }

    private static long readsOfOpening(LogBuilder log) throws IOException {
        SimulatedDisk disk = disk(log);
        RecoveryHarness.recover(disk);
        return disk.count(Operation.Kind.READ, path -> path.equals(path(log.newest())));
    }

    @Test
    void partitionWithoutMetadata_isReadAllTheSame() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 300).rotate().append(3, 300));
        disk.lose(DIRECTORY.resolve(Names.PARTITION));

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.DAMAGE);
        assertThat(report.findings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.row()).hasValue(RecoveryCase.R8));
        assertThat(report.partitions().get(0).records()).isEqualTo(6);
    }

    @Test
    void missingStoreFile_isDamage_andAnEmptyDirectoryIsNoStore() throws IOException {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(LogBuilder.STORE);
        new LogBuilder().append(3, 300).writeTo(disk);
        VerifyReport report = new StoreVerifier(Environment.real().withDisk(disk), LogBuilder.STORE).verify();
        assertThat(report.storeFindings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.severity()).isEqualTo(Severity.DAMAGE));
        assertThat(report.partitions().get(0).findings()).isEmpty();

        SimulatedDisk empty = new SimulatedDisk().withDirectories(LogBuilder.STORE);
        assertThatThrownBy(() -> new StoreVerifier(Environment.real().withDisk(empty), LogBuilder.STORE).verify())
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNKNOWN));
    }

    @Test
    void entriesThatAreNothingOfAStore_areNoted() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 300));
        RecoveryHarness.writeStore(disk);
        for (String file : List.of(
                "orders-7",
                "notes.txt",
                Names.LOCK,
                Names.OWNER,
                Names.RESERVE,
                Names.aside(Names.OWNER),
                Names.aside(Names.STORE))) {
            disk.create(LogBuilder.STORE.resolve(file)).close();
        }
        disk.createDirectory(LogBuilder.STORE.resolve("backup"));
        disk.createDirectory(LogBuilder.STORE.resolve("lost+found"));

        VerifyReport report = new StoreVerifier(Environment.real().withDisk(disk), LogBuilder.STORE).verify();

        assertThat(report.worst()).hasValue(Severity.NOTE);
        assertThat(report.findings())
                .extracting(VerifyFinding::file)
                .containsExactlyInAnyOrder("orders-7", "notes.txt", "backup");
        assertThat(report.findings())
                .filteredOn(finding -> finding.file().equals("orders-7"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("partition", "gone"));
    }

    @Test
    void directoryThatCannotBeListed_isNamedAsInTheStore() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(3, 300));
        RecoveryHarness.writeStore(disk);
        String partition = String.valueOf(DIRECTORY.getFileName());
        disk.inject(Fault.thrown(
                CallMatch.on(Operation.Kind.LIST).named(partition).andAllLater(),
                path -> new AccessDeniedException(path.toString())));

        VerifyReport report = verify(disk);

        assertThat(report.worst()).hasValue(Severity.UNREADABLE);
        assertThat(report.findings()).isNotEmpty().allSatisfy(finding -> {
            assertThat(finding.file()).isEqualTo(partition);
            assertThat(finding.message()).contains("permission denied").doesNotContain(DIRECTORY.toString());
        });
    }

    @Test
    void progressReachesTheWhole() throws IOException {
        SimulatedDisk disk = disk(new LogBuilder().append(300, 300).rotate().append(3, 300));
        RecoveryHarness.writeStore(disk);
        List<Long> told = new ArrayList<>();

        new StoreVerifier(Environment.real().withDisk(disk), LogBuilder.STORE)
                .reporting((read, all) -> {
                    assertThat(read).isLessThanOrEqualTo(all);
                    told.add(read);
                })
                .verify();

        assertThat(told).hasSize(2).isSorted();
        assertThat(told.get(1)).isGreaterThan(300 * 340);
    }
}
