package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a log still knows of its producers after it was closed, killed, or has lost the power. */
class ProducerRecoveryTest {
    private static final Path DATA = Path.of("/data");
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final ProducerIdentity ONE = new ProducerIdentity(1, 3);
    private static final ProducerIdentity TWO = new ProducerIdentity(2, 0);

    private final ManualClock clock = new ManualClock();
    private final SimulatedDisk disk = new SimulatedDisk();

    // ---------------------------------------------------------------- after a clean close

    @Test
    void cleanClose_keepsWhatIsKnownAndReadsOneFrame() {
        appendedByTwo();
        try (Engine engine = open()) {
            assertThat(engine.recovery().partitions().get(0).cases()).containsExactly(RecoveryCase.CLEAN);
            assertThat(engine.recovery().partitions().get(0).scannedBytes()).isLessThanOrEqualTo(4096);
            requireBothAreKnown(engine.partition(ORDERS));
        }
        try (Engine again = open()) {
            requireBothAreKnown(again.partition(ORDERS));
        }
    }

    @Test
    void cleanCloseAfterARotation_withNothingInTheNewSegment() {
        appendedByTwo();
        try (Engine engine = open()) {
            engine.partition(ORDERS).rotate();
        }
        try (Engine engine = open()) {
            requireBothAreKnown(engine.partition(ORDERS));
        }
    }

    // ---------------------------------------------------------------- after a crash

    @Test
    void killedProcess_theFramesTellWhatIsKnown() {
        try (Engine engine = open()) {
            append(engine.partition(ORDERS));
            crashed(disk.copy().killProcess());
        }
    }

    @Test
    void killAfterAReopening_theFramesBehindTheCloseSnapshotTellTheRest() {
        appendedByTwo();
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            assertThat(orders.append(of("o5", ONE, 5))).isEqualTo(8);
            try (Engine after = open(disk.copy().killProcess())) {
                LocalPartition recovered = after.partition(ORDERS);
                requireBothAreKnown(recovered);
                assertThat(recovered.append(of("o5", ONE, 5))).isEqualTo(8);
                assertThat(recovered.append(of("o6", ONE, 6))).isEqualTo(9);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void killAfterRotations_theSealsTellWhatWasBefore(int rotations) {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            append(orders);
            for (int i = 0; i < rotations; i++) {
                orders.rotate();
                orders.append(bytes("nobody's"));
            }
            crashed(disk.copy().killProcess());
            orders.append(of("o5", ONE, 5));
            orders.rotate();
            try (Engine after = open(disk.copy().powerLoss(CrashPlan.keepNothing()))) {
                assertThat(after.partition(ORDERS).append(of("o4", ONE, 4))).isEqualTo(7);
                assertThat(after.partition(ORDERS).append(of("o5", ONE, 5))).isEqualTo(8 + rotations);
            }
        }
    }

    @Test
    void windowReachesAcrossARotation() {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            for (int i = 0; i < 5; i++) {
                orders.append(of("a" + i, ONE, i));
            }
            orders.rotate();
            for (int i = 5; i < 9; i++) {
                orders.append(of("a" + i, ONE, i));
            }
            try (Engine after = open(disk.copy().killProcess())) {
                LocalPartition recovered = after.partition(ORDERS);
                requireCode(ErrorCode.SEQUENCE_FORGOTTEN, () -> recovered.append(of("a0", ONE, 0)));
                for (int i = 1; i < 9; i++) {
                    assertThat(recovered.append(of("a" + i, ONE, i))).isEqualTo(i);
                }
            }
        }
    }

    @Test
    void lossOfPowerThatTookTheOriginal_theRepeatIsWritten() {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            orders.append(of("a", ONE, 0));
            orders.append(of("lost", ONE, 1).withDurability(Durability.WRITTEN));
            orders.append(of("lost", TWO, 0).withDurability(Durability.WRITTEN));
            try (Engine after = open(disk.copy().powerLoss(CrashPlan.keepNothing()))) {
                LocalPartition recovered = after.partition(ORDERS);
                assertThat(recovered.ends().logEnd()).isEqualTo(1);
                requireCode(ErrorCode.PRODUCER_UNKNOWN, () -> recovered.append(of("x", TWO, 1)));
                requireCode(ErrorCode.SEQUENCE_GAP, () -> recovered.append(of("x", ONE, 2)));
                assertThat(recovered.append(of("again", ONE, 1))).isEqualTo(1);
                assertThat(recovered.append(of("again", TWO, 0))).isEqualTo(2);
                assertThat(values(recovered)).containsExactly("a", "again", "again");
            }
            try (Engine after = open(disk.copy().killProcess())) {
                LocalPartition recovered = after.partition(ORDERS);
                assertThat(recovered.append(of("lost", ONE, 1)))
                        .as("the end of the process took nothing")
                        .isEqualTo(1);
                assertThat(values(recovered)).containsExactly("a", "lost", "lost");
            }
        }
    }

    @Test
    void everyStateALossOfPowerCanLeave_eachSequenceIsThereOnceAfterItWasRepeated() {
        long seed = Long.getLong("tidemark.seed", System.nanoTime());
        Random random = new Random(seed);
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            for (int i = 0; i < 40; i++) {
                orders.append(of("v" + i, ONE, i).withDurability(i % 4 == 0 ? Durability.SYNCED : Durability.WRITTEN));
                if (i % 13 == 12) {
                    orders.rotate();
                }
            }
            for (int crash = 0; crash < 100; crash++) {
                try (Engine after = open(disk.copy().powerLoss(CrashPlan.random(random.nextLong())))) {
                    LocalPartition recovered = after.partition(ORDERS);
                    long end = recovered.ends().logEnd();
                    long next = values(recovered).stream()
                            .filter(value -> value.startsWith("v"))
                            .count();
                    for (long i = Math.max(0, next - 8); i < 40; i++) {
                        recovered.append(of("v" + i, ONE, i));
                    }
                    assertThat(values(recovered))
                            .as("seed=%d crash=%d end=%d", seed, crash, end)
                            .filteredOn(value -> value.startsWith("v"))
                            .hasSize(40)
                            .doesNotHaveDuplicates();
                }
            }
        }
    }

    // ---------------------------------------------------------------- seals

    @Test
    void sealHoldsWhatLiesBelowIt_alsoWhenMoreIsStagedBehind() {
        try (Engine engine = open(settings -> settings.segmentBytes(16 << 10))) {
            LocalPartition orders = engine.partition(ORDERS);
            List<CompletableFuture<Long>> outcomes = new ArrayList<>();
            int appends = 400;
            for (int i = 0; i < appends; i++) {
                ProducerIdentity producer = new ProducerIdentity(i % 7, i / 200);
                outcomes.add(orders.appendAsync(of("p" + i % 7 + ":" + i, producer, (i % 200) / 7)
                        .withDurability(i % 2 == 0 ? Durability.SYNCED : Durability.ACCEPTED)));
            }
            outcomes.forEach(outcome -> outcome.orTimeout(60, TimeUnit.SECONDS).join());
            orders.sync();
            assertThat(orders.describe().segments()).hasSizeGreaterThan(2);
            List<String> before = values(orders);
            try (Engine after = open(disk.copy().killProcess())) {
                LocalPartition recovered = after.partition(ORDERS);
                for (int i = 0; i < 7; i++) {
                    // 200 to 399 in the second epoch: the last one of each.
                    int last = 399 - (399 - i) % 7;
                    assertThat(recovered.append(of("repeat", new ProducerIdentity(i, 1), (last % 200) / 7)))
                            .as("producer %d", i)
                            .isEqualTo(before.indexOf("p" + i + ":" + last));
                }
                assertThat(values(recovered)).isEqualTo(before);
            }
        }
    }

    @Test
    void everythingIsTrimmed_whatWasKnownSurvivesACrash() {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            append(orders);
            orders.rotate();
            assertThat(orders.trimTo(8)).isEqualTo(8);
            orders.rotate();
            assertThat(orders.append(bytes("nobody's"))).isEqualTo(8);
            for (SimulatedDisk crashed :
                    List.of(disk.copy().killProcess(), disk.copy().powerLoss(CrashPlan.keepNothing()))) {
                try (Engine after = open(crashed)) {
                    requireBothAreKnown(after.partition(ORDERS));
                    assertThat(after.partition(ORDERS).ends().start()).isEqualTo(8);
                }
            }
            orders.rotate();
            orders.append(bytes("nobody's"));
            orders.trimTo(10);
            try (Engine after = open(disk.copy().killProcess())) {
                requireBothAreKnown(after.partition(ORDERS));
                assertThat(after.partition(ORDERS).describe().segments())
                        .as("the newest, and the one whose seal is needed")
                        .hasSize(2);
            }
        }
    }

    @Test
    void crashBetweenTheStepsOfARotation_nothingIsForgotten() {
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            append(orders);
            orders.rotate();
            orders.append(of("o5", ONE, 5));
            disk.recordFromHere();
            orders.rotate();
            CrashStates states = disk.crashStates();
            int steps = 0;
            while (states.next()) {
                steps++;
                for (SimulatedDisk then : List.of(states.killed(), states.powerLoss(CrashPlan.keepNothing()))) {
                    try (Engine after = open(then)) {
                        LocalPartition recovered = after.partition(ORDERS);
                        requireBothAreKnown(recovered);
                        assertThat(recovered.append(of("o5", ONE, 5))).isEqualTo(8);
                    }
                }
            }
            assertThat(steps).as("steps of a rotation").isGreaterThan(6);
        }
    }

    // ---------------------------------------------------------------- bounds

    @Test
    void expiryCountsAcrossAnOpening() {
        appendedByTwo();
        clock.advance(Duration.ofHours(23));
        try (Engine engine = open()) {
            requireBothAreKnown(engine.partition(ORDERS));
        }
        clock.advance(Duration.ofHours(1).plusMillis(1));
        try (Engine engine = open()) {
            LocalPartition orders = engine.partition(ORDERS);
            requireCode(ErrorCode.PRODUCER_UNKNOWN, () -> orders.append(of("o4", ONE, 4)));
            assertThat(orders.append(of("new", ONE, 0))).isEqualTo(8);
        }
    }

    @Test
    void mostProducersThatMayBe_fitIntoASealAndAreKnownAfterACrash() {
        int producers = 10_000;
        UnaryOperator<WalConfig.Builder> many = settings ->
                settings.maxProducers(producers).segmentBytes(16 << 10).reserveBytes(4 << 20);
        try (Engine engine = open(settings -> many.apply(settings).segmentBytes(1 << 20))) {
            LocalPartition orders = engine.partition(ORDERS);
            for (int i = 0; i < producers; i++) {
                orders.append(
                        of("v", new ProducerIdentity(i, Long.MAX_VALUE), 0).withDurability(Durability.ACCEPTED));
            }
            requireCode(ErrorCode.PRODUCERS_FULL, () -> orders.append(of("v", new ProducerIdentity(producers, 0), 0)));
            orders.rotate();
            try (Engine after = open(disk.copy().killProcess(), many)) {
                LocalPartition recovered = after.partition(ORDERS);
                for (int i = 0; i < producers; i += 501) {
                    assertThat(recovered.append(of("v", new ProducerIdentity(i, Long.MAX_VALUE), 0)))
                            .isEqualTo(i);
                }
                requireCode(
                        ErrorCode.PRODUCERS_FULL,
                        () -> recovered.append(of("v", new ProducerIdentity(producers, 0), 0)));
            }
        }
    }

    @Test
    void fewerProducersAllowedThanThereAre_thoseThereAreGoOn() {
        appendedByTwo();
        try (Engine engine = open(settings -> settings.maxProducers(1))) {
            LocalPartition orders = engine.partition(ORDERS);
            requireBothAreKnown(orders);
            requireCode(ErrorCode.PRODUCERS_FULL, () -> orders.append(of("x", new ProducerIdentity(3, 0), 0)));
        }
    }

    @Test
    void gaugeOfKnownProducers_isThatOfOpenPartitions() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        appendedByTwo();
        try (Engine engine = open(settings -> settings.meters(meters))) {
            assertThat(meters.get("wal.producers").gauge().value()).isEqualTo(2);
            engine.partition(new PartitionId("others", 0)).append(of("x", ONE, 0));
            assertThat(meters.get("wal.producers").gauge().value()).isEqualTo(3);
        }
    }

    // ---------------------------------------------------------------- for the tests above

    /** Eight records: 0 to 4 of one producer in two epochs, 0 to 2 of another. */
    private static void append(LocalPartition orders) {
        assertThat(orders.append(of("old", new ProducerIdentity(ONE.id(), 2), 0)))
                .isZero();
        assertThat(orders.append(of("t0", TWO, 0))).isEqualTo(1);
        assertThat(orders.append(AppendRequest.opaque(bytes("o0 to o3"), 4).withProducer(ONE, 0)))
                .isEqualTo(2);
        assertThat(orders.append(bytes("nobody's"))).isEqualTo(6);
        assertThat(orders.append(of("o4", ONE, 4))).isEqualTo(7);
    }

    private void appendedByTwo() {
        try (Engine engine = open()) {
            append(engine.partition(ORDERS));
        }
    }

    private static void requireBothAreKnown(LocalPartition orders) {
        long end = orders.ends().logEnd();
        assertThat(orders.append(of("t0", TWO, 0))).isEqualTo(1);
        assertThat(orders.append(AppendRequest.opaque(bytes("o0 to o3"), 4).withProducer(ONE, 0)))
                .isEqualTo(2);
        assertThat(orders.append(of("o4", ONE, 4))).isEqualTo(7);
        requireCode(ErrorCode.PRODUCER_FENCED, () -> orders.append(of("old", new ProducerIdentity(ONE.id(), 2), 0)));
        requireCode(ErrorCode.SEQUENCE_GAP, () -> orders.append(of("t2", TWO, 2)));
        requireCode(ErrorCode.SEQUENCE_MISMATCH, () -> orders.append(of("o1", ONE, 1)));
        assertThat(orders.ends().logEnd()).isEqualTo(end);
    }

    private void crashed(SimulatedDisk after) {
        try (Engine engine = open(after)) {
            LocalPartition orders = engine.partition(ORDERS);
            requireBothAreKnown(orders);
            assertThat(orders.append(of("t1", TWO, 1))).isEqualTo(orders.ends().logEnd() - 1);
        }
    }

    private static AppendRequest of(String value, ProducerIdentity producer, long sequence) {
        return AppendRequest.of(bytes(value)).withProducer(producer, sequence);
    }

    private Engine open() {
        return open(disk);
    }

    private Engine open(UnaryOperator<WalConfig.Builder> settings) {
        return open(disk, settings);
    }

    private Engine open(SimulatedDisk on) {
        return open(on, settings -> settings);
    }

    private Engine open(SimulatedDisk on, UnaryOperator<WalConfig.Builder> settings) {
        WalConfig.Builder config = WalConfig.builder(DATA)
                .reserveBytes(64 << 10)
                .segmentBytes(64 << 10)
                .prefill(false)
                .flusherThreads(2)
                .recoveryThreads(1);
        Engine engine = Engine.open(
                settings.apply(config).build(), Environment.real().withDisk(on).withTime(clock, clock));
        assertThat(engine.recovery().refused()).isEmpty();
        return engine;
    }

    private static List<String> values(LocalPartition partition) {
        TreeMap<Long, String> found = new TreeMap<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                found.put(cursor.offset(), new String(cursor.value(), StandardCharsets.UTF_8));
            }
        }
        return List.copyOf(found.values());
    }

    private static void requireCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
