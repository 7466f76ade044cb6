package dev.tidemark.wal.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every disk does. The real and the simulated one run the same tests, so the engine may be tested on either. */
abstract class DiskContract {
    private Disk disk;
    private Path directory;

    /** A new disk, or one that is as good as new. */
    abstract Disk newDisk();

    /** An empty directory on it. */
    abstract Path emptyDirectory();

    @BeforeEach
    final void prepare() {
        disk = newDisk();
        directory = emptyDirectory();
    }

    private Path path(String name) {
        return directory.resolve(name);
    }

    private DiskFile fileWith(String name, String text) throws IOException {
        DiskFile file = disk.create(path(name));
        file.writeFully(direct(text), 0);
        return file;
    }

    static ByteBuffer direct(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    static String text(DiskFile file, long at, int bytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(bytes);
        file.readFully(target, at);
        byte[] read = new byte[target.flip().remaining()];
        target.get(read);
        return new String(read, UTF_8);
    }

    @Test
    void whatWasWritten_isRead() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            assertThat(text(file, 0, 5)).isEqualTo("hello");
            assertThat(text(file, 1, 3)).isEqualTo("ell");
            assertThat(file.size()).isEqualTo(5);
        }
    }

    @Test
    void write_takesTheRemainingBytesAndMovesThePosition() throws IOException {
        try (DiskFile file = disk.create(path("a"))) {
            ByteBuffer source = direct("0123456789");
            source.position(2).limit(7);
            assertThat(file.write(source, 0)).isEqualTo(5);
            assertThat(source.position()).isEqualTo(7);
            assertThat(text(file, 0, 10)).isEqualTo("23456");
        }
    }

    @Test
    void heapBuffers_workAsWell() throws IOException {
        try (DiskFile file = disk.create(path("a"))) {
            file.writeFully(ByteBuffer.wrap("heap".getBytes(UTF_8)), 4);
            ByteBuffer target = ByteBuffer.allocate(8);
            assertThat(file.readFully(target, 0)).isEqualTo(8);
            assertThat(target.array()).isEqualTo("\0\0\0\0heap".getBytes(UTF_8));
        }
    }

    @Test
    void emptyBuffer_writesAndReadsNothing() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            assertThat(file.write(ByteBuffer.allocateDirect(0), 0)).isZero();
            assertThat(file.read(ByteBuffer.allocateDirect(0), 0)).isZero();
        }
    }

    @Test
    void readAtTheEnd_isMinusOne() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            assertThat(file.read(ByteBuffer.allocateDirect(4), 5)).isEqualTo(-1);
            assertThat(file.read(ByteBuffer.allocateDirect(4), 500_000)).isEqualTo(-1);
            assertThat(file.readFully(ByteBuffer.allocateDirect(4), 5)).isZero();
        }
    }

    @Test
    void readAcrossTheEnd_givesWhatIsThere() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            assertThat(file.readFully(ByteBuffer.allocateDirect(100), 3)).isEqualTo(2);
        }
    }

    @Test
    void gapBehindTheEnd_readsAsZeros() throws IOException {
        try (DiskFile file = fileWith("a", "x")) {
            file.writeFully(direct("y"), 10_000);
            ByteBuffer gap = ByteBuffer.allocateDirect(9_999);
            assertThat(file.readFully(gap, 1)).isEqualTo(9_999);
            gap.flip();
            while (gap.hasRemaining()) {
                assertThat(gap.get()).isZero();
            }
            assertThat(file.size()).isEqualTo(10_001);
        }
    }

    @Test
    void truncate_cutsAndWhatIsWrittenBehindItAgainHasZerosBetween() throws IOException {
        try (DiskFile file = fileWith("a", "0123456789")) {
            file.truncate(4);
            assertThat(file.size()).isEqualTo(4);
            file.writeFully(direct("z"), 8);
            assertThat(text(file, 0, 20)).isEqualTo("0123\0\0\0\0z");
        }
    }

    @Test
    void truncateToMoreThanTheSize_changesNothing() throws IOException {
        try (DiskFile file = fileWith("a", "0123")) {
            file.truncate(100);
            assertThat(file.size()).isEqualTo(4);
        }
    }

    @Test
    void twoHandles_seeTheSameBytes() throws IOException {
        try (DiskFile writer = fileWith("a", "hello");
                DiskFile reader = disk.open(path("a"), Disk.Access.READ)) {
            writer.writeFully(direct("J"), 0);
            assertThat(text(reader, 0, 5)).isEqualTo("Jello");
            writer.force(false);
            writer.force(true);
            reader.force(false);
        }
    }

    @Test
    void handleForReading_refusesToWriteAndToCut() throws IOException {
        fileWith("a", "hello").close();
        try (DiskFile file = disk.open(path("a"), Disk.Access.READ)) {
            assertThatThrownBy(() -> file.write(direct("x"), 0)).isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(NonWritableChannelException.class);
            assertThat(text(file, 0, 9)).isEqualTo("hello");
        }
    }

    @Test
    void closedHandle_refusesEverythingAndMayBeClosedAgain() throws IOException {
        DiskFile file = fileWith("a", "hello");
        assertThat(file.isOpen()).isTrue();
        file.close();
        file.close();
        assertThat(file.isOpen()).isFalse();
        assertThatThrownBy(() -> file.write(direct("x"), 0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.read(ByteBuffer.allocateDirect(1), 0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.force(true)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(file::size).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void negativePosition_isRefused() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            assertThatThrownBy(() -> file.write(direct("x"), -1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.read(ByteBuffer.allocateDirect(1), -1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.truncate(-1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void create_refusesANameThatIsTaken() throws IOException {
        fileWith("a", "hello").close();
        assertThatThrownBy(() -> disk.create(path("a"))).isInstanceOf(FileAlreadyExistsException.class);
        try (DiskFile file = disk.open(path("a"), Disk.Access.READ)) {
            assertThat(file.size()).isEqualTo(5);
        }
    }

    @Test
    void absentFiles_areReportedAsAbsent() throws IOException {
        assertThatThrownBy(() -> disk.open(path("a"), Disk.Access.READ)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.open(path("a"), Disk.Access.READ_WRITE)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.create(path("no/a"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.createDirectory(path("no/d"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.delete(path("a"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.rename(path("a"), path("b"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.link(path("a"), path("b"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.list(path("d"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.forceDirectory(path("d"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.realPath(path("a"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.volume(path("a"))).isInstanceOf(NoSuchFileException.class);
        assertThat(disk.exists(path("a"))).isFalse();
    }

    @Test
    void existsUnderAFile_isAnErrorAndNotNo() throws IOException {
        fileWith("f", "hello").close();
        assertThatThrownBy(() -> disk.exists(path("f/g"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> disk.exists(path("f/g/h"))).isInstanceOf(IOException.class);
        assertThat(disk.exists(path("absent/g/h"))).isFalse();
    }

    @Test
    void list_isSortedAndGivesSizes() throws IOException {
        fileWith("b", "12345").close();
        fileWith("a", "").close();
        disk.createDirectory(path("c"));
        assertThat(disk.list(directory))
                .containsExactly(
                        new DiskEntry("a", false, 0), new DiskEntry("b", false, 5), new DiskEntry("c", true, 0));
        assertThatThrownBy(() -> disk.list(path("a"))).isInstanceOf(NotDirectoryException.class);
    }

    @Test
    void createDirectory_refusesANameThatIsTaken() throws IOException {
        disk.createDirectory(path("d"));
        fileWith("f", "").close();
        assertThatThrownBy(() -> disk.createDirectory(path("d"))).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> disk.createDirectory(path("f"))).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(disk.exists(path("d"))).isTrue();
    }

    @Test
    void rename_replacesAFile() throws IOException {
        fileWith("old", "old").close();
        fileWith("new", "new").close();
        disk.rename(path("new"), path("old"));
        assertThat(disk.exists(path("new"))).isFalse();
        try (DiskFile file = disk.open(path("old"), Disk.Access.READ)) {
            assertThat(text(file, 0, 9)).isEqualTo("new");
        }
    }

    @Test
    void rename_movesADirectoryWithItsFiles() throws IOException {
        disk.createDirectory(path("d.tmp"));
        fileWith("d.tmp/f", "inside").close();
        disk.rename(path("d.tmp"), path("d"));
        disk.forceDirectory(directory);
        try (DiskFile file = disk.open(path("d/f"), Disk.Access.READ)) {
            assertThat(text(file, 0, 9)).isEqualTo("inside");
        }
    }

    @Test
    void rename_ontoADirectoryWithEntriesOrOfAnotherKind_isRefused() throws IOException {
        disk.createDirectory(path("full"));
        fileWith("full/f", "inside").close();
        disk.createDirectory(path("empty"));
        fileWith("file", "x").close();
        assertThatThrownBy(() -> disk.rename(path("empty"), path("full"))).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> disk.rename(path("file"), path("empty"))).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> disk.rename(path("empty"), path("file"))).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> disk.rename(path("full"), path("full/f2"))).isInstanceOf(FileSystemException.class);
        assertThat(disk.list(directory)).hasSize(3);
    }

    @Test
    void rename_ontoItself_changesNothing() throws IOException {
        fileWith("f", "x").close();
        disk.rename(path("f"), path("f"));
        assertThat(disk.list(directory)).containsExactly(new DiskEntry("f", false, 1));
    }

    @Test
    void openFile_goesOnAfterItsNameWasChangedOrDeleted() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            disk.rename(path("a"), path("b"));
            file.writeFully(direct("J"), 0);
            disk.delete(path("b"));
            assertThat(text(file, 0, 5)).isEqualTo("Jello");
            file.writeFully(direct("!"), 5);
            assertThat(file.size()).isEqualTo(6);
        }
        assertThat(disk.list(directory)).isEmpty();
    }

    @Test
    void link_isASecondNameForTheSameBytes() throws IOException {
        try (DiskFile file = fileWith("a", "hello")) {
            disk.link(path("a"), path("b"));
            assertThatThrownBy(() -> disk.link(path("a"), path("b"))).isInstanceOf(FileAlreadyExistsException.class);
            disk.delete(path("a"));
            file.writeFully(direct("J"), 0);
            try (DiskFile other = disk.open(path("b"), Disk.Access.READ)) {
                assertThat(text(other, 0, 9)).isEqualTo("Jello");
            }
        }
    }

    @Test
    void delete_takesFilesAndEmptyDirectoriesOnly() throws IOException {
        disk.createDirectory(path("d"));
        fileWith("d/f", "x").close();
        assertThatThrownBy(() -> disk.delete(path("d"))).isInstanceOf(DirectoryNotEmptyException.class);
        disk.delete(path("d/f"));
        disk.delete(path("d"));
        assertThat(disk.exists(path("d"))).isFalse();
        assertThat(disk.exists(directory)).isTrue();
    }

    @Test
    void lock_isHeldByOneAndCanBeTakenAgainAfterwards() throws IOException {
        DiskLock lock = disk.lock(path("LOCK"));
        assertThat(lock.isHeld()).isTrue();
        assertThat(disk.exists(path("LOCK"))).isTrue();
        assertThatThrownBy(() -> disk.lock(path("LOCK")))
                .isInstanceOfSatisfying(
                        LockHeldException.class,
                        e -> assertThat(e.heldByThisProcess()).isTrue());
        assertThat(lock.isHeld()).isTrue();
        lock.close();
        assertThat(lock.isHeld()).isFalse();
        try (DiskLock again = disk.lock(path("LOCK"))) {
            lock.close();
            assertThat(again.isHeld()).isTrue();
            assertThatThrownBy(() -> disk.lock(path("LOCK"))).isInstanceOf(LockHeldException.class);
        }
        assertThatThrownBy(() -> disk.lock(path("no/LOCK"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void volume_hasASizeAndAType() throws IOException {
        Volume volume = disk.volume(directory);
        assertThat(volume.type()).isNotEmpty();
        assertThat(volume.totalBytes()).isPositive();
        assertThat(volume.usableBytes()).isBetween(0L, volume.totalBytes());
        assertThat(volume.blockBytes()).isPositive();
    }

    @Test
    void realPath_isTheSameForEveryWayThere() throws IOException {
        disk.createDirectory(path("d"));
        assertThat(disk.realPath(path("d/../d/."))).isEqualTo(disk.realPath(path("d")));
    }

    @Test
    void largeWrites_areReadBackWhole() throws IOException {
        byte[] bytes = new byte[3 * 1024 * 1024 + 77];
        new java.util.Random(7).nextBytes(bytes);
        try (DiskFile file = disk.create(path("large"))) {
            ByteBuffer source =
                    ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
            file.writeFully(source, 333);
            ByteBuffer target = ByteBuffer.allocateDirect(bytes.length + 10);
            assertThat(file.readFully(target, 333)).isEqualTo(bytes.length);
            byte[] read = new byte[bytes.length];
            target.flip().get(read);
            assertThat(read).isEqualTo(bytes);
        }
    }

    @Test
    void interruptedThread_worksOnAndStaysInterrupted() throws IOException {
        Thread.currentThread().interrupt();
        try (DiskFile file = fileWith("a", "hello")) {
            file.force(true);
            disk.forceDirectory(directory);
            file.truncate(4);
            assertThat(text(file, 0, 5)).isEqualTo("hell");
            assertThat(file.isOpen()).isTrue();
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void threadThatMustNotBlock_isRefused() throws Exception {
        DiskFile file = fileWith("a", "hello");
        Throwable[] caught = new Throwable[2];
        EventLoop loop = new EventLoop(() -> {
            caught[0] = org.assertj.core.api.Assertions.catchThrowable(() -> disk.exists(path("a")));
            caught[1] = org.assertj.core.api.Assertions.catchThrowable(file::size);
        });
        loop.start();
        loop.join();
        file.close();
        assertThat(caught[0]).isInstanceOf(AssertionError.class).hasMessageContaining("must not block");
        assertThat(caught[1]).isInstanceOf(AssertionError.class);
    }

    private static final class EventLoop extends Thread implements NonBlockingThread {
        EventLoop(Runnable task) {
            super(task, "event-loop");
        }
    }
}
