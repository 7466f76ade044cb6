package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.metrics.MetricNames;
import dev.tidemark.wal.partition.PartitionServices;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The store around its partitions: what it does with its directory, its lock, and its life. */
class EngineTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private SimulatedDisk disk = new SimulatedDisk();
    private final FakePartitions fakes = new FakePartitions();
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        pool.shutdownNow();
        assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    // ---- what the directory is

    @Test
    void absentDirectory_becomesAStore() throws IOException {
        try (Engine engine = open(config().build())) {
            assertThat(engine.state()).isEqualTo(LifeState.OPEN);
            assertThat(engine.recovery().notes())
                    .anyMatch(note -> note.startsWith("store created"))
                    .anyMatch(note -> note.startsWith("RESERVE was filled"));
            assertThat(names()).contains(Names.STORE, Names.LOCK, Names.OWNER, Names.RESERVE);
        }
        assertThat(names()).as("nobody owns it now").doesNotContain(Names.OWNER);
    }

    @Test
    void nestedDirectoryThatIsAbsent_isMadeWithItsParents() {
        Path nested = Path.of("/a/b/c");
        try (Engine engine =
                open(WalConfig.builder(nested).reserveBytes(64 << 10).build())) {
            assertThat(engine.state()).isEqualTo(LifeState.OPEN);
        }
        disk = disk.powerLoss(CrashPlan.keepNothing());
        assertThatCode(() -> open(WalConfig.builder(nested)
                                .reserveBytes(64 << 10)
                                .createIfMissing(false)
                                .build())
                        .close())
                .doesNotThrowAnyException();
    }

    @Test
    void sameStore_keepsItsId() {
        Set<UUID> ids = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            try (Engine engine = open(config().build())) {
                engine.partition(ORDERS);
                ids.add(fakes.open.get(ORDERS).services.storeId());
                assertThat(engine.recovery().notes()).hasSize(i == 0 ? 2 : 0);
            }
        }
        assertThat(ids).hasSize(1);
    }

    @Test
    void directoryWithOtherThings_isRefusedAndStaysAsItIs() throws IOException {
        disk.createDirectory(DATA);
        disk.create(DATA.resolve("holiday.jpg")).close();
        assertCode(ErrorCode.STORE_UNKNOWN, () -> open(config().build()));
        assertThat(names()).containsExactly("holiday.jpg");
    }

    @Test
    void freshFileSystem_becomesAStoreThoughItIsNotEmpty() throws IOException {
        disk.createDirectory(DATA);
        disk.createDirectory(DATA.resolve("lost+found"));
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
        try (Engine engine = open(config().build())) {
            assertThat(engine.recovery().notes()).isEmpty();
        }
    }

    @Test
    void absentDirectoryThatMayNotBeCreated_isRefused() throws IOException {
        assertCode(
                ErrorCode.STORE_UNKNOWN,
                () -> open(config().createIfMissing(false).build()));
        assertCode(ErrorCode.STORE_UNKNOWN, () -> open(config().readOnly(true).build()));
        assertThat(disk.exists(DATA)).isFalse();
    }

    @Test
    void storeWithoutItsStoreFile_isDamageNotANewStore() throws IOException {
        Engine engine = open(config().build());
        engine.partition(ORDERS);
        engine.close();
        disk.delete(DATA.resolve(Names.STORE));
        assertThatThrownBy(() -> open(config().build())).isInstanceOfSatisfying(DamageException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.METADATA_CORRUPT);
            assertThat(e.damage().file()).isEqualTo(Names.STORE);
        });
        assertCode(
                ErrorCode.METADATA_CORRUPT, () -> open(config().readOnly(true).build()));
        assertCode(
                ErrorCode.METADATA_CORRUPT,
                () -> open(config().createIfMissing(false).build()));
        assertThat(names()).doesNotContain(Names.STORE);
    }

    @Test
    void storeFileWithAFlippedBit_isDamage() throws IOException {
        open(config().build()).close();
        disk.flipBit(DATA.resolve(Names.STORE), 8 * 20);
        assertCode(ErrorCode.METADATA_CORRUPT, () -> open(config().build()));
    }

    @Test
    void newerFormatVersion_isRefusedWithoutTouchingAnything() throws IOException {
        open(config().build()).close();
        disk.damage(DATA.resolve(Names.STORE), EngineTest::asNewerVersion);
        long before = disk.fingerprint();
        assertCode(ErrorCode.FORMAT_NEWER, () -> open(config().build()));
        assertThat(disk.fingerprint()).isEqualTo(before);
    }

    @Test
    void creationOfTheStoreInterruptedAnywhere_isFinishedByTheNextOpening() throws IOException {
        open(config().build()).close();
        long boundaries = disk.operationCount();
        SimulatedDisk recorded = disk;
        for (long boundary = 0; boundary <= boundaries; boundary++) {
            for (CrashPlan plan : List.of(CrashPlan.keepNothing(), CrashPlan.keepEverything())) {
                disk = recorded.crash(plan, boundary);
                try (Engine engine = open(config().build())) {
                    assertThat(engine.state())
                            .as("boundary=%d plan=%s", boundary, plan)
                            .isEqualTo(LifeState.OPEN);
                }
            }
        }
    }

    @Test
    void unfinishedCreationsAndDeletions_areRemoved() throws IOException {
        open(config().build()).close();
        Path create = DATA.resolve(Names.createDirectory(0xABC));
        Path delete = DATA.resolve(Names.deleteDirectory(0xDEF));
        disk.createDirectory(create);
        disk.create(create.resolve(Names.PARTITION)).close();
        disk.createDirectory(delete);
        disk.create(delete.resolve("00000000000000000000-00000001.seg")).close();
        try (Engine engine = open(config().build())) {
            assertThat(engine.recovery().notes()).hasSize(2).allMatch(note -> note.startsWith("R6"));
            assertThat(names()).noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    @Test
    void foreignDirectoryInAStore_isIgnoredAndNoted() throws IOException {
        open(config().build()).close();
        disk.createDirectory(DATA.resolve("backup of monday"));
        try (Engine engine = open(config().build())) {
            assertThat(engine.recovery().notes()).singleElement().asString().contains("backup of monday");
            assertThat(engine.partitions()).isEmpty();
        }
    }

    // ---- the lock

    @Test
    void secondOpeningInThisProcess_isRefused() {
        try (Engine engine = open(config().build())) {
            assertCode(ErrorCode.STORE_LOCKED, () -> open(config().build()));
            assertThat(engine.state()).isEqualTo(LifeState.OPEN);
        }
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void anotherProcessHasTheStoreOpen_isRefusedAndToldWho() throws IOException {
        open(config().build()).close();
        replace(Names.OWNER, "pid=4711\nhost=elsewhere\nstarted=2026-01-01T00:00:00Z\n".getBytes("US-ASCII"));
        Runnable release = disk.lockFromAnotherProcess(DATA.resolve(Names.LOCK));
        assertThatThrownBy(() -> open(config().build()))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_LOCKED))
                .hasMessageContaining("pid=4711 host=elsewhere");
        release.run();
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void readOnlyOpening_needsNoLockAndChangesNothing() throws IOException {
        Engine writer = open(config().build());
        writer.partition(ORDERS);
        long before = disk.fingerprint();
        try (Engine reader = open(config().readOnly(true).build())) {
            assertThat(reader.partitions()).containsExactly(ORDERS);
            assertThat(reader.find(ORDERS)).isPresent();
            assertCode(ErrorCode.PARTITION_UNKNOWN, () -> reader.partition(new PartitionId("new", 0)));
            Disk seen = fakes.open.get(ORDERS).services.environment().disk();
            assertThatThrownBy(() -> seen.create(DATA.resolve("x")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("read-only");
        }
        assertThat(disk.fingerprint()).isEqualTo(before);
        writer.close();
    }

    @Test
    void openingFails_theLockIsGivenBack() {
        open(config().build()).close();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE).named(Names.RESERVE)));
        assertCode(ErrorCode.STORAGE_FAILED, () -> open(config().build()));
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    /** The JVM keeps a few errors and throws the same ones again when there is no memory for others. */
    @Test
    void openingFailsAndClosingMeetsTheSameError_itIsToldAndTheLockGivenBack() {
        open(config().build()).close();
        OutOfMemoryError same = new OutOfMemoryError("planted");
        AtomicBoolean isShort = new AtomicBoolean(true);
        disk.addListener(operation -> {
            boolean isOpened = operation.kind() == Operation.Kind.FORCE || operation.kind() == Operation.Kind.CLOSE;
            if (isShort.get() && isOpened && operation.path().endsWith(Names.RESERVE)) {
                throw same;
            }
        });
        assertThatThrownBy(() -> open(config().build())).isSameAs(same);
        isShort.set(false);
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    // ---- partitions

    @Test
    void partitionUsedForTheFirstTimeByManyAtOnce_isMadeOnce() throws Exception {
        int threads = 8;
        try (Engine engine = open(config().build())) {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Callable<LocalPartition>> users = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                users.add(() -> {
                    start.await();
                    return engine.partition(ORDERS);
                });
            }
            List<Future<LocalPartition>> results = pool.invokeAll(users);
            LocalPartition first = results.get(0).get();
            for (Future<LocalPartition> result : results) {
                assertThat(result.get() == first).isTrue();
            }
            assertThat(fakes.created).hasValue(1);
        }
    }

    @Test
    void makingAPartitionFails_theCallerIsToldAndTheNextOneTriesAgain() {
        try (Engine engine = open(config().build())) {
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.CREATE_DIRECTORY)));
            assertCode(ErrorCode.STORAGE_FAILED, () -> engine.partition(ORDERS));
            assertThat(engine.find(ORDERS)).isEmpty();
            assertThat(engine.partition(ORDERS)).isNotNull();
        }
    }

    @Test
    void partitionIsBeingMade_othersWaitNoLongerThanForALock() throws Exception {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        CountDownLatch isMaking = new CountDownLatch(1);
        fakes.whileCreating = () -> {
            isMaking.countDown();
            awaitUninterrupted(mayGoOn);
        };
        try (Engine engine = open(config().lockTimeout(Duration.ofMillis(20)).build())) {
            Future<LocalPartition> maker = pool.submit(() -> engine.partition(ORDERS));
            assertThat(isMaking.await(30, TimeUnit.SECONDS)).isTrue();
            assertCode(ErrorCode.LOCK_TIMEOUT, () -> engine.partition(ORDERS));
            assertThat(engine.partitions()).as("not there yet").isEmpty();
            mayGoOn.countDown();
            maker.get(30, TimeUnit.SECONDS);
            assertThat(engine.partitions()).containsExactly(ORDERS);
        }
    }

    @Test
    void damagedPartition_isReportedAndTheOthersServe() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (Engine engine = open(config().build())) {
            for (int i = 0; i < 20; i++) {
                engine.partition(new PartitionId("orders", i));
            }
        }
        fakes.damaged.add("orders-7");
        RecordingListener listener = new RecordingListener();
        try (Engine engine = open(
                config().recoveryThreads(3).meters(registry).listener(listener).build())) {
            assertThat(engine.recovery().partitions()).hasSize(20);
            assertThat(engine.recovery().refused())
                    .singleElement()
                    .satisfies(refused -> assertThat(refused.partition()).isEqualTo("orders-7"));
            assertThat(engine.recovery().wasClean()).isFalse();
            assertCode(ErrorCode.SEGMENT_CORRUPT, () -> engine.partition(new PartitionId("orders", 7)));
            assertCode(ErrorCode.SEGMENT_CORRUPT, () -> engine.find(new PartitionId("orders", 7)));
            assertThat(engine.partition(new PartitionId("orders", 8))).isNotNull();
            assertThat(engine.describe())
                    .hasSize(20)
                    .filteredOn(info -> info.state() == LifeState.FAILED)
                    .singleElement()
                    .extracting(PartitionInfo::id)
                    .isEqualTo(new PartitionId("orders", 7));
            assertThat(registry.get(MetricNames.PARTITIONS.meterName())
                            .tag("state", "open")
                            .gauge()
                            .value())
                    .isEqualTo(19);
            assertThat(registry.get(MetricNames.RECOVERY.meterName()).timer().count())
                    .isEqualTo(20);
        }
        assertThat(listener.heard)
                .contains("recovered orders-7 [R3]", "recovering 20/20")
                .filteredOn(line -> line.startsWith("recovered"))
                .hasSize(20);
        assertThat(registry.find(MetricNames.PARTITIONS.meterName()).gauge())
                .as("a closed store shows no gauges")
                .isNull();
    }

    @Test
    void manyPartitions_areRecoveredBesideEachOther() {
        try (Engine engine = open(config().build())) {
            for (int i = 0; i < 4; i++) {
                engine.partition(new PartitionId("orders", i));
            }
        }
        // Each waits until four are being recovered at the same time.
        fakes.whileRecovering = new CyclicBarrier(4);
        try (Engine engine = open(config().recoveryThreads(4).build())) {
            assertThat(engine.recovery().refused()).isEmpty();
        }
    }

    @Test
    void recoveryOfOnePartitionThrows_itIsRefusedAndTheStoreOpens() {
        try (Engine engine = open(config().build())) {
            engine.partition(ORDERS);
        }
        fakes.whileRecovering = new CyclicBarrier(1, () -> {
            throw new AssertionError("a mistake of ours");
        });
        try (Engine engine = open(config().build())) {
            assertThat(engine.recovery().refused()).hasSize(1);
            assertCode(ErrorCode.STORAGE_FAILED, () -> engine.partition(ORDERS));
        }
    }

    // ---- closing

    @Test
    void usedAfterClose_isRefused() {
        Engine engine = open(config().build());
        engine.partition(ORDERS);
        engine.close();
        engine.close();
        assertThat(engine.state()).isEqualTo(LifeState.CLOSED);
        assertCode(ErrorCode.STORE_CLOSED, () -> engine.partition(ORDERS));
        assertCode(ErrorCode.STORE_CLOSED, () -> engine.find(ORDERS));
        assertCode(ErrorCode.STORE_CLOSED, engine::partitions);
        assertThat(engine.describe())
                .singleElement()
                .extracting(PartitionInfo::state)
                .isEqualTo(LifeState.CLOSED);
        assertThat(engine.recovery()).isNotNull();
    }

    @Test
    void closeRacesFirstUses_everyPartitionMadeIsClosed() throws Exception {
        for (int round = 0; round < 50; round++) {
            disk = new SimulatedDisk();
            fakes.open.clear();
            Engine engine = open(config().build());
            int users = 4;
            CyclicBarrier start = new CyclicBarrier(users + 1);
            List<Future<Boolean>> results = new ArrayList<>();
            for (int i = 0; i < users; i++) {
                PartitionId id = new PartitionId("orders", i);
                results.add(pool.submit(() -> {
                    start.await();
                    try {
                        engine.partition(id);
                        return true;
                    } catch (WalException e) {
                        assertThat(e.code()).isEqualTo(ErrorCode.STORE_CLOSED);
                        return false;
                    }
                }));
            }
            start.await();
            engine.close();
            for (Future<Boolean> result : results) {
                result.get(30, TimeUnit.SECONDS);
            }
            assertThat(engine.state()).isEqualTo(LifeState.CLOSED);
            assertThat(fakes.open.values()).allMatch(fake -> fake.state() == LifeState.CLOSED);
        }
    }

    @Test
    void closedByTwoAtOnce_bothReturnWhenItIsDone() throws Exception {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        CountDownLatch isClosing = new CountDownLatch(1);
        Engine engine = open(config().build());
        engine.partition(ORDERS);
        fakes.whileClosing = () -> {
            isClosing.countDown();
            awaitUninterrupted(mayGoOn);
        };
        Future<?> first = pool.submit(engine::close);
        assertThat(isClosing.await(30, TimeUnit.SECONDS)).isTrue();
        Future<?> second = pool.submit(engine::close);
        assertThat(engine.state()).isEqualTo(LifeState.DRAINING);
        mayGoOn.countDown();
        first.get(30, TimeUnit.SECONDS);
        second.get(30, TimeUnit.SECONDS);
        assertThat(engine.state()).isEqualTo(LifeState.CLOSED);
    }

    @Test
    void interruptedWhileItCloses_closesAllTheSameAndKeepsTheInterrupt() {
        Engine engine = open(config().build());
        engine.partition(ORDERS);
        Thread.currentThread().interrupt();
        engine.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(engine.state()).isEqualTo(LifeState.CLOSED);
        assertThat(fakes.open.get(ORDERS).state()).isEqualTo(LifeState.CLOSED);
    }

    @Test
    void partitionDoesNotGetToACleanEnd_closeSaysSoAndTheLockIsGivenBack() {
        Engine engine = open(config().build());
        engine.partition(ORDERS);
        fakes.failsToClose = true;
        assertThatThrownBy(engine::close)
                .isInstanceOf(WalException.class)
                .hasMessageContaining("orders-0")
                .hasRootCauseMessage("STORAGE_FAILED planted");
        assertThat(engine.state()).isEqualTo(LifeState.CLOSED);
        fakes.failsToClose = false;
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void forceHangsPastTheDeadline_closeReturnsAndTheLockIsKeptUntilTheForceHasReturned() throws Exception {
        Engine engine = open(config().closeTimeout(Duration.ofMillis(50)).build());
        engine.partition(ORDERS);
        Disk inside = fakes.open.get(ORDERS).services.environment().disk();
        DiskFile file = inside.create(DATA.resolve("orders-0").resolve("a.seg"));
        Gate gate = disk.hold(
                Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE).named("a.seg"));
        Future<?> hanging = pool.submit(() -> {
            file.force(false);
            return null;
        });
        gate.awaitArrival(Duration.ofSeconds(30));
        assertThatThrownBy(engine::close)
                .isInstanceOf(WalException.class)
                .hasMessageContaining("the lock is kept")
                .hasMessageContaining("underWay=1");
        assertThat(engine.state()).isEqualTo(LifeState.FAILED);
        assertCode(ErrorCode.STORE_LOCKED, () -> open(config().build()));
        assertThatThrownBy(() -> file.write(ByteBuffer.allocate(1), 0))
                .as("nothing new reaches the disk")
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the store was closed");
        gate.open();
        hanging.get(30, TimeUnit.SECONDS);
        await().atMost(Duration.ofSeconds(60)).until(() -> engine.state() == LifeState.CLOSED);
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void nothingCanRecoverAtAll_openingSaysSoAndGivesTheLockBack() {
        try (Engine engine = open(config().build())) {
            engine.partition(ORDERS);
        }
        fakes.beforeRecovering = () -> {
            throw new InternalError("planted");
        };
        assertThatThrownBy(() -> open(config().build()))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("recovered=0 partitions=1")
                .hasRootCauseMessage("planted");
        fakes.beforeRecovering = () -> {};
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void diskHangsWhileReserveIsFilled_closeEndsAndTheLockIsGivenBackWhenItAnswers() throws Exception {
        disk = new SimulatedDisk().withCapacity(4 << 20);
        ManualClock clock = new ManualClock();
        WalConfig config = config().lockTimeout(Duration.ofMillis(50))
                .closeTimeout(Duration.ofMillis(50))
                .build();
        Engine engine = Engine.open(
                config,
                Environment.real().withDisk(disk).withTime(Environment.real().clock(), clock),
                fakes);
        engine.partition(ORDERS);
        PartitionServices services = fakes.open.get(ORDERS).services;
        Gate gate = disk.hold(
                Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE).named(Names.RESERVE));
        IOException full = new IOException("No space left on device");
        assertThatThrownBy(() -> services.room().withReserve(() -> {
                    throw full;
                }))
                .isSameAs(full);
        clock.advance(Duration.ofSeconds(1));
        gate.awaitArrival(Duration.ofSeconds(60));
        assertThatThrownBy(engine::close)
                .isInstanceOf(WalException.class)
                .hasMessageContaining("the lock is kept")
                .hasMessageContaining("underWay=1");
        assertCode(ErrorCode.STORE_LOCKED, () -> open(config().build()));
        gate.open();
        await().atMost(Duration.ofSeconds(60)).until(() -> engine.state() == LifeState.CLOSED);
        await().atMost(Duration.ofSeconds(60)).until(() -> disk.openFiles().isEmpty());
        assertThatCode(() -> open(config().build()).close()).doesNotThrowAnyException();
    }

    @Test
    void closed_noThreadOfTheStoreIsLeft() {
        Engine engine = open(config().listener(new RecordingListener()).build());
        engine.partition(ORDERS);
        fakes.open.get(ORDERS).services.flushers().submit(() -> {});
        fakes.open.get(ORDERS).services.completions().execute(1, () -> {});
        engine.close();
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                        .extracting(Thread::getName)
                        .noneMatch(name -> name.startsWith("wal-") && !name.equals("wal-timer")));
        assertThat(disk.openFiles()).isEmpty();
    }

    // ---- where it lies

    @Test
    void storeInMemoryOrOnANetwork_isWarnedOf() {
        for (String type : List.of("tmpfs", "nfs4")) {
            disk = new SimulatedDisk().withVolumeType(type);
            RecordingListener listener = new RecordingListener();
            open(config().listener(listener).build()).close();
            assertThat(listener.heard)
                    .as(type)
                    .filteredOn(line -> line.startsWith("warning"))
                    .singleElement()
                    .asString()
                    .contains("fileSystem=" + type);
        }
    }

    @Test
    void idleStore_hasNoTimerAndNoThread() {
        ManualClock clock = new ManualClock();
        // Only the threads of this store: others' may still be ending.
        List<Thread> started = new CopyOnWriteArrayList<>();
        Environment real = Environment.real();
        Environment environment = real.withDisk(disk).withTime(clock, clock).withThreads((name, task) -> {
            Thread thread = real.threads().newThread(name, task);
            started.add(thread);
            return thread;
        });
        try (Engine engine = Engine.open(config().build(), environment, fakes)) {
            for (int i = 0; i < 1_000; i++) {
                engine.partition(new PartitionId("orders", i));
            }
            assertThat(clock.waitingTasks()).isZero();
            assertThat(started)
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.startsWith("wal-flusher") || name.startsWith("wal-completion"));
        }
    }

    // ---- for the tests above

    private static WalConfig.Builder config() {
        return WalConfig.builder(DATA).reserveBytes(64 << 10);
    }

    private Engine open(WalConfig config) {
        return Engine.open(config, Environment.real().withDisk(disk), fakes);
    }

    private List<String> names() throws IOException {
        return disk.list(DATA).stream().map(DiskEntry::name).toList();
    }

    private void replace(String name, byte[] bytes) throws IOException {
        Path path = DATA.resolve(name);
        if (disk.exists(path)) {
            disk.delete(path);
        }
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force(false);
        }
        disk.forceDirectory(DATA);
    }

    /** The same file, as a version after ours would have written it. */
    private static byte[] asNewerVersion(byte[] file) {
        assertThat(StoreFile.decode(file).value()).isPresent();
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(12, StoreFile.FORMAT_VERSION + 1);
        CRC32C crc = new CRC32C();
        crc.update(file, 0, file.length - 4);
        bytes.putInt(file.length - 4, (int) crc.getValue());
        return file;
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
