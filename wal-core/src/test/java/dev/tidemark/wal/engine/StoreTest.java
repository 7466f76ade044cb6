package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.io.Timers;
import dev.tidemark.wal.metrics.MetricNames;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A whole store on a simulated disk: what was acknowledged is there, in order, byte for byte. */
class StoreTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private SimulatedDisk disk = new SimulatedDisk();
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        pool.shutdownNow();
        assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closedAndReopened_everythingIsThereAndTheCloseWasClean() throws Exception {
        Map<PartitionId, Map<Long, String>> acknowledged;
        try (Engine engine = open(config())) {
            acknowledged = appendFromThreads(engine, 3, 4, 200);
            engine.partition(ORDERS).rotate();
        }
        assertThat(disk.openFiles()).isEmpty();
        try (Engine engine = open(config())) {
            assertThat(engine.recovery().wasClean()).isTrue();
            assertThat(engine.recovery().refused()).isEmpty();
            assertHolds(engine, acknowledged);
            // And it goes on behind what is there.
            long end = engine.partition(ORDERS).ends().logEnd();
            assertThat(engine.partition(ORDERS).append(bytes("next"))).isEqualTo(end);
        }
    }

    @Test
    void processIsKilled_everythingAcknowledgedIsThere() throws Exception {
        Map<PartitionId, Map<Long, String>> acknowledged = appendFromThreads(open(config()), 3, 4, 200);
        disk = disk.killProcess();
        try (Engine engine = open(config())) {
            assertThat(engine.recovery().wasClean()).isFalse();
            assertHolds(engine, acknowledged);
        }
    }

    @Test
    void powerIsLost_everythingAcknowledgedIsThereInWhateverWayItIsLost() throws Exception {
        long seed = System.nanoTime();
        for (int round = 0; round < 10; round++) {
            disk = new SimulatedDisk();
            Engine engine = open(config());
            Map<PartitionId, Map<Long, String>> acknowledged = appendFromThreads(engine, 2, 3, 60);
            // Something is on its way when it happens.
            for (int i = 0; i < 20; i++) {
                engine.partition(ORDERS).enqueue(bytes("never acknowledged " + i));
            }
            disk = disk.powerLoss(CrashPlan.random(seed + round));
            try (Engine reopened = open(config())) {
                assertThat(reopened.recovery().refused())
                        .as("seed=%d", seed + round)
                        .isEmpty();
                assertHolds(reopened, acknowledged);
            }
            // A second crash right behind the recovery loses nothing either.
            disk = disk.powerLoss(CrashPlan.random(seed - round));
            try (Engine reopened = open(config())) {
                assertHolds(reopened, acknowledged);
            }
        }
    }

    @Test
    void closeRacesAppends_whatWasAcknowledgedIsThereAndTheRestIsToldSo() throws Exception {
        for (int round = 0; round < 10; round++) {
            disk = new SimulatedDisk();
            Engine engine = open(config());
            LocalPartition orders = engine.partition(ORDERS);
            Map<Long, String> acknowledged = new ConcurrentSkipListMap<>();
            CountDownLatch running = new CountDownLatch(4);
            List<Future<ErrorCode>> appenders = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                String name = "t" + thread + "-";
                appenders.add(pool.submit(() -> {
                    try {
                        for (int i = 0; ; i++) {
                            acknowledged.put(orders.append(bytes(name + i)), name + i);
                            running.countDown();
                        }
                    } catch (WalException e) {
                        return e.code();
                    }
                }));
            }
            assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
            engine.close();
            for (Future<ErrorCode> appender : appenders) {
                assertThat(appender.get(30, TimeUnit.SECONDS))
                        .isIn(ErrorCode.PARTITION_CLOSED, ErrorCode.STORE_CLOSED, ErrorCode.APPEND_REJECTED);
            }
            try (Engine reopened = open(config())) {
                assertThat(reopened.recovery().wasClean()).isTrue();
                assertThat(contents(reopened.partition(ORDERS))).isEqualTo(acknowledged);
            }
        }
    }

    @Test
    void diskIsFull_appendsAreRefusedAndWorkAgainOnceThereIsRoom() throws Exception {
        disk = new SimulatedDisk().withCapacity(4 << 20);
        RecordingListener listener = new RecordingListener();
        ManualClock clock = new ManualClock();
        WalConfig config =
                config().toBuilder().listener(listener).prefill(false).build();
        Map<Long, String> acknowledged = new TreeMap<>();
        try (Engine engine =
                Engine.open(config, Environment.real().withDisk(disk).withTime(clock, clock))) {
            LocalPartition orders = engine.partition(ORDERS);
            Path filler = DATA.resolve("filler");
            try (DiskFile file = disk.create(filler)) {
                long free = disk.volume(DATA).usableBytes();
                file.writeFully(ByteBuffer.allocate((int) free - (200 << 10)), 0);
            }
            ErrorCode refusal = null;
            for (int i = 0; i < 10_000 && refusal == null; i++) {
                String value = "before the disk was full ".repeat(20) + i;
                try {
                    acknowledged.put(orders.append(bytes(value)), value);
                } catch (WalException e) {
                    refusal = e.code();
                }
            }
            assertThat(refusal).isEqualTo(ErrorCode.STORAGE_FULL);
            assertThat(acknowledged).isNotEmpty();
            assertThat(contents(orders)).as("reading goes on").isEqualTo(acknowledged);
            assertCode(ErrorCode.STORAGE_FULL, () -> engine.partition(new PartitionId("new", 0)));
            assertThat(orders.ends().logEnd()).isEqualTo(acknowledged.size());

            disk.delete(filler);
            clock.advance(Duration.ofSeconds(1));
            await().atMost(Duration.ofSeconds(60)).until(() -> listener.heard.contains("diskFull false"));
            acknowledged.put(orders.append(bytes("after")), "after");
            assertThat(contents(orders)).isEqualTo(acknowledged);
        }
        try (Engine engine = open(config())) {
            assertThat(engine.recovery().wasClean()).isTrue();
            assertThat(contents(engine.partition(ORDERS))).isEqualTo(acknowledged);
        }
    }

    @Test
    void diskIsFullToTheLastBlock_storeStillClosesCleanlyAndOpensForReading() throws Exception {
        disk = new SimulatedDisk().withCapacity(4 << 20);
        Map<Long, String> acknowledged = new TreeMap<>();
        Engine engine = open(config().toBuilder().prefill(false).build());
        LocalPartition orders = engine.partition(ORDERS);
        for (int i = 0; i < 100; i++) {
            acknowledged.put(orders.append(bytes("value " + i)), "value " + i);
        }
        fillUp();
        engine.close();
        try (Engine again = open(config())) {
            assertThat(again.recovery().refused()).isEmpty();
            assertThat(contents(again.partition(ORDERS))).isEqualTo(acknowledged);
        }
    }

    @Test
    void forceHangsWhileTheStoreCloses_waitersAreToldAndTheLockIsKept() throws Exception {
        // Without prefill: a force of zeros could be the one that hangs, and the append would be refused instead.
        Engine engine = open(config().toBuilder()
                .prefill(false)
                .closeTimeout(Duration.ofMillis(100))
                .build());
        LocalPartition orders = engine.partition(ORDERS);
        orders.append(bytes("there"));
        Gate gate = disk.hold(
                Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE).named(".seg"));
        Future<Long> waiting = pool.submit(() -> orders.append(bytes("on its way")));
        gate.awaitArrival(Duration.ofSeconds(30));
        await().atMost(Duration.ofSeconds(60)).until(() -> orders.ends().logEnd() == 2);
        assertThatThrownBy(engine::close).isInstanceOf(WalException.class);
        // The appending thread may be the one that hangs in the force; whoever else waits is told.
        assertThat(engine.state()).isEqualTo(LifeState.FAILED);
        assertCode(ErrorCode.STORE_LOCKED, () -> open(config()));
        gate.open();
        Optional<WalException> failure = failureOf(waiting);
        await().atMost(Duration.ofSeconds(60)).until(() -> engine.state() == LifeState.CLOSED);
        try (Engine again = open(config())) {
            Map<Long, String> found = contents(again.partition(ORDERS));
            assertThat(found).containsEntry(0L, "there");
            if (failure.isEmpty()) {
                assertThat(found).containsEntry(1L, "on its way");
            } else if (!(failure.get() instanceof OutcomeUnknownException)) {
                // It may have been another force that hung, so that this append was not written at all.
                assertThat(failure.get()).isInstanceOf(AppendRefusedException.class);
                assertThat(found).hasSize(1);
            }
        }
    }

    @Test
    void damagedPartitionAmongGoodOnes_isRefusedAloneWithItsError() throws Exception {
        appendFromThreads(open(config()), 5, 1, 20);
        // Killed, so that the opening reads all frames.
        disk = disk.killProcess();
        Path damaged = disk.files().stream()
                .filter(path -> path.startsWith(DATA.resolve("orders-3"))
                        && path.toString().endsWith(".seg"))
                .findFirst()
                .orElseThrow();
        disk.flipBit(damaged, 8 * 4200);
        try (Engine engine = open(config())) {
            assertThat(engine.recovery().refused()).singleElement().satisfies(refused -> {
                assertThat(refused.partition()).isEqualTo("orders-3");
                assertThat(refused.cases()).containsAnyOf(RecoveryCase.R3, RecoveryCase.R4);
            });
            for (int i = 0; i < 5; i++) {
                PartitionId id = new PartitionId("orders", i);
                if (i == 3) {
                    assertCode(ErrorCode.SEGMENT_CORRUPT, () -> engine.partition(id));
                } else {
                    engine.partition(id).append(bytes("goes on"));
                }
            }
        }
    }

    @Test
    void readOnlyBesideTheWriter_seesWhatIsDurableAndChangesNothing() throws Exception {
        // Without what the writer does by itself in the meantime: only the reader could change anything.
        WalConfig passive = config().toBuilder()
                .prefill(false)
                .proofDelay(Duration.ofHours(1))
                .build();
        try (Engine writer = open(passive)) {
            LocalPartition orders = writer.partition(ORDERS);
            orders.append(bytes("first"));
            orders.append(bytes("second"));
            orders.append(bytes("third"));
            long before = disk.fingerprint();
            WalConfig readOnly = config().toBuilder().readOnly(true).build();
            try (Engine reader = open(readOnly)) {
                LocalPartition seen = reader.partition(ORDERS);
                assertThat(contents(seen)).containsEntry(0L, "first");
                assertCode(ErrorCode.READ_ONLY, () -> seen.append(bytes("no")));
            }
            assertThat(disk.fingerprint()).isEqualTo(before);
            orders.append(bytes("fourth"));
        }
    }

    @Test
    void whatTheStoreDoes_isCounted() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (Engine engine = open(config().toBuilder().meters(registry).build())) {
            LocalPartition orders = engine.partition(ORDERS);
            for (int i = 0; i < 10; i++) {
                orders.append(bytes("value"));
            }
            orders.append(AppendRequest.of(bytes("less")).withDurability(Durability.WRITTEN));
            orders.rotate();
            assertCode(
                    ErrorCode.OFFSET_MISMATCH,
                    () -> orders.append(AppendRequest.of(bytes("x")).withExpectedOffset(3)));
            assertThat(counter(registry, MetricNames.APPEND_RECORDS)).isEqualTo(11);
            assertThat(counter(registry, MetricNames.APPEND_BYTES)).isGreaterThanOrEqualTo(11 * 48);
            assertThat(registry.get(MetricNames.APPEND_LATENCY.meterName())
                            .tag("durability", "synced")
                            .timer()
                            .count())
                    .isEqualTo(10);
            assertThat(registry.get(MetricNames.FORCE.meterName()).timer().count())
                    .isGreaterThanOrEqualTo(10);
            assertThat(registry.get(MetricNames.ROUND_APPENDS.meterName())
                            .summary()
                            .totalAmount())
                    .as("a request to rotate is no append")
                    .isEqualTo(11);
            assertThat(registry.get(MetricNames.ROUNDS.meterName())
                            .tag("reason", "leader")
                            .counter()
                            .count())
                    .isPositive();
            assertThat(registry.get(MetricNames.ROTATION.meterName())
                            .tag("reason", "request")
                            .timer()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.get(MetricNames.FAILURES.meterName())
                            .tag("code", "offset_mismatch")
                            .counter()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.get(MetricNames.PARTITIONS.meterName())
                            .tag("state", "open")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            assertThat(registry.get(MetricNames.QUEUE_BYTES.meterName()).gauge().value())
                    .isZero();
            assertThat(registry.get(MetricNames.QUEUE_BYTES_MAX.meterName())
                            .gauge()
                            .value())
                    .isPositive();
            assertThat(registry.get(MetricNames.FILES_OPEN.meterName()).gauge().value())
                    .isPositive();
        }
    }

    @Test
    void rotationIsTheFirstChangeAfterACleanClose_theStampIsWithdrawnBefore() throws Exception {
        try (Engine engine = open(config())) {
            engine.partition(ORDERS).append(bytes("first"));
        }
        Engine engine = open(config());
        assertThat(engine.partition(ORDERS).rotate()).isEqualTo(1);
        engine.partition(ORDERS).append(bytes("second"));
        disk = disk.powerLoss(CrashPlan.keepNothing());
        try (Engine again = open(config())) {
            assertThat(again.recovery().refused()).isEmpty();
            assertThat(contents(again.partition(ORDERS))).isEqualTo(Map.of(0L, "first", 1L, "second"));
        }
    }

    @Test
    void thousandIdlePartitions_wakeNobodyUpAndTakeLittleRoom() throws Exception {
        ManualClock clock = new ManualClock();
        AtomicLong wakeUps = new AtomicLong();
        Timers counting = (task, delayNanos) -> clock.schedule(
                () -> {
                    wakeUps.incrementAndGet();
                    task.run();
                },
                delayNanos);
        Environment environment = Environment.real().withDisk(disk).withTime(clock, counting);
        disk.recordNothing();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        // With segments as large as they usually are, so that zeros ahead are not bounded by them.
        WalConfig config =
                config().toBuilder().segmentBytes(128 << 20).meters(registry).build();
        try (Engine engine = Engine.open(config, environment)) {
            for (int i = 0; i < 1_000; i++) {
                engine.partition(new PartitionId("orders", i)).append(bytes("one"));
            }
            // Whether a proof finds space depends on who comes first, it or the zeros; and its timer may be armed by a
            // flusher, after the append has returned. What counts is that there is nothing more to come.
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                clock.advance(Duration.ofSeconds(1));
                return registry.get(MetricNames.PROOFS.meterName()).counters().stream()
                                .mapToDouble(Counter::count)
                                .sum()
                        == 1_000;
            });
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> gauge(registry, MetricNames.FLUSHER_QUEUE) == 0
                            && gauge(registry, MetricNames.FLUSHER_BUSY) == 0);
        }
        clock.advance(Duration.ofSeconds(1));
        assertThat(clock.waitingTasks()).as("a closed store leaves no timer").isZero();
        try (Engine engine = Engine.open(config, environment)) {
            assertThat(engine.recovery().wasClean()).isTrue();
            assertThat(engine.recovery().partitions()).hasSize(1_000);
            wakeUps.set(0);
            clock.advance(Duration.ofHours(1));
            assertThat(wakeUps).hasValue(0);
            long bytes = 0;
            for (Path file : disk.files()) {
                bytes += disk.contents(file).length;
            }
            assertThat(bytes).isLessThan(100L << 20);
        }
    }

    @Test
    void processHasFewerDescriptorsThanTheStoreMayOpen_idleFilesMakeWay() throws Exception {
        int partitions = 200;
        disk = new SimulatedDisk().withMaxOpenFiles(40);
        disk.recordNothing();
        WalConfig config = config().toBuilder().openFiles(100).build();
        try (Engine engine = open(config)) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < partitions; i++) {
                    engine.partition(new PartitionId("orders", i)).append(bytes("entry " + round + " of " + i));
                }
            }
        }
        try (Engine engine = open(config)) {
            assertThat(engine.recovery().wasClean()).isTrue();
            for (int i = 0; i < partitions; i++) {
                assertThat(contents(engine.partition(new PartitionId("orders", i))))
                        .isEqualTo(Map.of(0L, "entry 0 of " + i, 1L, "entry 1 of " + i));
            }
        }
        assertThat(disk.openFiles()).isEmpty();
    }

    @Test
    void tenThousandPartitions_workWithFourThousandOpenFiles() throws Exception {
        int partitions = 10_000;
        int openFiles = 4_096;
        disk = new SimulatedDisk().withMaxOpenFiles(openFiles + 100);
        disk.recordNothing();
        WalConfig config =
                config().toBuilder().openFiles(openFiles).prefill(false).build();
        try (Engine engine = open(config)) {
            for (int i = 0; i < partitions; i++) {
                engine.partition(new PartitionId("orders", i)).append(bytes("first of " + i));
            }
            for (int i = 0; i < partitions; i += 7) {
                engine.partition(new PartitionId("orders", i)).append(bytes("second of " + i));
            }
            assertThat(disk.openFiles()).hasSizeLessThanOrEqualTo(openFiles + 100);
        }
        assertThat(disk.openFiles()).isEmpty();
        try (Engine engine = open(config)) {
            assertThat(engine.recovery().wasClean()).isTrue();
            assertThat(engine.recovery().partitions()).hasSize(partitions);
            for (int i = 0; i < partitions; i += 331) {
                Map<Long, String> expected = new TreeMap<>(Map.of(0L, "first of " + i));
                if (i % 7 == 0) {
                    expected.put(1L, "second of " + i);
                }
                assertThat(contents(engine.partition(new PartitionId("orders", i))))
                        .isEqualTo(expected);
            }
        }
    }

    // ---- for the tests above

    private static WalConfig config() {
        return WalConfig.builder(DATA)
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 10)
                .maxAppendBytes(8 << 10)
                .build();
    }

    private Engine open(WalConfig config) {
        return Engine.open(config, Environment.real().withDisk(disk));
    }

    /** Takes all the room there is, also what others give back meanwhile. */
    private void fillUp() throws IOException {
        try (DiskFile file = disk.create(DATA.resolve("filler"))) {
            ByteBuffer page = ByteBuffer.allocate(4096);
            for (long at = 0; ; at += page.capacity()) {
                file.writeFully(page.clear(), at);
            }
        } catch (IOException e) {
            assertThat(DiskErrors.isFull(e)).as(e.toString()).isTrue();
        }
    }

    /** Appends from several threads to each partition, and gives what was acknowledged. */
    private Map<PartitionId, Map<Long, String>> appendFromThreads(
            Engine engine, int partitions, int threads, int appends) throws Exception {
        Map<PartitionId, Map<Long, String>> acknowledged = new TreeMap<>();
        List<Future<?>> appenders = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            PartitionId id = new PartitionId("orders", p);
            Map<Long, String> offsets = new ConcurrentSkipListMap<>();
            acknowledged.put(id, offsets);
            for (int t = 0; t < threads; t++) {
                int thread = t;
                appenders.add(pool.submit(() -> {
                    LocalPartition partition = engine.partition(id);
                    SplittableRandom random = new SplittableRandom(thread);
                    for (int i = 0; i < appends; i++) {
                        String value = id + "/" + thread + "/" + i + "/" + "x".repeat(random.nextInt(300));
                        offsets.put(partition.append(bytes(value)), value);
                    }
                    return null;
                }));
            }
        }
        for (Future<?> appender : appenders) {
            appender.get(60, TimeUnit.SECONDS);
        }
        return acknowledged;
    }

    private static void assertHolds(Engine engine, Map<PartitionId, Map<Long, String>> acknowledged) {
        acknowledged.forEach((id, offsets) -> {
            Map<Long, String> found = contents(engine.partition(id));
            assertThat(found).as("partition=%s", id).containsAllEntriesOf(offsets);
        });
    }

    private static Map<Long, String> contents(LocalPartition partition) {
        Map<Long, String> found = new TreeMap<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                found.put(cursor.offset(), new String(cursor.value(), StandardCharsets.UTF_8));
            }
        }
        return found;
    }

    private static Optional<WalException> failureOf(Future<Long> append) throws Exception {
        try {
            append.get(30, TimeUnit.SECONDS);
            return Optional.empty();
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(WalException.class);
            return Optional.of((WalException) e.getCause());
        }
    }

    private static double gauge(SimpleMeterRegistry registry, MetricNames name) {
        return registry.get(name.meterName()).gauge().value();
    }

    private static double counter(SimpleMeterRegistry registry, MetricNames name) {
        return registry.get(name.meterName()).counter().count();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
