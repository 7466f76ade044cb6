package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What a store promises, one promise after the other, seen from outside: P1 to P11. P12 has golden files: {@code
 * GoldenStoreTest}. Finer tests of each stand beside the classes that keep it.
 */
class PromisesTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final PartitionId OTHERS = new PartitionId("others", 0);
    private static final Duration SOON = Duration.ofSeconds(30);

    private SimulatedDisk disk = new SimulatedDisk();
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        pool.shutdownNow();
        assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    /** Where calls are held. A test that fails meanwhile lets them go before its engine closes, which would wait for them. */
    private final class Gates implements AutoCloseable {
        private final List<Gate> held = new ArrayList<>();

        Gate hold(Operation.Kind kind, PartitionId partition) {
            Gate gate = disk.hold(Gate.Position.BEFORE_EFFECT, on(kind, partition));
            held.add(gate);
            return gate;
        }

        @Override
        public void close() {
            held.forEach(Gate::open);
        }
    }

    /** Says which seed is to be drawn from again. */
    private static long seed() {
        return Long.getLong("tidemark.seed", System.nanoTime());
    }

    // ---------------------------------------------------------------- P1: what an acknowledgement survives

    @Test
    void P1_defaultDurability_isThatOfLossOfPower() {
        assertThat(WalConfig.of(DATA).defaultDurability()).isEqualTo(Durability.SYNCED);
        try (Engine engine = open()) {
            engine.partition(ORDERS).append(bytes("value"));
            assertThat(valuesAfter(disk.copy().powerLoss(CrashPlan.keepNothing())))
                    .containsExactly("value");
        }
    }

    @Test
    void P1_eachDurability_survivesWhatItSaysAndNothingIsAcknowledgedBefore() throws Exception {
        try (Engine engine = open();
                Gates gates = new Gates()) {
            LocalPartition orders = engine.partition(ORDERS);
            orders.append(bytes("first"));
            Gate write = gates.hold(Operation.Kind.WRITE, ORDERS);
            Gate force = gates.hold(Operation.Kind.FORCE, ORDERS);
            Appended appended = orders.enqueue(bytes("second"));
            CompletableFuture<Long> written = appended.written().toCompletableFuture();
            CompletableFuture<Long> durable = appended.durable().toCompletableFuture();
            Future<Long> accepted = pool.submit(() -> orders.append(bytes("third"), Durability.ACCEPTED));
            assertThat(accepted.get(30, TimeUnit.SECONDS))
                    .as("ACCEPTED waits for no disk")
                    .isEqualTo(2);

            write.awaitArrival(SOON);
            assertThat(written).as("before the write").isNotDone();
            assertThat(valuesAfter(disk.copy().killProcess())).containsExactly("first");
            write.open();

            force.awaitArrival(SOON);
            assertThat(written.get(30, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(durable).as("before the force").isNotDone();
            assertThat(valuesAfter(disk.copy().killProcess()))
                    .as("WRITTEN survives the process")
                    .startsWith("first", "second");
            assertThat(valuesAfter(disk.copy().powerLoss(CrashPlan.keepNothing())))
                    .as("but nothing promised that it survives loss of power")
                    .containsExactly("first");
            force.open();

            assertThat(durable.get(30, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(valuesAfter(disk.copy().powerLoss(CrashPlan.keepNothing())))
                    .as("SYNCED survives loss of power")
                    .startsWith("first", "second");
        }
    }

    @Test
    void P1_powerIsLostAtAnyMoment_everythingSyncedIsThereAndNothingElseThanWasSubmitted() throws Exception {
        long seed = seed();
        SplittableRandom random = new SplittableRandom(seed);
        try (Engine engine = open()) {
            List<Map<Long, String>> synced = List.of(new TreeMap<>(), new TreeMap<>());
            List<Map<Long, String>> submitted = List.of(new TreeMap<>(), new TreeMap<>());
            List<PartitionId> ids = List.of(ORDERS, OTHERS);
            for (int i = 0; i < 600; i++) {
                int p = random.nextInt(2);
                LocalPartition partition = engine.partition(ids.get(p));
                String value = "value " + i + " " + "x".repeat(random.nextInt(700));
                switch (random.nextInt(3)) {
                    case 0 -> submitted.get(p).put(partition.append(bytes(value), Durability.ACCEPTED), value);
                    case 1 -> submitted.get(p).put(partition.append(bytes(value), Durability.WRITTEN), value);
                    default -> {
                        long offset = partition.append(bytes(value), Durability.SYNCED);
                        submitted.get(p).put(offset, value);
                        synced.get(p).put(offset, value);
                    }
                }
                if (i % 20 == 19) {
                    long crash = random.nextLong();
                    SimulatedDisk after = disk.copy().powerLoss(CrashPlan.random(crash));
                    try (Engine reopened = Engine.open(config().build(), on(after))) {
                        for (int each = 0; each < 2; each++) {
                            assertThat(reopened.recovery().refused())
                                    .as("seed=%d crash=%d", seed, crash)
                                    .isEmpty();
                            Map<Long, String> found = contents(reopened.partition(ids.get(each)));
                            assertThat(found)
                                    .as("seed=%d crash=%d", seed, crash)
                                    .containsAllEntriesOf(synced.get(each));
                            assertThat(submitted.get(each))
                                    .as("seed=%d crash=%d", seed, crash)
                                    .containsAllEntriesOf(found);
                        }
                    }
                }
            }
        }
    }

    // ---------------------------------------------------------------- P2: offsets

    @Test
    void P2_offsetsOfManyThreads_areDenseAndInTheOrderOfTheFile() throws Exception {
        Map<Long, String> appended = new TreeMap<>();
        try (Engine engine = open()) {
            List<Future<Map<Long, String>>> threads = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                int thread = t;
                threads.add(pool.submit(() -> {
                    Map<Long, String> own = new TreeMap<>();
                    long last = -1;
                    for (int i = 0; i < 200; i++) {
                        boolean isBatch = i % 5 == 0;
                        List<WalRecord> batch = new ArrayList<>();
                        for (int r = 0; r < (isBatch ? 3 : 1); r++) {
                            batch.add(WalRecord.of(bytes(thread + "/" + i + "/" + r)));
                        }
                        LocalPartition partition = engine.partition(ORDERS);
                        long offset = isBatch
                                ? partition.append(batch)
                                : partition.append(batch.get(0).value());
                        assertThat(offset).isGreaterThan(last);
                        for (WalRecord record : batch) {
                            last = offset++;
                            own.put(last, text(record.value()));
                        }
                    }
                    return own;
                }));
            }
            for (Future<Map<Long, String>> thread : threads) {
                Map<Long, String> own = thread.get(60, TimeUnit.SECONDS);
                int before = appended.size();
                appended.putAll(own);
                assertThat(appended).as("no offset was given twice").hasSize(before + own.size());
            }
            long end = 6 * (160 + 40 * 3);
            assertThat(appended).hasSize((int) end).containsKeys(0L, end - 1);
            assertThat(engine.partition(ORDERS).ends().logEnd()).isEqualTo(end);
            assertThat(contents(engine.partition(ORDERS))).isEqualTo(appended);
        }
        try (Engine engine = open()) {
            assertThat(engine.partition(ORDERS).append(bytes("next"))).isEqualTo(appended.size());
        }
    }

    @Test
    void P2_appendThatExpectsAnotherOffset_isRefusedAndTakesNone() {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            orders.append(bytes("zero"));
            AppendRequest request = AppendRequest.of(bytes("one"));
            assertCode(ErrorCode.OFFSET_MISMATCH, () -> orders.append(request.withExpectedOffset(0)));
            assertThat(orders.append(request.withExpectedOffset(1))).isEqualTo(1);
        }
    }

    // ---------------------------------------------------------------- P3: batches

    @Test
    void P3_powerIsLostInTheMiddleOfABatch_allOfItIsThereOrNone() throws Exception {
        long seed = seed();
        List<WalRecord> batch = new ArrayList<>();
        List<String> values = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            values.add(i + "y".repeat(400));
            batch.add(WalRecord.of(bytes(values.get(i))));
        }
        try (Engine engine = open();
                Gates gates = new Gates()) {
            LocalPartition orders = engine.partition(ORDERS);
            orders.append(bytes("before"));
            Gate force = gates.hold(Operation.Kind.FORCE, ORDERS);
            Appended appended = orders.enqueue(AppendRequest.of(batch));
            force.awaitArrival(SOON);
            List<String> all = new ArrayList<>(List.of("before"));
            all.addAll(values);
            int kept = 0;
            int rounds = 60;
            for (int i = 0; i < rounds; i++) {
                CrashPlan plan = i == 0
                        ? CrashPlan.keepNothing()
                        : i == 1 ? CrashPlan.keepEverything() : CrashPlan.random(seed + i);
                List<String> found = valuesAfter(disk.copy().powerLoss(plan));
                assertThat(found).as("seed=%d plan=%s", seed + i, plan).isIn(List.of("before"), all);
                kept += found.size() > 1 ? 1 : 0;
            }
            assertThat(kept).as("both happen").isBetween(1, rounds - 1);
            force.open();
            appended.durable().toCompletableFuture().get(30, TimeUnit.SECONDS);
        }
    }

    // ---------------------------------------------------------------- P4: checksums

    @Test
    void P4_anyFlippedBit_isNeverHandedOut() throws Exception {
        long seed = seed();
        SplittableRandom random = new SplittableRandom(seed);
        List<String> values = new ArrayList<>();
        try (Engine engine = open()) {
            for (int i = 0; i < 20; i++) {
                values.add("value " + i + " " + "z".repeat(random.nextInt(200)));
                engine.partition(ORDERS).append(bytes(values.get(i)));
            }
        }
        Path segment = segmentOf(disk, ORDERS);
        long usedBytes;
        try (Engine engine = open()) {
            usedBytes = engine.partition(ORDERS).describe().segments().get(0).usedBytes();
        }
        int noticed = 0;
        for (int i = 0; i < 150; i++) {
            SimulatedDisk damaged = disk.copy();
            long bit = 8 * 4096 + random.nextLong(8 * (usedBytes - 4096));
            damaged.flipBit(segment, bit);
            List<String> found = new ArrayList<>();
            try (Engine engine = Engine.open(config().build(), on(damaged));
                    Cursor cursor = engine.partition(ORDERS).read(From.start())) {
                while (cursor.next()) {
                    found.add(text(cursor.value()));
                }
                // The bit hit the padding behind a value, or the snapshot of the close, which no reader gets.
                assertThat(found).as("seed=%d bit=%d", seed, bit).isEqualTo(values);
            } catch (DamageException e) {
                noticed++;
                assertThat(found)
                        .as("seed=%d bit=%d", seed, bit)
                        .isEqualTo(values.subList(0, found.size()))
                        .hasSizeLessThan(values.size());
            }
        }
        assertThat(noticed).as("most bits are covered").isGreaterThan(100);
    }

    // ---------------------------------------------------------------- P5: what readers see

    @Test
    void P5_reader_seesNothingThatACrashCouldTake() throws Exception {
        try (Engine engine = open();
                Gates gates = new Gates()) {
            LocalPartition orders = engine.partition(ORDERS);
            orders.append(bytes("durable"));
            CompletableFuture<Long> readable = orders.whenReadable(1);
            Gate force = gates.hold(Operation.Kind.FORCE, ORDERS);
            Appended appended = orders.enqueue(bytes("on its way"));
            force.awaitArrival(SOON);
            assertThat(appended.written().toCompletableFuture().get(30, TimeUnit.SECONDS))
                    .isEqualTo(1);
            ReadOptions all = ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN);
            try (Cursor usual = orders.read(From.start());
                    Cursor early = orders.read(From.start(), all)) {
                assertThat(usual.next()).isTrue();
                assertThat(usual.next()).as("not before the force").isFalse();
                assertThat(usual.next(Duration.ofMillis(20))).isFalse();
                assertThat(readable).isNotDone();
                assertThat(early.next() && early.next())
                        .as("who asks for it sees more")
                        .isTrue();
                force.open();
                assertThat(usual.next(SOON)).isTrue();
                assertThat(text(usual.value())).isEqualTo("on its way");
                assertThat(readable.get(30, TimeUnit.SECONDS)).isEqualTo(2);
            }
            assertThat(valuesAfter(disk.copy().powerLoss(CrashPlan.keepNothing())))
                    .containsExactly("durable", "on its way");
        }
    }

    // ---------------------------------------------------------------- P6: damage

    @Test
    void P6_damageBelowAProof_isReportedWithItsPlaceAndNothingIsCut() throws Exception {
        try (Engine engine = open()) {
            for (int i = 0; i < 5; i++) {
                // Each frame proves that the one before was durable.
                engine.partition(ORDERS).append(bytes("value " + i));
                engine.partition(OTHERS).append(bytes("value " + i));
            }
            SimulatedDisk after = disk.copy().killProcess();
            Path segment = segmentOf(after, ORDERS);
            int at = indexOf(after.contents(segment), "value 2");
            after.flipBit(segment, 8L * at);
            byte[] before = after.contents(segment);
            for (int opening = 0; opening < 2; opening++) {
                try (Engine reopened = Engine.open(config().build(), on(after))) {
                    assertThatThrownBy(() -> reopened.partition(ORDERS))
                            .isInstanceOfSatisfying(DamageException.class, e -> {
                                assertThat(e.code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
                                assertThat(e.damage().partition()).isEqualTo("orders-0");
                                assertThat(e.damage().file())
                                        .endsWith(segment.getFileName().toString());
                                assertThat(e.damage().filePosition()).isBetween(at - 48L, (long) at);
                                assertThat(e.damage().firstOffset()).isEqualTo(2);
                                assertThat(e.damage().endOffset()).isEqualTo(3);
                            });
                    assertThat(reopened.recovery().refused()).hasSize(1);
                    assertThat(contents(reopened.partition(OTHERS)))
                            .as("the others go on")
                            .hasSize(5);
                }
                assertThat(after.contents(segment)).isEqualTo(before);
            }
        }
    }

    @Test
    void P6_damageAboveTheLastProof_isCutKeptAsideAndReportedAsUndecided() throws Exception {
        // No proof follows while the test runs.
        try (Engine engine = open(config -> config.proofDelay(Duration.ofHours(1)))) {
            for (int i = 0; i < 5; i++) {
                engine.partition(ORDERS).append(bytes("value " + i));
            }
            SimulatedDisk after = disk.copy().killProcess();
            Path segment = segmentOf(after, ORDERS);
            int at = indexOf(after.contents(segment), "value 4");
            after.flipBit(segment, 8L * at);
            byte[] damaged = Arrays.copyOfRange(after.contents(segment), at - 40, at + 7);
            try (Engine reopened = Engine.open(config().build(), on(after))) {
                PartitionRecovery found = reopened.recovery().partitions().get(0);
                assertThat(found.cases()).containsExactly(RecoveryCase.R2);
                PartitionRecovery.Undecided undecided = found.undecided().orElseThrow();
                assertThat(undecided.firstOffset()).isEqualTo(4);
                assertThat(undecided.endOffset()).isEqualTo(5);
                assertThat(undecided.filePosition()).isBetween(at - 48L, (long) at);
                byte[] aside = after.contents(DATA.resolve(undecided.keptIn()));
                assertThat(aside)
                        .as("what was cut is kept")
                        .containsSubsequence(damaged)
                        .hasSize((int) undecided.bytes());
                assertThat(contents(reopened.partition(ORDERS))).hasSize(4);
            }
        }
    }

    @Test
    void P6_afterACleanClose_theLastRecordIsProvableToo() {
        try (Engine engine = open()) {
            for (int i = 0; i < 5; i++) {
                engine.partition(ORDERS).append(bytes("value " + i));
            }
        }
        Path segment = segmentOf(disk, ORDERS);
        disk.flipBit(segment, 8L * indexOf(disk.contents(segment), "value 4"));
        byte[] before = disk.contents(segment);
        try (Engine engine = open();
                Cursor cursor = engine.partition(ORDERS).read(From.offset(4))) {
            assertThatThrownBy(cursor::next)
                    .isInstanceOfSatisfying(
                            DamageException.class,
                            e -> assertThat(e.damage().firstOffset()).isEqualTo(4));
        }
        assertThat(disk.contents(segment)).isEqualTo(before);
    }

    // ---------------------------------------------------------------- P7: a failed force

    @Test
    void P7_failedForce_isFinalForItsPartitionAloneAndReopeningRecovers() throws Exception {
        Engine engine = open();
        LocalPartition orders = engine.partition(ORDERS);
        LocalPartition others = engine.partition(OTHERS);
        orders.append(bytes("good"));
        disk.inject(Fault.ioError(on(Operation.Kind.FORCE, ORDERS)));
        Gate force = disk.hold(Gate.Position.BEFORE_EFFECT, on(Operation.Kind.FORCE, ORDERS));
        CompletableFuture<Long> first = orders.enqueue(bytes("lost")).durable().toCompletableFuture();
        force.awaitArrival(SOON);
        CompletableFuture<Long> second =
                orders.enqueue(bytes("lost too")).durable().toCompletableFuture();
        force.open();
        for (CompletableFuture<Long> waiter : List.of(first, second)) {
            assertThatThrownBy(() -> waiter.get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(IOException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
        }
        long forces = disk.count(Operation.Kind.FORCE, path -> path.startsWith(DATA.resolve("orders-0")));
        for (Durability durability : Durability.values()) {
            assertCode(ErrorCode.PARTITION_FAILED, () -> orders.append(bytes("x"), durability));
        }
        assertThat(contents(orders)).as("readers go on").containsOnly(Map.entry(0L, "good"));
        assertThat(others.append(bytes("goes on"))).isZero();
        engine.close();
        assertThat(disk.count(Operation.Kind.FORCE, path -> path.startsWith(DATA.resolve("orders-0"))))
                .as("it is never forced again")
                .isEqualTo(forces);
        for (CrashPlan plan : List.of(CrashPlan.keepNothing(), CrashPlan.keepEverything())) {
            SimulatedDisk after = disk.copy().powerLoss(plan);
            try (Engine reopened = Engine.open(config().build(), on(after))) {
                assertThat(contents(reopened.partition(ORDERS))).containsEntry(0L, "good");
                reopened.partition(ORDERS).append(bytes("works again"));
            }
        }
        assertThat(valuesAfter(disk.copy().killProcess())).startsWith("good");
    }

    // ---------------------------------------------------------------- P8: a full disk

    @Test
    void P8_fullDisk_refusesLosesNothingAndWorksAgainWithoutARestart() {
        fillTheDiskAndMakeRoom(config().build());
    }

    /** A small segment is prepared whole, so that only a change of segment meets the full disk; a large one grows into it. */
    @Test
    void P8_diskBecomesFullWhileASegmentGrows_refusesLosesNothingAndWorksAgainWithoutARestart() {
        fillTheDiskAndMakeRoom(config().segmentBytes(4 << 20).build());
    }

    /** The next round gets the same place, and perhaps the same blocks, which a file system without order shows with what they held. */
    @Test
    void P8_refusedWrite_isNotThereAfterALossOfPowerThatShowsWhatItsBlocksHeld() {
        long seed = seed();
        ManualClock clock = new ManualClock();
        WalConfig config = config().maxUnforcedAge(Duration.ofHours(1))
                .proofDelay(Duration.ofHours(1))
                .build();
        Environment environment = Environment.real().withDisk(disk).withTime(clock, clock);
        try (Engine engine = Engine.open(config, environment)) {
            LocalPartition orders = engine.partition(ORDERS);
            disk.inject(Fault.full(on(Operation.Kind.WRITE, ORDERS)).afterBytes(10_000));
            assertCode(ErrorCode.STORAGE_FULL, () -> orders.append(bytes("refused")));
            disk.removeFaults();
            await().atMost(SOON).until(() -> {
                clock.advance(Duration.ofSeconds(1));
                try {
                    return orders.append(bytes("written"), Durability.WRITTEN) == 0;
                } catch (WalException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
                    return false;
                }
            });
            Set<List<String>> found = new HashSet<>();
            for (int i = 0; i < 200; i++) {
                CrashPlan plan = CrashPlan.random(NameRule.values()[i % 2], true, seed + i);
                found.add(valuesAfter(disk.copy().powerLoss(plan)));
            }
            assertThat(found).as("seed %s", seed).containsExactlyInAnyOrder(List.of(), List.of("written"));
        }
    }

    private void fillTheDiskAndMakeRoom(WalConfig config) {
        disk = new SimulatedDisk().withCapacity(2 << 20);
        ManualClock clock = new ManualClock();
        Map<Long, String> acknowledged = new TreeMap<>();
        try (Engine engine =
                Engine.open(config, Environment.real().withDisk(disk).withTime(clock, clock))) {
            LocalPartition orders = engine.partition(ORDERS);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 10_000; i++) {
                            String value = "value " + i + "v".repeat(500);
                            acknowledged.put(orders.append(bytes(value)), value);
                        }
                    })
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
            assertThat(acknowledged).hasSizeGreaterThan(500);
            assertThat(orders.ends().logEnd()).isEqualTo(acknowledged.size());
            assertThat(contents(orders)).isEqualTo(acknowledged);
            // As it is now, full: opening after a crash reads everything.
            try (Engine reopened = Engine.open(config, on(disk.copy().killProcess()))) {
                assertThat(contents(reopened.partition(ORDERS))).isEqualTo(acknowledged);
            }
            disk.withCapacity(8 << 20);
            await().atMost(SOON).until(() -> {
                clock.advance(Duration.ofSeconds(1));
                try {
                    acknowledged.put(orders.append(bytes("there is room")), "there is room");
                    return true;
                } catch (WalException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
                    return false;
                }
            });
            assertThat(contents(orders)).isEqualTo(acknowledged);
        }
        try (Engine engine = open()) {
            assertThat(engine.recovery().wasClean()).isTrue();
            assertThat(contents(engine.partition(ORDERS))).isEqualTo(acknowledged);
        }
    }

    // ---------------------------------------------------------------- P9: memory

    @Test
    void P9_queuedBytes_areBoundedPerPartitionAndInAll() throws Exception {
        int partitionBytes = 256 << 10;
        int storeBytes = 384 << 10;
        int valueBytes = 2000;
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (Engine engine = open(config -> config.partitionQueueBytes(partitionBytes)
                        .storeQueueBytes(storeBytes)
                        .maxRoundBytes(64 << 10)
                        .segmentBytes(1 << 20)
                        .meters(meters));
                Gates gates = new Gates()) {
            LocalPartition orders = engine.partition(ORDERS);
            LocalPartition others = engine.partition(OTHERS);
            Gate one = gates.hold(Operation.Kind.FORCE, ORDERS);
            Gate two = gates.hold(Operation.Kind.FORCE, OTHERS);
            List<CompletableFuture<Long>> waiting = new ArrayList<>();
            long inOrders = fill(orders, valueBytes, waiting);
            assertThat(inOrders).isBetween(partitionBytes / 4L, (long) partitionBytes);
            long inOthers = fill(others, valueBytes, waiting);
            assertThat(inOthers)
                    .as("there was room for the other one, up to the bound for all")
                    .isPositive();
            assertThat(inOrders + inOthers).isLessThanOrEqualTo(storeBytes);
            assertThat(waiting).noneMatch(CompletableFuture::isDone);
            one.open();
            two.open();
            for (CompletableFuture<Long> each : waiting) {
                each.get(30, TimeUnit.SECONDS);
            }
            assertThat(orders.append(new byte[valueBytes])).isEqualTo(inOrders / valueBytes);
        }
    }

    /** Appends until one is refused at its deadline; returns how many payload bytes were accepted. */
    private static long fill(LocalPartition partition, int valueBytes, List<CompletableFuture<Long>> waiting) {
        AppendRequest request = AppendRequest.of(new byte[valueBytes]).withTimeout(Duration.ofMillis(50));
        long before = waiting.size();
        assertCode(ErrorCode.APPEND_REJECTED, () -> {
            for (int i = 0; i < 10_000; i++) {
                waiting.add(partition.enqueue(request).durable().toCompletableFuture());
            }
        });
        return (waiting.size() - before) * valueBytes;
    }

    // ---------------------------------------------------------------- P10: waits end

    @Test
    void P10_forceHangs_everyWaitEndsByItsOwnDeadline() throws Exception {
        Engine engine = open(config -> config.closeTimeout(Duration.ofMillis(200)));
        LocalPartition orders = engine.partition(ORDERS);
        orders.append(bytes("there"));
        Gate force = disk.hold(Gate.Position.BEFORE_EFFECT, on(Operation.Kind.FORCE, ORDERS));
        CompletableFuture<Long> hanging =
                orders.enqueue(bytes("hangs")).durable().toCompletableFuture();
        force.awaitArrival(SOON);
        AppendRequest patient = AppendRequest.of(bytes("behind it")).withTimeout(Duration.ofMillis(50));
        assertCode(ErrorCode.WAIT_TIMEOUT, () -> orders.append(patient));
        CompletableFuture<Long> readable = orders.whenReadable(1);
        try (Cursor tail = orders.read(From.end())) {
            assertThat(tail.next(Duration.ofMillis(20))).isFalse();
            Future<Boolean> parked = pool.submit(() -> tail.next(Duration.ofHours(1)));
            assertThatThrownBy(engine::close).isInstanceOf(WalException.class);
            assertThat(parked.get(30, TimeUnit.SECONDS)).isFalse();
        }
        assertThatThrownBy(() -> hanging.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(WalException.class);
        assertThatThrownBy(() -> readable.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(WalException.class);
        assertCode(ErrorCode.STORE_LOCKED, this::open);
        force.open();
        await().atMost(SOON).until(() -> engine.state() == LifeState.CLOSED);
        assertThat(valuesAfter(disk.copy())).startsWith("there");
    }

    // ---------------------------------------------------------------- P11: one writer

    @Test
    void P11_secondWriter_isRefusedInThisProcessAndInAnother() {
        try (Engine engine = open()) {
            assertCode(ErrorCode.STORE_LOCKED, this::open);
            assertThat(engine.partition(ORDERS).append(bytes("undisturbed"))).isZero();
        }
        Runnable release = disk.lockFromAnotherProcess(DATA.resolve("LOCK"));
        assertCode(ErrorCode.STORE_LOCKED, this::open);
        release.run();
        open().close();
    }

    @Test
    void P11_readOnlyOpening_changesNothingWhateverItFinds() throws Exception {
        try (Engine writer = open(config -> config.proofDelay(Duration.ofHours(1)))) {
            for (int i = 0; i < 5; i++) {
                writer.partition(ORDERS).append(bytes("value " + i));
            }
            long whileOpen = disk.fingerprint();
            try (Engine reader = open(config -> config.readOnly(true))) {
                assertThat(contents(reader.partition(ORDERS))).hasSizeGreaterThanOrEqualTo(4);
                assertCode(ErrorCode.READ_ONLY, () -> reader.partition(ORDERS).append(bytes("x")));
                assertCode(ErrorCode.PARTITION_UNKNOWN, () -> reader.partition(OTHERS));
            }
            assertThat(disk.fingerprint()).isEqualTo(whileOpen);

            SimulatedDisk killed = disk.copy().killProcess();
            Path segment = segmentOf(killed, ORDERS);
            killed.flipBit(segment, 8L * indexOf(killed.contents(segment), "value 4"));
            long damaged = killed.fingerprint();
            try (Engine reader = Engine.open(config().readOnly(true).build(), on(killed))) {
                LocalPartition orders = reader.partition(ORDERS);
                assertThat(contents(orders)).as("what a later frame proves").hasSize(3);
                assertThat(orders.ends().durable()).isEqualTo(3);
                assertThat(orders.ends().written())
                        .as("what is good, and not proven")
                        .isEqualTo(4);
                assertThat(reader.recovery().partitions().get(0).undecided())
                        .as("what lies above the last proof is marked")
                        .isPresent();
            }
            assertThat(killed.fingerprint()).isEqualTo(damaged);
        }
    }

    // ---------------------------------------------------------------- for the tests above

    private static WalConfig.Builder config() {
        return WalConfig.builder(DATA)
                .reserveBytes(64 << 10)
                .segmentBytes(64 << 10)
                .maxAppendBytes(32 << 10)
                // So that a call on a segment is one of a round.
                .prefill(false)
                .flusherThreads(2)
                .recoveryThreads(1);
    }

    private Engine open() {
        return open(config -> config);
    }

    private Engine open(UnaryOperator<WalConfig.Builder> settings) {
        return Engine.open(settings.apply(config()).build(), on(disk));
    }

    private static Environment on(SimulatedDisk disk) {
        return Environment.real().withDisk(disk);
    }

    private static CallMatch on(Operation.Kind kind, PartitionId partition) {
        Path directory = DATA.resolve(partition.toString());
        return CallMatch.on(kind)
                .where(path -> path.startsWith(directory) && path.toString().endsWith(".seg"));
    }

    private static List<String> valuesAfter(SimulatedDisk crashed) {
        try (Engine engine = Engine.open(config().build(), on(crashed))) {
            assertThat(engine.recovery().refused()).isEmpty();
            Map<Long, String> contents = contents(engine.partition(ORDERS));
            assertThat(contents.keySet()).as("dense").allMatch(offset -> offset < contents.size());
            return List.copyOf(contents.values());
        }
    }

    private static Map<Long, String> contents(LocalPartition partition) {
        Map<Long, String> found = new TreeMap<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                assertThat(found.put(cursor.offset(), text(cursor.value()))).isNull();
            }
        }
        return found;
    }

    private static Path segmentOf(SimulatedDisk disk, PartitionId partition) {
        return disk.files().stream()
                .filter(path -> path.startsWith(DATA.resolve(partition.toString()))
                        && path.toString().endsWith(".seg"))
                .findFirst()
                .orElseThrow();
    }

    private static int indexOf(byte[] bytes, String text) {
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
        assertThat(at).isPositive();
        return at;
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
