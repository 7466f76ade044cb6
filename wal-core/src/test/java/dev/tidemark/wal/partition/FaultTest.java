package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.AppendTest.assertRefused;
import static dev.tidemark.wal.partition.AppendTest.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the write path does when the disk, or a thread, does not do as it should: P7, P8, P9 and P10. */
class FaultTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---------------------------------------------------------------- P7: a failed force is final

    @Test
    void forceFails_everyWaiterGetsTheCause() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            Appended first = log.partition.enqueue(bytes("one"));
            force.awaitArrival(SOON);
            Appended second = log.partition.enqueue(bytes("two"));
            CompletableFuture<Long> blocking = inAnotherThread(() -> log.partition.append(bytes("three")));
            Awaitility.await().until(() -> log.partition.ends().logEnd() == 4);
            force.open();
            Throwable unknown = failureOf(first.durable().toCompletableFuture());
            assertThat(unknown).isInstanceOfSatisfying(OutcomeUnknownException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED);
                assertThat(e.offset()).isEqualTo(1);
                assertThat(e).hasRootCauseInstanceOf(IOException.class);
            });
            for (CompletableFuture<Long> other : List.of(second.durable().toCompletableFuture(), blocking)) {
                assertThat(failureOf(other))
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED))
                        .hasRootCauseInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void forceFails_nothingIsAcceptedAfterwards() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            assertThatThrownBy(() -> log.partition.append(bytes("lost"))).isInstanceOf(OutcomeUnknownException.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
            assertThat(log.events).contains("failed PARTITION_FAILED");
            for (Durability durability : Durability.values()) {
                assertThatThrownBy(() -> log.partition.append(bytes("x"), durability))
                        .isInstanceOfSatisfying(UnavailableException.class, e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED);
                            assertThat(e).hasRootCauseInstanceOf(IOException.class);
                        });
            }
            assertRefused(ErrorCode.PARTITION_FAILED, log.partition::sync);
            assertRefused(ErrorCode.PARTITION_FAILED, log.partition::rotate);
            assertRefused(ErrorCode.PARTITION_FAILED, () -> log.partition.tryEnqueue(AppendRequest.of(bytes("x"))));
        }
    }

    @Test
    void forceFails_itIsNeverForcedAgain() throws Exception {
        PartitionFixture log = quiet();
        log.partition.append(bytes("good"));
        log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> log.partition.append(bytes("lost"))).isInstanceOf(OutcomeUnknownException.class);
        long forces = log.disk.count(Operation.Kind.FORCE);
        log.close();
        assertThat(log.disk.count(Operation.Kind.FORCE)).isEqualTo(forces);
        assertThat(log.partition.state()).isEqualTo(LifeState.CLOSED);
    }

    @Test
    void forceFails_readersGoOnUpToWhatWasDurable() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            CompletableFuture<Long> never = log.partition.whenReadable(1);
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            assertThatThrownBy(() -> log.partition.append(bytes("lost"))).isInstanceOf(OutcomeUnknownException.class);
            assertThat(values(log)).containsExactly("good");
            assertThat(log.partition.ends().durable()).isEqualTo(1);
            assertThat(failureOf(never)).isInstanceOf(WalException.class);
        }
    }

    @Test
    void writeFailsForAnUnknownReason_partitionStops() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE)));
            assertThatThrownBy(() -> log.partition.append(bytes("lost"))).isInstanceOf(OutcomeUnknownException.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
            assertThat(values(log)).containsExactly("good");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"WRITE", "FORCE"})
    void errorInATokenHolder_failsThePartitionAndNobodyHangs(String kind) throws Exception {
        try (PartitionFixture log = quiet()) {
            log.disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.valueOf(kind)), path -> new StackOverflowError("planted")));
            assertThatThrownBy(() -> log.partition.append(bytes("x")))
                    .isInstanceOf(OutcomeUnknownException.class)
                    .hasRootCauseInstanceOf(StackOverflowError.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
        }
    }

    // ---------------------------------------------------------------- P8: a full disk

    @Test
    void diskIsFull_appendIsRefusedAndAppendingWorksAgainWithRoom() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            long size = sizeOfActive(log);
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(16));
            assertThatThrownBy(() -> log.partition.append(new byte[200_000]))
                    .isInstanceOfSatisfying(
                            AppendRefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
            assertThat(log.events).contains("full");
            assertThat(sizeOfActive(log)).as("the refused bytes are cut off").isEqualTo(size);
            assertThat(log.partition.ends().logEnd()).isEqualTo(1);
            assertThat(log.partition.append(bytes("next"))).isEqualTo(1);
            assertThat(values(log)).containsExactly("good", "next");
        }
    }

    @Test
    void shortWrite_isUndoneAndRefused() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.inject(Fault.shortWrite(CallMatch.on(Operation.Kind.WRITE).andAllLater(), 0));
            assertRefused(ErrorCode.STORAGE_REFUSED, () -> log.partition.append(bytes("refused")));
            log.disk.removeFaults();
            assertThat(log.partition.append(bytes("next"))).isEqualTo(1);
        }
    }

    @Test
    void refusedWrite_takesEverythingStagedBehindItAlong() throws Exception {
        try (PartitionFixture log = quiet(settings -> settings.maxRoundBytes(4 << 10))) {
            log.partition.append(bytes("good"));
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
            List<Appended> appended = new ArrayList<>();
            appended.add(log.partition.enqueue(bytes("first")));
            write.awaitArrival(SOON);
            for (int i = 0; i < 20; i++) {
                appended.add(log.partition.enqueue(new byte[1000]));
            }
            write.open();
            for (Appended append : appended) {
                assertThat(failureOf(append.durable().toCompletableFuture()))
                        .isInstanceOf(AppendRefusedException.class);
            }
            assertThat(log.partition.ends().logEnd()).isEqualTo(1);
            assertThat(log.partition.append(bytes("next"))).isEqualTo(1);
            assertThat(log.budget.limitBytes()).isPositive();
        }
    }

    @Test
    void refusedWrite_isOverwrittenAndThatForced_beforeItIsCutAndRefused() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.recordFromHere();
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(64));
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(new byte[100]));
            List<Operation> changes = log.disk.operations().stream()
                    .filter(Operation::changedTheDisk)
                    .toList();
            assertThat(changes.stream().map(Operation::kind))
                    .startsWith(
                            Operation.Kind.WRITE, Operation.Kind.WRITE, Operation.Kind.FORCE, Operation.Kind.TRUNCATE);
            assertThat(changes.get(1).wroteOnlyZeros()).isTrue();
        }
    }

    @Test
    void refusedWriteCannotBeOverwritten_partitionStops() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(8));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.WRITE).number(2)));
            assertThatThrownBy(() -> log.partition.append(new byte[100])).isInstanceOf(OutcomeUnknownException.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
        }
    }

    @Test
    void cutFails_partitionStops() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(8));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.TRUNCATE)));
            assertThatThrownBy(() -> log.partition.append(new byte[100])).isInstanceOf(OutcomeUnknownException.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
        }
    }

    @Test
    void storeMayNotGrow_appendsOverPreparedZerosGoOn() throws Exception {
        try (PartitionFixture log = PartitionFixture.open(settings -> settings, new ManualClock())) {
            log.partition.append(bytes("good"));
            Awaitility.await().until(() -> log.partition.describe().fileBytes() > 60_000);
            log.awaitQuiet();
            log.mayGrow.set(false);
            assertThat(log.partition.append(bytes("over zeros"))).isEqualTo(1);
            assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(new byte[200_000]));
            log.mayGrow.set(true);
            assertThat(log.partition.append(new byte[200_000])).isEqualTo(2);
        }
    }

    // ---------------------------------------------------------------- P9: memory is bounded

    @Test
    void queueIsFull_callerWaitsUntilTheDeadlineAndIsRefused() throws Exception {
        try (PartitionFixture log = quiet(settings ->
                settings.partitionQueueBytes(64 << 10).maxRoundBytes(16 << 10).storeQueueBytes(1 << 20))) {
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            Appended first = log.partition.enqueue(new byte[60 << 10]);
            write.awaitArrival(SOON);
            AppendRequest more = AppendRequest.of(new byte[8 << 10]).withTimeout(Duration.ofMillis(50));
            assertRefused(ErrorCode.APPEND_REJECTED, () -> log.partition.enqueue(more));
            assertThat(log.partition.tryEnqueue(more)).isEmpty();
            CompletableFuture<Long> waiting = inAnotherThread(() ->
                    log.partition.append(AppendRequest.of(new byte[8 << 10]).withTimeout(SOON)));
            write.open();
            assertThat(join(waiting)).isEqualTo(1);
            assertThat(join(first.durable().toCompletableFuture())).isZero();
        }
    }

    @Test
    void storeQueueIsFull_callerIsRefusedAtItsDeadline() throws Exception {
        try (PartitionFixture log = quiet(settings ->
                settings.partitionQueueBytes(64 << 10).maxRoundBytes(16 << 10).storeQueueBytes(64 << 10))) {
            assertThat(log.budget.tryTake(60 << 10)).isTrue();
            AppendRequest request = AppendRequest.of(new byte[8 << 10]).withTimeout(Duration.ofMillis(30));
            assertRefused(ErrorCode.APPEND_REJECTED, () -> log.partition.append(request));
            log.budget.give(60 << 10);
            assertThat(log.partition.append(request.withTimeout(SOON))).isZero();
        }
    }

    @Test
    void everythingIsGivenBack_whateverTheOutcome() throws Exception {
        PartitionFixture log =
                quiet(settings -> settings.storeQueueBytes(1 << 20).partitionQueueBytes(1 << 20));
        log.partition.append(new byte[100_000]);
        log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)));
        assertRefused(ErrorCode.STORAGE_FULL, () -> log.partition.append(new byte[100_000]));
        log.partition.append(new byte[100], Durability.WRITTEN);
        log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> log.partition.append(new byte[100])).isInstanceOf(OutcomeUnknownException.class);
        log.close();
        assertThat(log.budget.tryTake(log.budget.limitBytes())).isTrue();
        assertThat(log.services.files().openFiles()).isZero();
    }

    // ---------------------------------------------------------------- P10: no wait is endless

    @Test
    void forceHangs_waitersDeadlinesHold() throws Exception {
        try (PartitionFixture log = quiet();
                Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            log.partition.enqueue(bytes("hangs"));
            force.awaitArrival(SOON);
            assertThatThrownBy(() ->
                            log.partition.append(AppendRequest.of(bytes("x")).withTimeout(Duration.ofMillis(30))))
                    .isInstanceOfSatisfying(OutcomeUnknownException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.WAIT_TIMEOUT);
                        assertThat(e.offset()).isEqualTo(1);
                    });
            force.open();
            assertThat(log.partition.sync()).isEqualTo(2);
        }
    }

    @Test
    void closeWhileAForceHangs_completesEveryWaiterAtItsDeadline() throws Exception {
        PartitionFixture log = quiet();
        Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
        Appended hangs = log.partition.enqueue(bytes("hangs"));
        force.awaitArrival(SOON);
        CompletableFuture<Long> reader = log.partition.whenReadable(0);
        assertThat(log.partition.close(log.environment.clock().nanos() + TimeUnit.MILLISECONDS.toNanos(50)))
                .isFalse();
        assertThat(log.partition.isBusy()).as("the directory stays locked").isTrue();
        assertThat(failureOf(reader)).isInstanceOf(WalException.class);
        force.open();
        // The force under way decides this one: it may still succeed, and then it is durable.
        Awaitility.await().until(() -> hangs.durable().toCompletableFuture().isDone());
        Awaitility.await().until(() -> !log.partition.isBusy());
        log.close();
    }

    @Test
    void threadsThatAreInterruptedAllTheTime_loseNothingAndAreNeverRefused() throws Exception {
        int threads = 4;
        int each = 2_500;
        try (PartitionFixture log = quiet()) {
            List<CompletableFuture<Integer>> counts = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                counts.add(inAnotherThread(() -> {
                    int returned = 0;
                    for (int i = 0; i < each; i++) {
                        Thread.currentThread().interrupt();
                        try {
                            log.partition.append(bytes(thread + ":" + i));
                            returned++;
                        } catch (OutcomeUnknownException e) {
                            assertThat(e.code()).isEqualTo(ErrorCode.WAIT_INTERRUPTED);
                        }
                        assertThat(Thread.interrupted()).as("the flag is kept").isTrue();
                    }
                    return returned;
                }));
            }
            for (CompletableFuture<Integer> count : counts) {
                join(count);
            }
            assertThat(log.partition.sync()).isEqualTo(threads * each);
            List<String> values = values(log);
            assertThat(values).hasSize(threads * each).doesNotHaveDuplicates();
            for (int t = 0; t < threads; t++) {
                String prefix = t + ":";
                List<String> own =
                        values.stream().filter(v -> v.startsWith(prefix)).toList();
                for (int i = 0; i < each; i++) {
                    assertThat(own.get(i)).isEqualTo(prefix + i);
                }
            }
        }
    }

    // ---------------------------------------------------------------- closing

    @Test
    void closeWritesAndForcesAllThatWasAccepted() throws Exception {
        PartitionFixture log = quiet();
        List<Appended> appended = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            appended.add(
                    log.partition.enqueue(AppendRequest.of(bytes("v" + i)).withDurability(Durability.values()[i % 3])));
        }
        assertThat(log.partition.close(log.deadline(20))).isTrue();
        for (Appended append : appended) {
            assertThat(join(append.durable().toCompletableFuture())).isEqualTo(append.offset());
        }
        assertThat(log.partition.ends().durable()).isEqualTo(50);
        assertThat(log.partition.close(log.deadline(1)))
                .as("closing twice is fine")
                .isTrue();
        assertRefused(ErrorCode.PARTITION_CLOSED, () -> log.partition.append(bytes("late")));
        assertRefused(
                ErrorCode.PARTITION_CLOSED,
                () -> log.partition.read(From.start()).next());
        log.close();
    }

    @Test
    void closeAgainstAppends_eachIsEitherDurableOrToldSo() throws Exception {
        // Longer than anybody here waits, so that an appender that nobody wakes is found.
        AppendRequest patient = AppendRequest.of(bytes("x")).withTimeout(Duration.ofHours(1));
        for (int round = 0; round < 20; round++) {
            PartitionFixture log = quiet();
            List<CompletableFuture<Integer>> appenders = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                appenders.add(inAnotherThread(() -> {
                    int done = 0;
                    try {
                        while (true) {
                            log.partition.append(patient);
                            done++;
                        }
                    } catch (UnavailableException e) {
                        assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED);
                        return done;
                    }
                }));
            }
            // Looked at often: each append is recorded by the disk, and there are many of them in a tenth of a second.
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> log.partition.ends().durable() > 5);
            assertThat(log.partition.close(log.deadline(20))).isTrue();
            int acknowledged = 0;
            for (CompletableFuture<Integer> appender : appenders) {
                acknowledged += appender.orTimeout(60, TimeUnit.SECONDS).join();
            }
            assertThat(log.partition.ends().durable()).isEqualTo(acknowledged);
            assertThat(log.partition.ends().logEnd()).isEqualTo(acknowledged);
            assertThat(log.budget.takenBytes()).isZero();
            log.close();
        }
    }

    @Test
    void closedPartition_leavesNoTimerThatWouldKeepItInMemory() throws Exception {
        ManualClock time = new ManualClock();
        Duration hour = Duration.ofHours(1);
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.prefill(false).proofDelay(hour).maxUnforcedAge(hour), time)) {
            log.partition.append(bytes("synced"));
            log.partition.append(bytes("written"), Durability.WRITTEN);
            assertThat(time.waitingTasks())
                    .as("age of the segment, unforced bytes, proof")
                    .isGreaterThanOrEqualTo(3);
            assertThat(log.partition.close(log.deadline(20))).isTrue();
            // The store looks after hanging forces once more, and not again.
            time.advance(Duration.ofSeconds(1));
            assertThat(time.waitingTasks()).isZero();
        }
    }

    @Test
    void failedPartitionClosedByTwoAtOnce_givesItsSegmentsBackOnce() throws Exception {
        PartitionFixture log = quiet(settings -> settings.segmentBytes(64 << 10));
        log.partition.append(new byte[40 << 10]);
        // Now there is space prepared for the next segment, which a close removes.
        log.awaitQuiet();
        log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> log.partition.append(bytes("lost"))).isInstanceOf(OutcomeUnknownException.class);
        Gate inTheMiddle = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.DELETE));
        CompletableFuture<Boolean> first = inAnotherThread(() -> log.partition.close(log.deadline(20)));
        inTheMiddle.awaitArrival(SOON);
        CompletableFuture<Boolean> second = inAnotherThread(() -> log.partition.close(log.deadline(20)));
        assertThat(second.orTimeout(60, TimeUnit.SECONDS).join()).as("clean").isFalse();
        inTheMiddle.open();
        assertThat(first.orTimeout(60, TimeUnit.SECONDS).join()).as("clean").isFalse();
        assertThat(log.partition.state()).isEqualTo(LifeState.CLOSED);
        log.close();
    }

    // ---------------------------------------------------------------- no descriptor left

    @Test
    void noDescriptorForAWrite_refusesTheAppendAndThePartitionGoesOn() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            outOfDescriptors(log);
            long size = sizeOfActive(log);
            assertThatThrownBy(() -> log.partition.append(bytes("refused")))
                    .isInstanceOfSatisfying(AppendRefusedException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_OPEN_FILES);
                        assertThat(e).hasRootCauseInstanceOf(IOException.class);
                    });
            assertRefused(ErrorCode.TOO_MANY_OPEN_FILES, () -> log.partition.append(bytes("again")));
            assertThat(failureOf(log.partition.appendAsync(bytes("later")))).isInstanceOf(AppendRefusedException.class);
            assertThat(sizeOfActive(log)).isEqualTo(size);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            assertThat(log.budget.takenBytes()).isZero();
            log.disk.removeFaults();
            assertThat(log.partition.append(bytes("better"))).isEqualTo(1);
            assertThat(values(log)).containsExactly("good", "better");
        }
    }

    @Test
    void noDescriptorForTheCutOfAShortWrite_isNotNeeded() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.inject(Fault.shortWrite(CallMatch.on(Operation.Kind.WRITE), 8));
            log.disk.inject(
                    Fault.full(CallMatch.on(Operation.Kind.WRITE).number(2)).afterBytes(4));
            Gate cut = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.TRUNCATE));
            CompletableFuture<Long> refused = inAnotherThread(() -> log.partition.append(bytes("refused")));
            cut.awaitArrival(SOON);
            cut.open();
            assertThat(failureOf(refused)).isInstanceOf(AppendRefusedException.class);
            assertThat(log.disk.count(Operation.Kind.OPEN))
                    .as("opened once, for the first write")
                    .isOne();
            assertThat(log.partition.append(bytes("better"))).isEqualTo(1);
        }
    }

    @Test
    void noDescriptorForAChangeOfSegment_refusesAndItIsDoneLater() throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            outOfDescriptors(log);
            assertRefused(ErrorCode.TOO_MANY_OPEN_FILES, log.partition::rotate);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            log.disk.removeFaults();
            assertThat(log.partition.rotate()).isEqualTo(1);
            assertThat(log.partition.append(bytes("better"))).isEqualTo(1);
            assertThat(values(log)).containsExactly("good", "better");
        }
    }

    /** Each step of a rotation that needs a descriptor, the old segment's own apart. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void noDescriptorInTheMiddleOfARotation_refusesAndItIsFinishedLater(int nth) throws Exception {
        try (PartitionFixture log = quiet()) {
            log.partition.append(bytes("good"));
            log.disk.inject(Fault.tooManyOpenFiles(
                    CallMatch.on(Operation.Kind.OPEN, Operation.Kind.CREATE, Operation.Kind.FORCE_DIRECTORY)
                            .number(nth)));
            assertRefused(ErrorCode.TOO_MANY_OPEN_FILES, log.partition::rotate);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
            assertThat(log.partition.append(bytes("better"))).isEqualTo(1);
            assertThat(log.partition.close(log.deadline(20))).isTrue();
            assertThat(log.disk.list(PartitionFixture.DIRECTORY))
                    .noneMatch(name -> name.toString().startsWith("next-"));
        }
    }

    /** No file can be opened, and none is open. */
    private static void outOfDescriptors(PartitionFixture log) {
        log.awaitQuiet();
        while (log.services.files().openFiles() > 0) {
            assertThat(log.services.files().closeIdle())
                    .as("an idle file was closed")
                    .isTrue();
        }
        log.disk.inject(Fault.tooManyOpenFiles(
                CallMatch.on(Operation.Kind.OPEN, Operation.Kind.CREATE, Operation.Kind.FORCE_DIRECTORY)
                        .andAllLater()));
    }

    // ----------------------------------------------------------------

    private static PartitionFixture quiet() throws IOException {
        return quiet(settings -> settings);
    }

    /** Without prefill and timers, so that only appends touch the disk. */
    private static PartitionFixture quiet(
            java.util.function.UnaryOperator<dev.tidemark.wal.api.WalConfig.Builder> settings) throws IOException {
        return PartitionFixture.open(builder -> settings.apply(
                builder.prefill(false).proofDelay(Duration.ofHours(1)).maxUnforcedAge(Duration.ofHours(1))));
    }

    private static long sizeOfActive(PartitionFixture log) {
        return log.disk.contents(PartitionFixture.DIRECTORY.resolve("00000000000000000000-00000001.seg")).length;
    }

    private static <T> CompletableFuture<T> inAnotherThread(java.util.concurrent.Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
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
}
