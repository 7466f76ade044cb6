package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.LockRank;
import dev.tidemark.wal.partition.RankedLock;
import dev.tidemark.wal.partition.SilentEvents;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** P8: what a full disk means. */
class ReserveTest {
    private static final Path DATA = Path.of("/data");
    private static final int RESERVE_BYTES = 1 << 20;
    private static final long CAPACITY = 8 << 20;

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DATA).withCapacity(CAPACITY);
    private final ManualClock clock = new ManualClock();
    private final List<String> heard = new ArrayList<>();
    private boolean noFlusher;

    @Test
    void newStore_reserveIsMadeOfRealBlocksAndForced() throws IOException {
        try (Reserve reserve = reserve()) {
            assertThat(reserve.open()).as("had to be filled").isTrue();
            assertThat(disk.volume(DATA).usableBytes()).isEqualTo(CAPACITY - RESERVE_BYTES);
            assertThat(reserve.mayGrow()).isTrue();
        }
        byte[] content = disk.contents(DATA.resolve(Names.RESERVE));
        assertThat(content).hasSize(RESERVE_BYTES);
        int zeros = 0;
        for (byte b : content) {
            zeros += b == 0 ? 1 : 0;
        }
        assertThat(zeros).as("no file system keeps it without blocks").isLessThan(RESERVE_BYTES / 100);
        assertThat(disk.count(Operation.Kind.FORCE, path -> path.endsWith(Names.RESERVE)))
                .isEqualTo(1);
        try (Reserve again = reserve()) {
            assertThat(again.open()).as("is whole").isFalse();
        }
    }

    @Test
    void reserveThatIsTooShort_isFilledWhenOpening() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
        }
        disk.resize(DATA.resolve(Names.RESERVE), 1000);
        try (Reserve reserve = reserve()) {
            assertThat(reserve.open()).isTrue();
        }
        assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
    }

    @Test
    void reserveLargerThanIsWanted_givesTheRestBack() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
        }
        disk.resize(DATA.resolve(Names.RESERVE), 2 * RESERVE_BYTES);
        try (Reserve reserve = reserve()) {
            assertThat(reserve.open()).as("nothing had to be filled").isFalse();
        }
        assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
    }

    @Test
    void reserveThatCannotBeOpened_keepsTheStoreFromOpening() {
        for (Operation.Kind call : new Operation.Kind[] {Operation.Kind.CREATE, Operation.Kind.SIZE}) {
            disk.inject(Fault.ioError(CallMatch.on(call).named(Names.RESERVE)));
            try (Reserve reserve = reserve()) {
                assertThatThrownBy(reserve::open).isInstanceOf(IOException.class);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void diskIsFullBeforeTheReserveIsMade_storeOpensAndMakesItOnceThereIsRoom() throws IOException {
        disk.inject(Fault.full(CallMatch.on(Operation.Kind.CREATE).named(Names.RESERVE)));
        try (Reserve reserve = reserve()) {
            assertThat(reserve.open()).isTrue();
            assertThat(reserve.mayGrow()).isFalse();
            assertThat(disk.files()).isEmpty();

            clock.advance(Duration.ofSeconds(10));

            assertThat(reserve.mayGrow()).isTrue();
            assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
            assertThat(heard).containsExactly("full true", "full false");
        }
    }

    /** Freeing has to be durable on some file systems before the blocks can be used: if it fails, the first cause is told. */
    @Test
    void givingUpFails_theDisksFirstWordIsPassedOn() throws IOException {
        try (Reserve reserve = reserve();
                DiskFile file = disk.create(DATA.resolve("a.seg"))) {
            reserve.open();
            fillUp();
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.TRUNCATE).named(Names.RESERVE)));

            assertThatThrownBy(() -> reserve.withReserve(() -> write(file, 64 << 10)))
                    .hasMessageContaining("No space left")
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
            assertThat(reserve.mayGrow()).isFalse();
        }
    }

    @Test
    void diskIsFull_sealIsWrittenOutOfTheReserveAndNothingMayGrow() throws IOException {
        try (Reserve reserve = reserve();
                DiskFile file = disk.create(DATA.resolve("a.seg"))) {
            reserve.open();
            fillUp();
            int written = reserve.withReserve(() -> write(file, 64 << 10));
            assertThat(written).isEqualTo(64 << 10);
            assertThat(reserve.mayGrow()).isFalse();
            assertThat(heard).containsExactly("full true");
        }
    }

    @Test
    void roomAgain_reserveIsFilledFirstThenGrowingIsAllowed() throws IOException {
        try (Reserve reserve = reserve();
                DiskFile file = disk.create(DATA.resolve("a.seg"))) {
            reserve.open();
            Path filler = fillUp();
            reserve.withReserve(() -> write(file, 64 << 10));
            clock.advance(Duration.ofSeconds(10));
            assertThat(reserve.mayGrow()).as("no room yet").isFalse();
            assertThat(heard).containsExactly("full true");

            shrink(filler, RESERVE_BYTES);
            clock.advance(Duration.ofSeconds(10));
            assertThat(reserve.mayGrow())
                    .as("room for the reserve, but for nothing besides")
                    .isFalse();

            disk.delete(filler);
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
            assertThat(heard).containsExactly("full true", "full false");
            assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
            assertThat(clock.waitingTasks()).as("nothing to wait for").isZero();
        }
    }

    @Test
    void appendFindsTheDiskFull_growingIsRefusedUntilThereIsRoomThoughTheReserveIsWhole() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
            Path filler = fillUp();
            reserve.full(new IOException("No space left on device"));
            reserve.full(new IOException("No space left on device"));
            assertThat(reserve.mayGrow()).isFalse();
            assertThat(clock.waitingTasks())
                    .as("one attempt a second, however many appends")
                    .isEqualTo(1);
            assertThat(disk.contents(DATA.resolve(Names.RESERVE)))
                    .as("nothing needed it")
                    .hasSize(RESERVE_BYTES);
            disk.delete(filler);
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
            assertThat(heard).containsExactly("full true", "full false");
        }
    }

    @Test
    void reserveIsSpentAsWell_theErrorOfTheDiskIsPassedOn() throws IOException {
        try (Reserve reserve = reserve();
                DiskFile file = disk.create(DATA.resolve("a.seg"))) {
            reserve.open();
            fillUp();
            assertThatThrownBy(() -> reserve.withReserve(() -> write(file, 2 * RESERVE_BYTES)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space left");
            assertThatThrownBy(() -> reserve.withReserve(() -> write(file, 4 * RESERVE_BYTES)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space left");
        }
    }

    @Test
    void anotherError_doesNotCostTheReserve() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
            assertThatThrownBy(() -> reserve.withReserve(() -> {
                        throw new IOException("Input/output error");
                    }))
                    .hasMessage("Input/output error");
            assertThat(reserve.mayGrow()).isTrue();
            assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
        }
    }

    @Test
    void diskIsFullWhenOpening_storeOpensAndGrowsOnceThereIsRoom() throws IOException {
        Path filler = fillUp();
        try (Reserve reserve = reserve()) {
            assertThat(reserve.open()).isTrue();
            assertThat(reserve.mayGrow()).isFalse();
            disk.delete(filler);
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
            assertThat(disk.contents(DATA.resolve(Names.RESERVE))).hasSize(RESERVE_BYTES);
        }
    }

    @Test
    void forceOfTheFilledReserveFails_itIsWrittenAnewNotForcedAgain() throws IOException {
        try (Reserve reserve = reserve();
                DiskFile file = disk.create(DATA.resolve("a.seg"))) {
            reserve.open();
            Path filler = fillUp();
            reserve.withReserve(() -> write(file, 64 << 10));
            disk.delete(filler);
            disk.recordFromHere();
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE).named(Names.RESERVE)));
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isFalse();
            assertThat(heard).last().asString().startsWith("warning");
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
            long written = disk.operations().stream()
                    .filter(call -> call.kind() == Operation.Kind.WRITE)
                    .mapToLong(Operation::bytes)
                    .sum();
            assertThat(written).isEqualTo(2L * RESERVE_BYTES);
        }
    }

    @Test
    void attemptEndsUnexpectedly_theNextOneFollowsAndGrowingIsAllowedAgain() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
            giveUp(reserve);
            disk.recordFromHere();
            disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.FORCE).named(Names.RESERVE), path -> new AssertionError("planted")));
            assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(1))).hasMessage("planted");
            assertThat(reserve.mayGrow()).isFalse();
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
            long written = disk.operations().stream()
                    .filter(call -> call.kind() == Operation.Kind.WRITE)
                    .mapToLong(Operation::bytes)
                    .sum();
            assertThat(written).as("written anew, not forced again").isEqualTo(2L * RESERVE_BYTES);
        }
    }

    @Test
    void attemptCannotBeHandedToAFlusher_theNextOneFollows() throws IOException {
        try (Reserve reserve = reserve()) {
            reserve.open();
            giveUp(reserve);
            noFlusher = true;
            assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(1))).hasMessage("no thread");
            noFlusher = false;
            clock.advance(Duration.ofSeconds(1));
            assertThat(reserve.mayGrow()).isTrue();
        }
    }

    @Test
    void closedWhileTheDiskIsFull_noTimerIsLeft() throws IOException {
        Reserve reserve = reserve();
        reserve.open();
        reserve.full(new IOException("No space left on device"));
        reserve.close();
        assertThat(clock.waitingTasks()).isZero();
    }

    // ---- for the tests above

    private Reserve reserve() {
        Environment environment = Environment.real().withDisk(disk).withTime(clock, clock);
        RankedLock lock = RankedLock.exclusive(
                LockRank.RESERVE,
                new SimpleMeterRegistry().timer("waits"),
                environment.clock(),
                Duration.ofSeconds(30).toNanos());
        return new Reserve(environment, DATA, RESERVE_BYTES, lock, this::flush, new SilentEvents() {
            @Override
            public void diskFull(boolean isFull) {
                heard.add("full " + isFull);
            }

            @Override
            public void warning(String message) {
                heard.add("warning " + message);
            }
        });
    }

    private void flush(Runnable turn) {
        if (noFlusher) {
            throw new InternalError("no thread");
        }
        turn.run();
    }

    /** Frees its blocks, as if the disk were full for a moment. */
    private static void giveUp(Reserve reserve) throws IOException {
        int[] attempts = new int[1];
        reserve.withReserve(() -> {
            if (attempts[0]++ == 0) {
                throw new IOException("No space left on device");
            }
            return attempts[0];
        });
        assertThat(reserve.mayGrow()).isFalse();
    }

    /** Takes all the room there is. */
    private Path fillUp() throws IOException {
        Path path = DATA.resolve("filler");
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.allocate((int) disk.volume(DATA).usableBytes()), 0);
        }
        assertThat(disk.volume(DATA).usableBytes()).isZero();
        return path;
    }

    private void shrink(Path path, int freedBytes) throws IOException {
        int size = disk.contents(path).length;
        disk.resize(path, size - freedBytes);
        assertThat(disk.volume(DATA).usableBytes()).isPositive();
    }

    private static int write(DiskFile file, int bytes) throws IOException {
        file.writeFully(ByteBuffer.allocate(bytes), 0);
        return bytes;
    }
}
