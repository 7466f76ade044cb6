package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.LogBuilder.DIRECTORY;
import static dev.tidemark.wal.partition.LogBuilder.STORE;
import static dev.tidemark.wal.partition.LogBuilder.path;
import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code verify} where not the records are bad, but the store's own files, its directory, or the disk. */
class VerifiedStoreFilesTest {
    private static final Path STORE_FILE = STORE.resolve(Names.STORE);

    private final LogBuilder log =
            new LogBuilder().append(3, 100).rotate().append(2, 100).closeCleanly();
    private SimulatedDisk disk;

    @BeforeEach
    void goodStore() throws IOException {
        disk = disk(log);
        RecoveryHarness.writeStore(disk);
        assertThat(verify().findings()).isEmpty();
    }

    private VerifyReport verify() {
        return new StoreVerifier(Environment.real().withDisk(disk), STORE).verify();
    }

    // ---------------------------------------------------------------- STORE

    @Test
    void storeFileThatIsBadOrMissing_isFoundAndThePartitionsAreReadAllTheSame() {
        List<Runnable> accidents = List.of(
                () -> disk.flipBit(STORE_FILE, 100),
                () -> disk.resize(STORE_FILE, StoreFile.MAX_BYTES + 1),
                () -> disk.resize(STORE_FILE, 0),
                () -> disk.lose(STORE_FILE));
        for (Runnable accident : accidents) {
            accident.run();

            VerifyReport report = verify();

            assertThat(report.worst()).contains(Severity.DAMAGE);
            assertThat(report.findings())
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.file()).isEqualTo(Names.STORE));
            assertThat(report.partitions().get(0).records()).isEqualTo(5);
            restoreStoreFile();
        }
    }

    private void restoreStoreFile() {
        try {
            if (disk.exists(STORE_FILE)) {
                disk.delete(STORE_FILE);
            }
            RecoveryHarness.writeStore(disk);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void storeFileThatCannotBeRead_isFound() {
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ).named(Names.STORE)));
        assertThat(verify().worst()).contains(Severity.UNREADABLE);
    }

    @Test
    void storeOfANewerVersion_isRefused() {
        disk.damage(STORE_FILE, bytes -> {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(12, StoreFile.FORMAT_VERSION + 1);
            return signed(bytes);
        });
        assertCode(ErrorCode.FORMAT_NEWER, this::verify);
    }

    private static byte[] signed(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, file.length - 4);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(file.length - 4, (int) crc.getValue());
        return file;
    }

    // ---------------------------------------------------------------- directories

    @Test
    void directoryThatIsNoStore_isRefused() {
        StoreVerifier nowhere = new StoreVerifier(Environment.real().withDisk(disk), STORE.resolveSibling("nowhere"));
        assertCode(ErrorCode.STORE_UNKNOWN, nowhere::verify);
        SimulatedDisk empty = new SimulatedDisk().withDirectories(STORE);
        assertCode(
                ErrorCode.STORE_UNKNOWN,
                () -> new StoreVerifier(Environment.real().withDisk(empty), STORE).verify());
    }

    @Test
    void directoryThatCannotBeListed_isAnErrorOfTheDisk() {
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.LIST)));
        assertCode(ErrorCode.STORAGE_FAILED, this::verify);
    }

    @Test
    void partitionWhoseDirectoryCannotBeListed_isFoundUnreadable() {
        disk.inject(Fault.ioError(
                CallMatch.on(Operation.Kind.LIST).where(DIRECTORY::equals).andAllLater()));
        assertThat(verify().worst()).contains(Severity.UNREADABLE);
    }

    @Test
    void partitionBeingMadeOrRemoved_isNoted() throws IOException {
        disk.createDirectory(STORE.resolve(Names.createDirectory(5)));
        disk.createDirectory(STORE.resolve(Names.deleteDirectory(6)));
        disk.createDirectory(STORE.resolve("somebody else's"));

        VerifyReport report = verify();

        assertThat(report.findings()).hasSize(3).allMatch(finding -> finding.severity() == Severity.NOTE);
    }

    @Test
    void otherPartitionsThanThoseWanted_areNotRead() {
        VerifyReport report = new StoreVerifier(Environment.real().withDisk(disk), STORE).verify(id -> false);
        assertThat(report.partitions()).isEmpty();
        assertThat(report.findings()).isEmpty();
    }

    // ---------------------------------------------------------------- segments

    @Test
    void segmentOfANewerVersion_isSaidToBeNewerAndNotDamaged() {
        disk.damage(path(log.segment(0)), bytes -> {
            ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            file.putInt(8, 2);
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, 4092);
            file.putInt(4092, (int) crc.getValue());
            return bytes;
        });
        assertThat(verify().findings())
                .anySatisfy(finding -> assertThat(finding.severity()).isEqualTo(Severity.NEWER));
    }

    /** The report stays readable however much is bad, and says how much there is. */
    @Test
    void moreBadPlacesThanAreListed_areCounted() throws IOException {
        LogBuilder many =
                new LogBuilder().append(600, 20).rotate().append(1, 20).closeCleanly();
        SimulatedDisk bad = disk(many);
        RecoveryHarness.writeStore(bad);
        // Every other frame, so that each bad place stands alone.
        for (int i = 1; i < 600; i += 2) {
            bad.flipBit(path(many.segment(0)), many.segment(0).frame(i).position() * 8L + 70);
            bad.flipBit(path(many.segment(0)), (many.segment(0).frame(i).endPosition() - 1) * 8L);
        }
        VerifyReport report = new StoreVerifier(Environment.real().withDisk(bad), STORE).verify();

        assertThat(report.findings())
                .anySatisfy(finding -> assertThat(finding.message()).contains("more bad places in this file, count="));
        assertThat(report.findings().size()).isLessThan(250);
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
