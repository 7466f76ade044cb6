package dev.tidemark.wal.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the simulated disk records, fails, holds and damages. What it loses is in {@link PowerLossTest}. */
class SimulatedDiskTest {
    private static final Path DATA = Path.of("/data");
    private static final Path FILE = DATA.resolve("f");

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DATA);

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    private DiskFile fileWith(String text) throws IOException {
        DiskFile file = disk.create(FILE);
        file.writeFully(bytes(text), 0);
        return file;
    }

    private static String text(SimulatedDisk disk, Path path) {
        return new String(disk.contents(path), UTF_8);
    }

    // ---- the record

    @Test
    void operations_areRecordedInTheirOrderWithWhatTheyWereAskedFor() throws IOException {
        try (DiskFile file = fileWith("hello")) {
            file.force(false);
            file.truncate(2);
        }
        disk.forceDirectory(DATA);
        disk.rename(FILE, DATA.resolve("g"));
        assertThat(disk.operations())
                .extracting(Operation::toString)
                .containsExactly(
                        "0 CREATE /data/f",
                        "1 WRITE /data/f at=0 bytes=5",
                        "2 FORCE /data/f",
                        "3 TRUNCATE /data/f size=2",
                        "4 CLOSE /data/f",
                        "5 FORCE_DIRECTORY /data",
                        "6 RENAME /data/f -> /data/g");
        assertThat(disk.count(Operation.Kind.FORCE)).isEqualTo(1);
        assertThat(disk.operationCount()).isEqualTo(7);
    }

    @Test
    void refusedOperations_areRecordedAsSuchAndChangeNothing() {
        assertThatThrownBy(() -> disk.delete(FILE)).isInstanceOf(NoSuchFileException.class);
        assertThat(disk.operations()).singleElement().satisfies(operation -> {
            assertThat(operation.outcome()).isEqualTo(Operation.Outcome.REFUSED);
            assertThat(operation.changedTheDisk()).isFalse();
        });
        assertThat(disk.crashStates().next()).isFalse();
    }

    @Test
    void recordFromHere_beginsWithWhatIsThere() throws IOException {
        DiskFile file = fileWith("hello");
        disk.recordFromHere();
        file.writeFully(bytes("J"), 0);
        CrashStates states = disk.crashStates();
        assertThat(states.boundary()).isEqualTo(2);
        assertThat(text(states.killed(), FILE)).isEqualTo("hello");
        assertThat(states.next()).isTrue();
        assertThat(states.last().kind()).isEqualTo(Operation.Kind.WRITE);
        assertThat(text(states.killed(), FILE)).isEqualTo("Jello");
        assertThat(states.next()).isFalse();
    }

    @Test
    void recordNothing_keepsNoRecordButKnowsWhatIsDurable() throws IOException {
        disk.recordNothing();
        DiskFile file = fileWith("hello");
        file.force(false);
        disk.forceDirectory(DATA);
        file.writeFully(bytes("Y"), 4);
        assertThat(disk.operations()).isEmpty();
        assertThatThrownBy(disk::crashStates).isInstanceOf(IllegalStateException.class);
        assertThat(text(disk.powerLoss(CrashPlan.keepNothing()), FILE)).isEqualTo("hello");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void replay_givesTheSameStateAsTheDiskItself(long seed) throws IOException {
        RandomWorkload.run(disk, DATA, new Random(seed), 400);
        CrashStates states = disk.crashStates().advanceTo(disk.operationCount());
        assertThat(states.killed().fingerprint()).as("seed " + seed).isEqualTo(disk.fingerprint());
        for (long plan = 0; plan < 40; plan++) {
            assertThat(states.powerLoss(CrashPlan.random(plan)).fingerprint())
                    .as("seed %d plan %d", seed, plan)
                    .isEqualTo(disk.copy().powerLoss(CrashPlan.random(plan)).fingerprint());
        }
    }

    @Test
    void listener_hearsOfEachOperationBeforeItReturns() throws IOException {
        List<Operation.Kind> heard = new ArrayList<>();
        disk.addListener(operation -> heard.add(operation.kind()));
        fileWith("hello").close();
        assertThat(heard).containsExactly(Operation.Kind.CREATE, Operation.Kind.WRITE, Operation.Kind.CLOSE);
    }

    @Test
    void threads_mayUseTheDiskTogether() throws Exception {
        int threads = 4;
        int writes = 500;
        ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Path path = DATA.resolve("w" + i);
            Thread worker = Environment.real().threads().newThread("worker-" + i, () -> {
                try (DiskFile file = disk.create(path)) {
                    for (int n = 0; n < writes; n++) {
                        file.writeFully(ByteBuffer.allocate(4).putInt(0, n), n * 4L);
                        file.force(false);
                    }
                } catch (Throwable e) {
                    errors.add(e);
                }
            });
            workers.add(worker);
            worker.start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
        assertThat(errors).isEmpty();
        assertThat(disk.operations()).hasSize(threads * (2 + 2 * writes));
        assertThat(disk.operations()).extracting(Operation::index).isSorted();
        disk.forceDirectory(DATA);
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepNothing());
        for (int i = 0; i < threads; i++) {
            byte[] bytes = after.contents(DATA.resolve("w" + i));
            assertThat(bytes).hasSize(writes * 4);
            assertThat(ByteBuffer.wrap(bytes).getInt((writes - 1) * 4)).isEqualTo(writes - 1);
        }
    }

    // ---- faults

    @ParameterizedTest
    @EnumSource(
            names = {
                "CREATE",
                "OPEN",
                "CREATE_DIRECTORY",
                "RENAME",
                "LINK",
                "DELETE",
                "LIST",
                "EXISTS",
                "FORCE_DIRECTORY",
                "LOCK",
                "VOLUME",
                "REAL_PATH",
                "WRITE",
                "READ",
                "FORCE",
                "TRUNCATE",
                "SIZE",
                "CLOSE"
            })
    void eachKindOfCall_canFailOnceAndWorksAgain(Operation.Kind kind) throws IOException {
        fileWith("hello").close();
        disk.createDirectory(DATA.resolve("d"));
        InjectedFault fault = disk.inject(Fault.ioError(CallMatch.on(kind)));
        assertThatThrownBy(() -> callOf(kind))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Input/output error");
        assertThat(fault.hits()).isEqualTo(1);
        assertThatCode(() -> callOf(kind)).doesNotThrowAnyException();
        assertThat(disk.openFiles()).isEmpty();
    }

    private void callOf(Operation.Kind kind) throws IOException {
        switch (kind) {
            case CREATE:
                disk.create(DATA.resolve("new")).close();
                break;
            case CREATE_DIRECTORY:
                disk.createDirectory(DATA.resolve("new"));
                break;
            case RENAME:
                disk.rename(FILE, DATA.resolve("new"));
                break;
            case LINK:
                disk.link(FILE, DATA.resolve("new"));
                break;
            case DELETE:
                disk.delete(FILE);
                break;
            case LIST:
                disk.list(DATA);
                break;
            case EXISTS:
                disk.exists(FILE);
                break;
            case FORCE_DIRECTORY:
                disk.forceDirectory(DATA);
                break;
            case LOCK:
                disk.lock(FILE).close();
                break;
            case VOLUME:
                disk.volume(DATA);
                break;
            case REAL_PATH:
                disk.realPath(DATA);
                break;
            default:
                try (DiskFile file = disk.open(FILE, Disk.Access.READ_WRITE)) {
                    file.writeFully(bytes("x"), 0);
                    file.readFully(ByteBuffer.allocate(1), 0);
                    file.force(false);
                    file.truncate(3);
                    file.size();
                }
        }
    }

    @Test
    void failedCall_hasNoEffect() throws IOException {
        fileWith("hello").close();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.RENAME)));
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.DELETE)));
        assertThatThrownBy(() -> disk.rename(FILE, DATA.resolve("g"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> disk.delete(FILE)).isInstanceOf(IOException.class);
        assertThat(disk.files()).containsExactly(FILE);
    }

    @Test
    void faultAfterTheEffect_leavesTheEffect() throws IOException {
        fileWith("hello").close();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.RENAME)).afterEffect());
        assertThatThrownBy(() -> disk.rename(FILE, DATA.resolve("g"))).isInstanceOf(IOException.class);
        assertThat(disk.files()).containsExactly(DATA.resolve("g"));
    }

    @Test
    void nthCallAndAllLater_fail() throws IOException {
        DiskFile file = fileWith("hello");
        DiskFile other = disk.create(DATA.resolve("other"));
        disk.inject(Fault.full(
                CallMatch.on(Operation.Kind.WRITE).named("f").number(2).andAllLater()));
        file.writeFully(bytes("1"), 0);
        other.writeFully(bytes("not counted"), 0);
        IOException second = (IOException) catchThrowable(() -> file.writeFully(bytes("2"), 0));
        IOException third = (IOException) catchThrowable(() -> file.writeFully(bytes("3"), 0));
        other.writeFully(bytes("not hit"), 0);
        assertThat(DiskErrors.isFull(second)).isTrue();
        assertThat(DiskErrors.isFull(third)).isTrue();
        assertThat(text(disk, FILE)).isEqualTo("1ello");
        disk.removeFaults();
        file.writeFully(bytes("4"), 0);
        assertThat(text(disk, FILE)).isEqualTo("4ello");
    }

    @Test
    void shortWrite_writesPartAndReturnsTheCount() throws IOException {
        DiskFile file = fileWith("");
        disk.inject(Fault.shortWrite(CallMatch.on(Operation.Kind.WRITE), 3));
        assertThat(file.write(bytes("0123456"), 0)).isEqualTo(3);
        assertThat(text(disk, FILE)).isEqualTo("012");
        disk.inject(Fault.shortWrite(CallMatch.on(Operation.Kind.WRITE), 4));
        file.writeFully(bytes("abcdefg"), 0);
        assertThat(text(disk, FILE)).isEqualTo("abcdefg");
    }

    @Test
    void writeThatMakesNoProgress_endsWithAnError() throws IOException {
        DiskFile file = fileWith("");
        disk.inject(Fault.shortWrite(CallMatch.on(Operation.Kind.WRITE).andAllLater(), 0));
        assertThatThrownBy(() -> file.writeFully(bytes("hello"), 7))
                .isInstanceOf(ShortWriteException.class)
                .hasMessage("write made no progress: file=/data/f at=7 bytes=5");
    }

    @Test
    void writeThatFailsInTheMiddle_hasWrittenItsBeginning() throws IOException {
        DiskFile file = fileWith("......");
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE)).afterBytes(2));
        ByteBuffer source = bytes("abcd");
        assertThatThrownBy(() -> file.write(source, 0)).isInstanceOf(IOException.class);
        assertThat(source.position()).as("nothing is certain").isZero();
        assertThat(text(disk, FILE)).isEqualTo("ab....");
    }

    @Test
    void errorsAndUncheckedExceptions_areThrownAsTheyAre() throws IOException {
        DiskFile file = fileWith("hello");
        disk.inject(Fault.thrown(CallMatch.on(Operation.Kind.WRITE), path -> new OutOfMemoryError("made up")));
        disk.inject(Fault.thrown(CallMatch.on(Operation.Kind.READ), path -> new IllegalStateException("made up")));
        assertThatThrownBy(() -> file.write(bytes("x"), 0)).isInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void failedForce_isReportedOnceByEachHandleThatWasOpen() throws IOException {
        DiskFile first = fileWith("hello");
        DiskFile second = disk.open(FILE, Disk.Access.READ_WRITE);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> first.force(false)).isInstanceOf(IOException.class);
        first.force(false);
        assertThatThrownBy(() -> second.force(false)).isInstanceOf(IOException.class);
        second.force(false);
        disk.open(FILE, Disk.Access.READ_WRITE).force(false);
    }

    @Test
    void failedWriteBack_isReportedToWhoeverIsOpenOrElseToTheNext() throws IOException {
        DiskFile file = fileWith("hello");
        disk.forceDirectory(DATA);
        disk.failWriteBack(FILE);
        assertThatThrownBy(() -> file.force(false)).isInstanceOf(IOException.class);
        file.force(false);
        file.writeFully(bytes("J"), 0);
        file.close();
        disk.failWriteBack(FILE);
        DiskFile next = disk.open(FILE, Disk.Access.READ_WRITE);
        assertThatThrownBy(() -> next.force(false)).isInstanceOf(IOException.class);
        next.force(false);
        disk.open(FILE, Disk.Access.READ_WRITE).force(false);
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepNothing());
        assertThat(text(after, FILE)).as("lost for good").isEqualTo("\0\0\0\0\0");
    }

    @Test
    void cleanPagesAreDroppedAfterAFailedForce_whatWasDurableBeforeIsReadAgain() throws IOException {
        DiskFile file = fileWith("hello");
        file.force(false);
        disk.forceDirectory(DATA);
        file.writeFully(bytes("J"), 0);
        disk.dropCleanPages(FILE);
        assertThat(text(disk, FILE)).as("what is dirty stays").isEqualTo("Jello");
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> file.force(false)).isInstanceOf(IOException.class);
        assertThat(text(disk, FILE)).as("clean, and read from the cache").isEqualTo("Jello");
        disk.dropCleanPages(FILE);
        assertThat(text(disk, FILE)).as("read from the medium").isEqualTo("hello");
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepEverything());
        assertThat(text(after, FILE)).isEqualTo("hello");
    }

    @Test
    void directoryForceThatWasNotTried_canBeDoneLater() throws IOException {
        fileWith("hello").force(false);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY)).withoutTrying());
        assertThatThrownBy(() -> disk.forceDirectory(DATA)).isInstanceOf(IOException.class);
        assertThat(disk.copy().powerLoss(CrashPlan.keepNothing()).files()).isEmpty();
        disk.forceDirectory(DATA);
        assertThat(disk.powerLoss(CrashPlan.keepNothing()).files()).containsExactly(FILE);
    }

    @Test
    void shortRead_readsPartAndReturnsTheCount() throws IOException {
        DiskFile file = fileWith("hello");
        disk.inject(Fault.shortRead(CallMatch.on(Operation.Kind.READ), 2));
        ByteBuffer target = ByteBuffer.allocate(5);
        assertThat(file.read(target, 0)).isEqualTo(2);
        assertThat(file.readFully(target, 2)).isEqualTo(3);
        assertThat(target.array()).isEqualTo(bytes("hello").array());
    }

    @Test
    void openFiles_areBoundedIfSaid() throws IOException {
        fileWith("hello").close();
        disk.withMaxOpenFiles(2);
        DiskFile one = disk.open(FILE, Disk.Access.READ);
        DiskFile two = disk.open(FILE, Disk.Access.READ);
        IOException refused = (IOException) catchThrowable(() -> disk.open(FILE, Disk.Access.READ));
        assertThat(DiskErrors.isTooManyOpenFiles(refused)).isTrue();
        assertThatThrownBy(() -> disk.create(DATA.resolve("g"))).isInstanceOf(IOException.class);
        assertThat(disk.files()).as("nothing was created").containsExactly(FILE);
        one.close();
        disk.create(DATA.resolve("g")).close();
        two.close();
        assertThat(disk.openFiles()).isEmpty();
    }

    // ---- room

    @Test
    void fullDisk_writesWhatFitsThenRefusesAndGoesOnOnceThereIsRoom() throws IOException {
        disk.withCapacity(4 * 4096);
        DiskFile filler = disk.create(DATA.resolve("filler"));
        filler.writeFully(ByteBuffer.allocate(2 * 4096), 0);
        DiskFile file = disk.create(FILE);
        assertThat(file.write(ByteBuffer.allocate(3 * 4096), 100)).isEqualTo(2 * 4096 - 100);
        IOException refused = (IOException) catchThrowable(() -> file.write(bytes("x"), 2 * 4096));
        assertThat(DiskErrors.isFull(refused)).isTrue();
        assertThat(disk.volume(DATA).usableBytes()).isZero();
        file.writeFully(bytes("blocks that are there can be written over"), 0);

        filler.truncate(4096);
        file.writeFully(bytes("x"), 2 * 4096);
        filler.close();
        disk.delete(DATA.resolve("filler"));
        assertThat(disk.volume(DATA).usableBytes()).isEqualTo(4096);
        file.writeFully(bytes("y"), 3 * 4096);
    }

    @Test
    void deletedFile_occupiesItsBlocksUntilItIsClosed() throws IOException {
        disk.withCapacity(4096);
        DiskFile file = fileWith("hello");
        disk.delete(FILE);
        DiskFile other = disk.create(DATA.resolve("g"));
        assertThatThrownBy(() -> other.write(bytes("x"), 0)).hasMessageContaining("No space left");
        file.close();
        other.writeFully(bytes("x"), 0);
    }

    @Test
    void deletedFileOfAKilledProcess_occupiesNothing() throws IOException {
        disk.withCapacity(4096);
        fileWith("hello");
        disk.delete(FILE);
        SimulatedDisk next = disk.killProcess();
        next.create(DATA.resolve("g")).writeFully(bytes("x"), 0);
        assertThat(next.volume(DATA).usableBytes()).isZero();
    }

    @Test
    void capacity_isKeptAcrossALossOfPower() throws IOException {
        disk.withCapacity(2 * 4096).withVolumeType("tmpfs");
        DiskFile file = fileWith("hello");
        file.force(false);
        disk.forceDirectory(DATA);
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepNothing());
        assertThat(after.volume(DATA).usableBytes()).isEqualTo(4096);
        assertThat(after.volume(DATA).isVolatile()).isTrue();
    }

    // ---- gates

    @Test
    void gateBeforeTheEffect_holdsTheCallWhileOthersGoOn() throws Exception {
        DiskFile file = fileWith("hello");
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        try (Gate gate = disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE))) {
            Thread held = start(() -> {
                file.writeFully(bytes("J"), 0);
                order.add("held");
            });
            gate.awaitArrival(Duration.ofSeconds(30));
            assertThat(text(disk, FILE)).isEqualTo("hello");
            file.writeFully(bytes("y"), 4);
            order.add("passed");
            gate.open();
            held.join();
        }
        assertThat(order).containsExactly("passed", "held");
        assertThat(text(disk, FILE)).isEqualTo("Jelly");
    }

    @Test
    void gateAfterTheEffect_holdsTheReturnOnly() throws Exception {
        DiskFile file = fileWith("hello");
        try (Gate gate = disk.hold(
                Gate.Position.AFTER_EFFECT, CallMatch.on(Operation.Kind.WRITE).number(2))) {
            file.writeFully(bytes("J"), 0);
            assertThat(gate.hasArrival()).isFalse();
            Thread held = start(() -> file.writeFully(bytes("y"), 4));
            gate.awaitArrival(Duration.ofSeconds(30));
            assertThat(text(disk, FILE)).isEqualTo("Jelly");
            assertThat(held.isAlive()).isTrue();
            gate.open();
            held.join();
        }
    }

    @Test
    void heldCall_failsIfTheProcessEndsMeanwhile() throws Exception {
        DiskFile file = fileWith("hello");
        file.force(false);
        disk.forceDirectory(DATA);
        Throwable[] error = new Throwable[1];
        Gate gate = disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
        Thread held = start(() -> error[0] = catchThrowable(() -> file.writeFully(bytes("J"), 0)));
        gate.awaitArrival(Duration.ofSeconds(30));
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepEverything());
        gate.open();
        held.join();
        assertThat(error[0]).isInstanceOf(IOException.class).hasMessageContaining("has ended");
        assertThat(text(after, FILE)).isEqualTo("hello");
    }

    private interface Work {
        void run() throws IOException;
    }

    private static Thread start(Work work) {
        Thread thread = Environment.real().threads().newThread("held", () -> {
            try {
                work.run();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        thread.start();
        return thread;
    }

    @Test
    void lockOfAnotherProcess_isReportedAsSuch() throws IOException {
        Runnable release = disk.lockFromAnotherProcess(DATA.resolve("LOCK"));
        assertThatThrownBy(() -> disk.lock(DATA.resolve("LOCK")))
                .isInstanceOfSatisfying(
                        LockHeldException.class,
                        e -> assertThat(e.heldByThisProcess()).isFalse());
        release.run();
        disk.lock(DATA.resolve("LOCK")).close();
    }

    // ---- damage

    @Test
    void damage_isThereForEverybodyAndSurvives() throws IOException {
        DiskFile file = fileWith("hello");
        file.force(false);
        disk.forceDirectory(DATA);
        disk.flipBit(FILE, 8 * 4 + 4);
        assertThat(text(disk, FILE)).isEqualTo("hell\u007f");
        disk.overwrite(FILE, 0, (byte) 'J');
        disk.resize(FILE, 6);
        disk.damage(DATA.resolve("made"), bytes("new").array());
        SimulatedDisk after = disk.powerLoss(CrashPlan.keepNothing());
        assertThat(text(after, FILE)).isEqualTo("Jell\u007f\0");
        assertThat(text(after, DATA.resolve("made"))).isEqualTo("new");
        after.lose(FILE);
        assertThat(after.files()).containsExactly(DATA.resolve("made"));
        assertThat(after.powerLoss(CrashPlan.keepEverything()).files()).containsExactly(DATA.resolve("made"));
    }

    @Test
    void copies_changeIndependently() throws IOException {
        fileWith("hello").close();
        SimulatedDisk copy = disk.copy();
        copy.flipBit(FILE, 0);
        disk.delete(FILE);
        assertThat(text(copy, FILE)).isEqualTo("iello");
        assertThat(disk.files()).isEmpty();
    }

    @Test
    void fingerprint_isOfNamesAndBytesAlone() throws IOException {
        fileWith("hello").close();
        SimulatedDisk other = new SimulatedDisk().withDirectories(DATA);
        DiskFile file = other.create(FILE);
        file.writeFully(bytes("hell"), 0);
        assertThat(other.fingerprint()).isNotEqualTo(disk.fingerprint());
        file.writeFully(bytes("o"), 4);
        file.force(true);
        assertThat(other.fingerprint()).isEqualTo(disk.fingerprint());
        other.rename(FILE, DATA.resolve("g"));
        assertThat(other.fingerprint()).isNotEqualTo(disk.fingerprint());
    }
}
