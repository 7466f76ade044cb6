package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.AppendTest.assertRefused;
import static dev.tidemark.wal.partition.AppendTest.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a producer that numbers its appends is told: the next one, a repeat of one that is done or under way, and everything else. */
class ProducerTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final ProducerIdentity ONE = new ProducerIdentity(1, 0);
    private static final ProducerIdentity TWO = new ProducerIdentity(2, 0);

    // ---------------------------------------------------------------- a repeat

    @Test
    void repeatOfWhatIsDurable_getsTheFirstOffsetAndIsNotWritten() throws IOException {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("somebody else's"));
            assertThat(log.partition.append(of("a", ONE, 0))).isEqualTo(1);
            assertThat(log.partition.append(of("b", ONE, 1))).isEqualTo(2);
            int operations = log.disk.operations().size();
            assertThat(log.partition.append(of("a", ONE, 0))).isEqualTo(1);
            Appended repeat = log.partition.enqueue(of("b", ONE, 1));
            assertThat(repeat.offset()).isEqualTo(2);
            assertThat(repeat.count()).isEqualTo(1);
            assertThat(join(repeat.written().toCompletableFuture())).isEqualTo(2);
            assertThat(join(repeat.durable().toCompletableFuture())).isEqualTo(2);
            assertThat(join(log.partition.appendAsync(of("b", ONE, 1)))).isEqualTo(2);
            assertThat(log.partition.tryEnqueue(of("a", ONE, 0)).orElseThrow().offset())
                    .isEqualTo(1);
            assertThat(log.disk.operations()).as("nothing is done on the disk").hasSize(operations);
            assertThat(log.partition.append(of("c", ONE, 2))).isEqualTo(3);
            assertThat(values(log)).containsExactly("somebody else's", "a", "b", "c");
            assertThat(log.budget.takenBytes()).isZero();
        }
    }

    @Test
    void repeatOfAnAppendOfEveryForm_getsItsOffsetAndLetsGoOfItsPayload() throws IOException {
        byte[] small = random(100);
        byte[] large = random(100_000);
        ByteBuf direct = PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(random(20_000));
        List<AppendRequest> forms = List.of(
                AppendRequest.of(small),
                AppendRequest.of(large),
                AppendRequest.of(direct),
                AppendRequest.of(List.of(WalRecord.of(small), WalRecord.of(bytes("k"), bytes("v")))),
                AppendRequest.opaque(small, 5),
                AppendRequest.opaque(large, 7));
        try (PartitionFixture log = quiet()) {
            long sequence = 0;
            List<Long> offsets = new ArrayList<>();
            for (AppendRequest form : forms) {
                offsets.add(log.partition.append(form.withProducer(ONE, sequence)));
                sequence += form.count();
            }
            assertThat(offsets).containsExactly(0L, 1L, 2L, 3L, 5L, 10L);
            sequence = 0;
            for (int i = 0; i < forms.size(); i++) {
                AppendRequest form = forms.get(i);
                assertThat(log.partition.append(form.withProducer(ONE, sequence)))
                        .isEqualTo(offsets.get(i));
                sequence += form.count();
            }
            assertThat(log.partition.ends().logEnd()).isEqualTo(17);
            assertThat(direct.refCnt()).as("the log has let go of the buffer").isEqualTo(1);
            assertThat(log.budget.takenBytes()).isZero();
            try (Cursor cursor = log.partition.read(From.start())) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.value()).isEqualTo(small);
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.value()).isEqualTo(large);
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.value()).hasSize(20_000);
                while (cursor.next()) {
                    assertThat(cursor.buffer().remaining()).isPositive();
                }
            }
        } finally {
            direct.release();
        }
    }

    @Test
    void repeatInTheSameRound_waitsForTheOriginalAndIsNotWritten() throws Exception {
        try (PartitionFixture log = quiet();
                Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE))) {
            Appended before = log.partition.enqueue(bytes("first"));
            write.awaitArrival(SOON);
            Appended original = log.partition.enqueue(of("a", ONE, 0));
            Appended repeat = log.partition.enqueue(of("a", ONE, 0));
            assertThat(repeat.offset()).isEqualTo(original.offset()).isEqualTo(1);
            assertThat(repeat.written().toCompletableFuture()).isNotDone();
            assertThat(repeat.durable().toCompletableFuture()).isNotDone();
            write.open();
            assertThat(join(before.durable().toCompletableFuture())).isZero();
            assertThat(join(repeat.written().toCompletableFuture())).isEqualTo(1);
            assertThat(join(repeat.durable().toCompletableFuture())).isEqualTo(1);
            assertThat(join(original.durable().toCompletableFuture())).isEqualTo(1);
            assertThat(values(log)).containsExactly("first", "a");
        }
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void repeatOfWhatIsBeingForced_isAnsweredAtTheDurabilityItAsksFor(Durability wanted) throws Exception {
        ExecutorService others = Executors.newCachedThreadPool();
        try (PartitionFixture log = quiet();
                Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            Appended original = log.partition.enqueue(of("a", ONE, 0));
            force.awaitArrival(SOON);
            Future<Long> repeat =
                    others.submit(() -> log.partition.append(of("a", ONE, 0).withDurability(wanted)));
            if (wanted == Durability.SYNCED) {
                Awaitility.await().atMost(SOON).until(() -> repeats(log, "underway") > 0);
                assertThat(repeat.isDone())
                        .as("not before the force has returned")
                        .isFalse();
                force.open();
            }
            assertThat(repeat.get(60, TimeUnit.SECONDS)).isZero();
            force.open();
            assertThat(join(original.durable().toCompletableFuture())).isZero();
            assertThat(log.partition.ends().logEnd()).isEqualTo(1);
        } finally {
            others.shutdownNow();
        }
    }

    @Test
    void repeatThatWantsMoreThanTheOriginal_getsAForceOfItsOwn() throws Exception {
        try (PartitionFixture log = quiet()) {
            for (int i = 0; i < 3; i++) {
                AppendRequest request = of("v" + i, ONE, i);
                assertThat(log.partition.append(request.withDurability(Durability.WRITTEN)))
                        .isEqualTo(i);
                assertThat(log.partition.ends().durable()).isEqualTo(i);
                switch (i) {
                    case 0 -> assertThat(log.partition.append(request)).isZero();
                    case 1 ->
                        assertThat(join(log.partition.appendAsync(request))).isEqualTo(1);
                    default ->
                        assertThat(join(log.partition.enqueue(request).durable().toCompletableFuture()))
                                .isEqualTo(2);
                }
                assertThat(log.partition.ends().durable()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void repeatOfAnAcceptedAppend_isWrittenOnlyOnceAndItsCallerIsWoken() throws Exception {
        ExecutorService others = Executors.newCachedThreadPool();
        try (PartitionFixture log = quiet();
                Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE))) {
            // Whatever the round is taken for, the repeat comes when it is in the writer's hands.
            AppendRequest request = of("a", ONE, 0);
            log.partition.enqueue(request.withDurability(Durability.ACCEPTED));
            write.awaitArrival(SOON);
            Future<Long> written = others.submit(() -> log.partition.append(
                    request.withDurability(Durability.WRITTEN).withTimeout(SOON)));
            Awaitility.await().atMost(SOON).until(() -> repeats(log, "underway") == 1);
            write.open();
            assertThat(written.get(60, TimeUnit.SECONDS)).isZero();
            assertThat(log.partition.append(request)).isZero();
            assertThat(values(log)).containsExactly("a");
        } finally {
            others.shutdownNow();
        }
    }

    @Test
    void manyThreadsThatRepeatEachOther_writeEachSequenceOnce() throws Exception {
        int threads = 6;
        int sequences = 300;
        ExecutorService others = Executors.newFixedThreadPool(threads);
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.segmentBytes(16 << 10))) {
            List<Callable<List<Long>>> tasks = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                tasks.add(() -> offsetsOfAll(log, sequences, new Random(thread)));
            }
            List<List<Long>> told = new ArrayList<>();
            for (Future<List<Long>> future : others.invokeAll(tasks, 300, TimeUnit.SECONDS)) {
                told.add(future.get());
            }
            assertThat(values(log)).hasSize(sequences).doesNotHaveDuplicates();
            for (List<Long> offsets : told) {
                for (int i = 0; i < sequences; i++) {
                    // One that came so late that the window had moved on is told so.
                    assertThat(offsets.get(i)).isIn((long) i, -1L);
                }
            }
            assertThat(log.budget.takenBytes()).isZero();
        } finally {
            others.shutdownNow();
        }
    }

    private static List<Long> offsetsOfAll(PartitionFixture log, int sequences, Random random) {
        List<Long> offsets = new ArrayList<>();
        while (offsets.size() < sequences) {
            int next = offsets.size();
            AppendRequest request = of("v" + next, ONE, next).withDurability(Durability.values()[random.nextInt(3)]);
            try {
                offsets.add(
                        random.nextBoolean()
                                ? log.partition.append(request)
                                : join(log.partition.appendAsync(request)));
            } catch (InvalidCallException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.SEQUENCE_FORGOTTEN);
                offsets.add(-1L);
            }
        }
        return offsets;
    }

    // ---------------------------------------------------------------- its fate

    @Test
    void originalIsRefused_soIsTheRepeatAndTheSequenceIsFree() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(of("a", ONE, 0));
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            Appended original = log.partition.enqueue(of("b", ONE, 1));
            write.awaitArrival(SOON);
            Appended behind = log.partition.enqueue(of("c", ONE, 2));
            Appended repeat = log.partition.enqueue(of("b", ONE, 1));
            Appended repeatBehind = log.partition.enqueue(of("c", ONE, 2));
            write.open();
            for (Appended refused : List.of(original, repeat, behind, repeatBehind)) {
                assertThat(failureOf(refused.durable().toCompletableFuture()))
                        .isInstanceOfSatisfying(
                                AppendRefusedException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
                assertThat(failureOf(refused.written().toCompletableFuture()))
                        .isInstanceOf(AppendRefusedException.class);
            }
            assertRefused(ErrorCode.SEQUENCE_GAP, () -> log.partition.append(of("c", ONE, 2)));
            assertThat(log.partition.append(of("b again", ONE, 1))).isEqualTo(1);
            assertThat(log.partition.append(of("c again", ONE, 2))).isEqualTo(2);
            assertThat(log.partition.append(of("a", ONE, 0)))
                    .as("what was before")
                    .isZero();
            assertThat(values(log)).containsExactly("a", "b again", "c again");
        }
    }

    @Test
    void firstAppendOfAProducerIsRefused_itIsUnknownAgain() throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (PartitionFixture log = quiet(settings -> settings.meters(meters))) {
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(of("a", ONE, 0)));
            assertRefused(ErrorCode.PRODUCER_UNKNOWN, () -> log.partition.append(of("b", ONE, 1)));
            assertThat(known(meters)).isZero();
            assertThat(log.partition.append(of("a", ONE, 0))).isZero();
            assertThat(known(meters)).isEqualTo(1);
        }
    }

    @Test
    void windowIsWhatItWas_afterARefusedRoundThatHadMovedIt() throws Exception {
        int window = ProducerState.MAX_RECENT;
        try (PartitionFixture log = quiet(settings -> settings.maxRoundAppends(3))) {
            for (int i = 0; i < window; i++) {
                log.partition.append(of("v" + i, ONE, i));
            }
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            List<Appended> refused = new ArrayList<>();
            refused.add(log.partition.enqueue(of("refused", ONE, window)));
            write.awaitArrival(SOON);
            for (int i = 1; i < 20; i++) {
                refused.add(log.partition.enqueue(of("refused", ONE, window + i)));
            }
            assertRefused(ErrorCode.SEQUENCE_FORGOTTEN, () -> log.partition.append(of("v0", ONE, 0)));
            write.open();
            refused.forEach(each -> assertThat(failureOf(each.durable().toCompletableFuture()))
                    .isInstanceOf(AppendRefusedException.class));
            for (int i = 0; i < window; i++) {
                assertThat(log.partition.append(of("v" + i, ONE, i))).isEqualTo(i);
            }
            assertThat(log.partition.append(of("next", ONE, window))).isEqualTo(window);
        }
    }

    @Test
    void forceOfTheOriginalFails_theRepeatIsUnknownToo() throws Exception {
        try (PartitionFixture log = quiet()) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            Appended original = log.partition.enqueue(of("a", ONE, 0));
            force.awaitArrival(SOON);
            Appended repeat = log.partition.enqueue(of("a", ONE, 0));
            force.open();
            for (Appended each : List.of(original, repeat)) {
                assertThat(failureOf(each.durable().toCompletableFuture()))
                        .isInstanceOfSatisfying(OutcomeUnknownException.class, e -> {
                            assertThat(e.offset()).isZero();
                            assertThat(e).hasRootCauseInstanceOf(IOException.class);
                        });
                assertThat(join(each.written().toCompletableFuture())).isZero();
            }
            assertRefused(ErrorCode.PARTITION_FAILED, () -> log.partition.append(of("a", ONE, 0)));
        }
    }

    // ---------------------------------------------------------------- neither next nor a repeat

    @Test
    void sequencesThatAreMissing_areAGapThatCanBeFilled() throws IOException {
        try (PartitionFixture log = quiet()) {
            log.partition.append(AppendRequest.opaque(bytes("abc"), 3).withProducer(ONE, 0));
            assertThatThrownBy(() -> log.partition.append(of("late", ONE, 4)))
                    .isInstanceOfSatisfying(AppendRefusedException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.SEQUENCE_GAP);
                        assertThat(e.remedy()).isEqualTo(Remedy.RETRY);
                        assertThat(e).hasMessageContaining("producer=1 epoch=0 sequence=4 expected=3");
                    });
            assertThat(log.partition.append(of("d", ONE, 3))).isEqualTo(3);
            assertThat(log.partition.append(of("late", ONE, 4))).isEqualTo(4);
        }
    }

    @Test
    void unknownProducer_beginsAtZeroOnly() throws IOException {
        try (PartitionFixture log = quiet()) {
            assertThatThrownBy(() -> log.partition.append(of("x", ONE, 7)))
                    .isInstanceOfSatisfying(
                            InvalidCallException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.PRODUCER_UNKNOWN));
            assertThat(log.partition.ends().logEnd()).isZero();
            assertThat(log.partition.append(of("x", new ProducerIdentity(-5, 9), 0)))
                    .as("any id, and any epoch")
                    .isZero();
        }
    }

    @Test
    void higherEpoch_beginsAtZeroAndShutsTheLowerOneOut() throws IOException {
        ProducerIdentity next = ONE.next();
        try (PartitionFixture log = quiet()) {
            log.partition.append(of("a", ONE, 0));
            log.partition.append(of("b", ONE, 1));
            assertRefused(ErrorCode.SEQUENCE_GAP, () -> log.partition.append(of("x", next, 2)));
            assertThat(log.partition.append(of("c", ONE, 2)))
                    .as("a refused append shuts nobody out")
                    .isEqualTo(2);
            assertThat(log.partition.append(of("d", next, 0))).isEqualTo(3);
            for (int sequence = 0; sequence < 5; sequence++) {
                AppendRequest old = of("old", ONE, sequence);
                assertThatThrownBy(() -> log.partition.append(old))
                        .isInstanceOfSatisfying(
                                InvalidCallException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.PRODUCER_FENCED));
            }
            assertThat(log.partition.append(of("d", next, 0))).as("a repeat").isEqualTo(3);
            assertThat(log.partition.append(of("e", next, 1))).isEqualTo(4);
            assertThat(log.partition.append(of("other", TWO, 0))).isEqualTo(5);
        }
    }

    @Test
    void higherEpochWhileAnAppendOfTheLowerIsUnderWay_bothKeepTheirPlace() throws Exception {
        try (PartitionFixture log = quiet();
                Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            Appended old = log.partition.enqueue(of("old", ONE, 0));
            force.awaitArrival(SOON);
            Appended young = log.partition.enqueue(of("young", ONE.next(), 0));
            assertRefused(ErrorCode.PRODUCER_FENCED, () -> log.partition.enqueue(of("old", ONE, 0)));
            force.open();
            assertThat(join(old.durable().toCompletableFuture())).isZero();
            assertThat(join(young.durable().toCompletableFuture())).isEqualTo(1);
        }
    }

    @Test
    void higherEpochIsRefusedByTheDisk_theLowerOneGoesOn() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(of("a", ONE, 0));
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(of("x", ONE.next(), 0)));
            assertThat(log.partition.append(of("a", ONE, 0))).isZero();
            assertThat(log.partition.append(of("b", ONE, 1))).isEqualTo(1);
        }
    }

    @Test
    void windowHoldsTheLastEightBatches_whateverTheirCount() throws IOException {
        assertThat(AppendRequest.REPEATABLE_APPENDS).isEqualTo(ProducerState.MAX_RECENT);
        int window = AppendRequest.REPEATABLE_APPENDS;
        try (PartitionFixture log = quiet()) {
            long[] sequences = new long[window + 3];
            long sequence = 0;
            for (int i = 0; i < sequences.length; i++) {
                sequences[i] = sequence;
                log.partition.append(AppendRequest.opaque(bytes("x"), i + 1).withProducer(ONE, sequence));
                sequence += i + 1;
            }
            for (int i = 0; i < sequences.length; i++) {
                AppendRequest repeat = AppendRequest.opaque(bytes("x"), i + 1).withProducer(ONE, sequences[i]);
                if (i < sequences.length - window) {
                    assertRefused(ErrorCode.SEQUENCE_FORGOTTEN, () -> log.partition.append(repeat));
                } else {
                    assertThat(log.partition.append(repeat)).isEqualTo(sequences[i]);
                }
            }
        }
    }

    @Test
    void otherBatchUnderAKnownSequence_isNotTakenForARepeat() throws IOException {
        try (PartitionFixture log = quiet()) {
            log.partition.append(AppendRequest.opaque(bytes("abc"), 3).withProducer(ONE, 0));
            log.partition.append(AppendRequest.opaque(bytes("de"), 2).withProducer(ONE, 3));
            for (AppendRequest other : List.of(
                    of("a", ONE, 0),
                    of("b", ONE, 1),
                    AppendRequest.opaque(bytes("cd"), 2).withProducer(ONE, 2),
                    AppendRequest.opaque(bytes("def"), 3).withProducer(ONE, 3),
                    of("e", ONE, 4))) {
                assertThatThrownBy(() -> log.partition.append(other))
                        .isInstanceOfSatisfying(
                                InvalidCallException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.SEQUENCE_MISMATCH));
            }
            assertThat(log.partition.ends().logEnd()).isEqualTo(5);
        }
    }

    @Test
    void sequencesDoNotWrap() {
        AppendRequest request = AppendRequest.opaque(bytes("x"), 3);
        assertThat(request.withProducer(ONE, Long.MAX_VALUE - 3).sequence()).isEqualTo(Long.MAX_VALUE - 3);
        assertRefused(ErrorCode.ARGUMENT_INVALID, () -> request.withProducer(ONE, Long.MAX_VALUE - 2));
        assertRefused(ErrorCode.ARGUMENT_INVALID, () -> request.withProducer(ONE, -1));
        assertRefused(ErrorCode.ARGUMENT_INVALID, () -> new ProducerIdentity(1, -1));
        assertRefused(ErrorCode.ARGUMENT_INVALID, () -> new ProducerIdentity(1, Long.MAX_VALUE).next());
        assertThat(request.producer()).isEmpty();
        AppendRequest whole = request.withProducer(ONE, 5)
                .withDurability(Durability.WRITTEN)
                .withExpectedOffset(7)
                .withChecksum(9)
                .withTimeout(SOON);
        assertThat(whole.producer()).contains(ONE);
        assertThat(whole.sequence()).isEqualTo(5);
    }

    @Test
    void expectedOffset_countsForTheOriginalOnly() throws IOException {
        try (PartitionFixture log = quiet()) {
            AppendRequest request = of("a", ONE, 0).withExpectedOffset(0);
            assertThat(log.partition.append(request)).isZero();
            log.partition.append(bytes("more"));
            assertThat(log.partition.append(request)).isZero();
            assertRefused(
                    ErrorCode.OFFSET_MISMATCH,
                    () -> log.partition.append(of("b", ONE, 1).withExpectedOffset(1)));
            assertThat(log.partition.append(of("b", ONE, 1).withExpectedOffset(2)))
                    .isEqualTo(2);
        }
    }

    @Test
    void appendThatIsRefusedForItsChecksum_leavesTheSequenceFree() throws IOException {
        try (PartitionFixture log = quiet()) {
            assertRefused(
                    ErrorCode.CHECKSUM_MISMATCH,
                    () -> log.partition.append(of("a", ONE, 0).withChecksum(1)));
            assertRefused(ErrorCode.PRODUCER_UNKNOWN, () -> log.partition.append(of("b", ONE, 1)));
            assertThat(log.partition.append(of("a", ONE, 0))).isZero();
        }
    }

    // ---------------------------------------------------------------- seals

    @Test
    void seal_holdsWhatLiesBelowItAndNotWhatIsStagedBehind() throws Exception {
        try (PartitionFixture log = quiet(settings -> settings.segmentBytes(16 << 10))) {
            log.partition.append(of("a", ONE, 0));
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            Appended last =
                    log.partition.enqueue(AppendRequest.of(new byte[11_000]).withProducer(ONE, 1));
            force.awaitArrival(SOON);
            Appended behind =
                    log.partition.enqueue(AppendRequest.of(new byte[5_000]).withProducer(ONE, 2));
            Appended stranger = log.partition.enqueue(of("x", TWO, 0));
            Appended higher = log.partition.enqueue(of("y", ONE.next(), 0));
            force.open();
            for (Appended each : List.of(last, behind, stranger, higher)) {
                join(each.durable().toCompletableFuture());
            }
            assertThat(sealOfTheFirstSegment(log).producers()).singleElement().satisfies(state -> {
                assertThat(state.producerId()).isEqualTo(ONE.id());
                assertThat(state.producerEpoch()).isZero();
                assertThat(state.recent()).containsExactly(new ProducerBatch(0, 1, 0), new ProducerBatch(1, 1, 1));
            });
        }
    }

    @Test
    void diskIsFullForTheSeal_theOneThatIsWrittenLaterTellsTheSame() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(of("a", ONE, 0));
            log.disk.inject(Fault.full(
                    CallMatch.on(Operation.Kind.WRITE).named("-00000001.seg").andAllLater()));
            assertRefused(ErrorCode.STORAGE_FULL, log.partition::rotate);
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(of("b", ONE, 1)));
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(of("x", TWO, 0)));
            assertThat(log.partition.append(of("a", ONE, 0))).isZero();
            log.disk.removeFaults();
            assertThat(log.partition.append(of("x", TWO, 0))).isEqualTo(1);
            assertThat(log.partition.append(of("b", ONE, 1))).isEqualTo(2);
            assertThat(sealOfTheFirstSegment(log).producers())
                    .singleElement()
                    .satisfies(state -> assertThat(state.recent()).containsExactly(new ProducerBatch(0, 1, 0)));
        }
    }

    private static SealPayload sealOfTheFirstSegment(PartitionFixture log) {
        ByteBuffer file = ByteBuffer.wrap(
                log.disk.contents(PartitionFixture.DIRECTORY.resolve("00000000000000000000-00000001.seg")));
        int at = SegmentHeader.BYTES;
        while (FrameCodec.kind(file, at) != FrameKind.SEAL) {
            at += FrameCodec.frameBytes(file, at);
        }
        return SealPayload.decode(file, FrameCodec.payloadAt(file, at), FrameCodec.length(file, at))
                .value()
                .orElseThrow();
    }

    // ---------------------------------------------------------------- bounds

    @Test
    void asManyProducersAsMayBe_aNewOneIsRefusedUntilOneHasExpired() throws IOException {
        ManualClock time = new ManualClock();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (PartitionFixture log = PartitionFixture.open(
                settings -> still(settings)
                        .maxProducers(3)
                        .producerExpiry(Duration.ofSeconds(10))
                        .meters(meters),
                time)) {
            for (int id = 0; id < 3; id++) {
                log.partition.append(of("v", new ProducerIdentity(id, 0), 0));
                time.advance(Duration.ofSeconds(1));
            }
            ProducerIdentity fourth = new ProducerIdentity(4, 0);
            assertThatThrownBy(() -> log.partition.append(of("v", fourth, 0)))
                    .isInstanceOfSatisfying(
                            AppendRefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.PRODUCERS_FULL));
            assertThat(log.partition.append(of("v", new ProducerIdentity(1, 0), 0)))
                    .as("nobody is forgotten to make room")
                    .isEqualTo(1);
            assertThat(log.partition.append(of("w", new ProducerIdentity(0, 0), 1)))
                    .isEqualTo(3);
            // Producer 1 has been silent for the longest time now, since its second.
            time.advance(Duration.ofMillis(8_000));
            assertRefused(ErrorCode.PRODUCERS_FULL, () -> log.partition.append(of("v", fourth, 0)));
            assertThat(log.events)
                    .filteredOn(event -> event.startsWith("warning"))
                    .singleElement(STRING)
                    .contains("maxProducers=3");
            assertThat(known(meters)).isEqualTo(3);
            time.advance(Duration.ofMillis(1));
            assertThat(log.partition.append(of("v", fourth, 0))).isEqualTo(4);
            assertThat(known(meters)).isEqualTo(3);
            assertThat(meters.get("wal.producers.expired").counter().count()).isEqualTo(1);
            assertRefused(
                    ErrorCode.PRODUCER_UNKNOWN, () -> log.partition.append(of("w", new ProducerIdentity(1, 0), 1)));
        }
        assertThat(meters.find("wal.producers").gauge())
                .satisfies(gauge -> assertThat(gauge.value())
                        .as("a closed partition knows nobody")
                        .isZero());
    }

    @Test
    void expiredProducer_isUnknownWhetherOrNotItsEntryIsStillThere() throws IOException {
        ManualClock time = new ManualClock();
        try (PartitionFixture log =
                PartitionFixture.open(settings -> still(settings).producerExpiry(Duration.ofSeconds(10)), time)) {
            log.partition.append(of("a", ONE.next(), 0));
            log.partition.append(of("b", ONE.next(), 1));
            time.advance(Duration.ofSeconds(10));
            assertThat(log.partition.append(of("b", ONE.next(), 1))).isEqualTo(1);
            time.advance(Duration.ofMillis(1));
            assertRefused(ErrorCode.PRODUCER_UNKNOWN, () -> log.partition.append(of("b", ONE.next(), 1)));
            assertRefused(ErrorCode.PRODUCER_UNKNOWN, () -> log.partition.append(of("c", ONE.next(), 2)));
            assertThat(log.partition.append(of("a", ONE, 0)))
                    .as("it begins anew, in whichever epoch")
                    .isEqualTo(2);
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(of("b", ONE, 1)));
            assertThat(log.partition.append(of("a", ONE, 0))).isEqualTo(2);
        }
    }

    @Test
    void repeatsAndOriginals_areCounted() throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (PartitionFixture log = quiet(settings -> settings.meters(meters));
                Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            Appended original = log.partition.enqueue(of("a", ONE, 0));
            force.awaitArrival(SOON);
            log.partition.enqueue(of("a", ONE, 0));
            force.open();
            join(original.durable().toCompletableFuture());
            log.partition.append(of("a", ONE, 0));
            log.partition.append(of("a", ONE, 0));
            assertRefused(ErrorCode.SEQUENCE_GAP, () -> log.partition.append(of("x", ONE, 9)));
            assertThat(count(meters, "wal.producer.repeats", "original", "underway"))
                    .isEqualTo(1);
            assertThat(count(meters, "wal.producer.repeats", "original", "durable"))
                    .isEqualTo(2);
            assertThat(count(meters, "wal.failures", "code", "sequence_gap")).isEqualTo(1);
            assertThat(meters.get("wal.append.records").counter().count()).isEqualTo(1);
        }
    }

    // ---------------------------------------------------------------- for the tests above

    private static AppendRequest of(String value, ProducerIdentity producer, long sequence) {
        return AppendRequest.of(bytes(value)).withProducer(producer, sequence);
    }

    private static WalConfig.Builder still(WalConfig.Builder settings) {
        return settings.prefill(false).proofDelay(Duration.ofHours(1)).maxUnforcedAge(Duration.ofHours(1));
    }

    private static PartitionFixture quiet() throws IOException {
        return quiet(settings -> settings.meters(new SimpleMeterRegistry()));
    }

    /** Without prefill and timers, so that only appends touch the disk. */
    private static PartitionFixture quiet(UnaryOperator<WalConfig.Builder> settings) throws IOException {
        return PartitionFixture.open(builder -> settings.apply(still(builder)));
    }

    private static double repeats(PartitionFixture log, String original) {
        return count(log.services.config().meters(), "wal.producer.repeats", "original", original);
    }

    private static double count(MeterRegistry meters, String name, String tag, String value) {
        return meters.get(name).tag(tag, value).counter().count();
    }

    private static double known(MeterRegistry meters) {
        return meters.get("wal.producers").gauge().value();
    }

    private static Throwable failureOf(CompletableFuture<?> future) {
        try {
            join(future);
            return new AssertionError("succeeded");
        } catch (CompletionException e) {
            return e.getCause();
        }
    }

    private static List<String> values(PartitionFixture log) {
        List<String> values = new ArrayList<>();
        try (Cursor cursor = log.partition.read(From.start())) {
            while (cursor.next()) {
                values.add(new String(cursor.value(), StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
