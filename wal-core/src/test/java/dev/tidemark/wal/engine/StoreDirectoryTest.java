package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Directories that are no store, or not quite; and a disk that does not let a store be made or left. */
class StoreDirectoryTest {
    private static final Path DATA = Path.of("/data");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final RecordingListener listener = new RecordingListener();

    // ---------------------------------------------------------------- what is no store

    @Test
    void emptyDirectoryThatIsToBeRead_isNoStoreAndStaysEmpty() throws IOException {
        disk.createDirectory(DATA);
        assertCode(ErrorCode.STORE_UNKNOWN, () -> open(config().readOnly(true)));
        assertThat(names()).isEmpty();
    }

    @Test
    void emptyDirectoryWhereNothingMayBeMade_isNoStoreAndStaysEmpty() throws IOException {
        disk.createDirectory(DATA);
        assertCode(ErrorCode.STORE_UNKNOWN, () -> open(config().createIfMissing(false)));
        assertThat(names()).isEmpty();
    }

    @Test
    void reserveWithoutStore_isDamageAlsoForWhoOnlyReads() throws IOException {
        disk.createDirectory(DATA);
        disk.create(DATA.resolve(Names.RESERVE)).close();
        assertCode(ErrorCode.METADATA_CORRUPT, () -> open(config().readOnly(true)));
        assertCode(ErrorCode.METADATA_CORRUPT, () -> open(config()));
    }

    /** It may be one of somebody else's, who likes the same names. */
    @Test
    void directoryNamedLikeAPartition_isNotOursWithoutItsFiles() throws IOException {
        disk.createDirectory(DATA);
        disk.createDirectory(DATA.resolve("orders-0"));
        disk.createDirectory(DATA.resolve(Names.RESERVE));
        assertCode(ErrorCode.STORE_UNKNOWN, () -> open(config()));
    }

    @Test
    void storeFileOfImpossibleSize_isDamage() throws IOException {
        open(config()).close();
        disk.resize(DATA.resolve(Names.STORE), StoreFile.MAX_BYTES + 1);
        assertCode(ErrorCode.METADATA_CORRUPT, () -> open(config()));
    }

    // ---------------------------------------------------------------- what the disk does

    @Test
    void nameOfTheDirectoryCannotBeMadeDurable_isWarnedOf() throws IOException {
        disk.createDirectory(DATA);
        disk.inject(Fault.ioError(
                CallMatch.on(Operation.Kind.FORCE_DIRECTORY).where(path -> path.equals(DATA.getParent()))));

        open(config()).close();

        assertThat(listener.heard)
                .anyMatch(event -> event.contains("the directory's own name could not be made durable"));
    }

    @Test
    void lockCannotBeGivenBackAfterAFailedOpening_theFirstCauseIsTold() throws IOException {
        open(config()).close();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY)));
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.CLOSE).named(Names.LOCK)));

        assertThatThrownBy(() -> open(config()))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FAILED));
    }

    /** A hand may have put something there; removing what is ours must not keep the store from opening. */
    @Test
    void foreignDirectoryInAnUnfinishedPartition_doesNotKeepTheStoreFromOpening() throws IOException {
        open(config()).close();
        Path left = DATA.resolve(Names.deleteDirectory(0xDEF));
        disk.createDirectory(left);
        disk.create(left.resolve(Names.PARTITION)).close();
        disk.createDirectory(left.resolve("notes"));
        disk.create(left.resolve("notes").resolve("todo.txt")).close();

        assertThatCode(() -> open(config()).close()).doesNotThrowAnyException();

        assertThat(disk.exists(left.resolve("notes").resolve("todo.txt"))).isTrue();
        assertThat(disk.exists(left.resolve(Names.PARTITION)))
                .as("what is ours is gone")
                .isFalse();
        assertThat(listener.heard).anyMatch(event -> event.contains("not ours, and stays: directory=" + left));
    }

    /** Whoever finishes a deletion does the same, whether or not it had come to its temporary name. */
    @Test
    void foreignDirectoryInADeletedPartition_staysWithItsFilesAndIsWarnedOfEachTime() throws IOException {
        PartitionId id = new PartitionId("orders", 0);
        try (Engine engine = Engine.open(config().build(), Environment.real().withDisk(disk))) {
            engine.partition(id).append(new byte[100]);
        }
        Path directory = DATA.resolve(id.toString());
        Path left = DATA.resolve(Names.deleteDirectory(7));
        beginDeletion(directory.resolve(Names.PARTITION));
        disk.createDirectory(directory.resolve("notes"));
        disk.create(directory.resolve("notes").resolve("todo.txt")).close();

        for (int opening = 0; opening < 2; opening++) {
            listener.heard.clear();
            try (Engine engine =
                    Engine.open(config().build(), Environment.real().withDisk(disk))) {
                assertThat(engine.recovery().refused()).isEmpty();
                assertThat(engine.partitions()).isEmpty();
            }
            assertThat(disk.list(left)).extracting(DiskEntry::name).containsExactly("notes");
            assertThat(disk.exists(left.resolve("notes").resolve("todo.txt"))).isTrue();
            assertThat(listener.heard)
                    .filteredOn(event -> event.contains("not ours, and stays: directory=" + left))
                    .as("opening %d", opening)
                    .hasSize(1);
        }
    }

    /** As a process leaves it that dies when it has recorded what it is going to do. */
    private void beginDeletion(Path metadata) throws IOException {
        PartitionFile file =
                PartitionFile.decode(disk.contents(metadata)).value().orElseThrow();
        byte[] begun = file.change().intent(new Intent.Delete(7)).done().encode();
        disk.delete(metadata);
        try (DiskFile written = disk.create(metadata)) {
            written.writeFully(ByteBuffer.wrap(begun), 0);
        }
    }

    private List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        for (DiskEntry entry : disk.list(DATA)) {
            names.add(entry.name());
        }
        return names;
    }

    private WalConfig.Builder config() {
        return WalConfig.builder(DATA).reserveBytes(64 << 10).listener(listener);
    }

    private Engine open(WalConfig.Builder config) {
        return Engine.open(config.build(), Environment.real().withDisk(disk), new FakePartitions());
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
