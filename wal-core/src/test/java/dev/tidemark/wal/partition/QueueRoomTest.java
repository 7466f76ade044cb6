package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.AppendTest.assertRefused;
import static dev.tidemark.wal.partition.AppendTest.join;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Appends for which there is no memory: P9 and P10 where they wait, are refused, or are told not to wait. */
class QueueRoomTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int QUEUE_BYTES = 64 << 10;

    /** Without prefill and timers, so that only appends touch the disk. */
    private static PartitionFixture small() throws IOException {
        return PartitionFixture.open(settings -> settings.prefill(false)
                .proofDelay(Duration.ofHours(1))
                .maxUnforcedAge(Duration.ofHours(1))
                .maxRoundBytes(16 << 10)
                .partitionQueueBytes(QUEUE_BYTES)
                .storeQueueBytes(QUEUE_BYTES));
    }

    private static AppendRequest request(int bytes) {
        return AppendRequest.of(new byte[bytes]).withTimeout(SOON);
    }

    // ---------------------------------------------------------------- the store's budget

    @Test
    void storeQueueIsFull_whoMustNotWaitGetsNothingAtOnce() throws Exception {
        try (PartitionFixture log = small()) {
            assertThat(log.budget.tryTake(QUEUE_BYTES)).isTrue();
            assertThat(log.partition.tryEnqueue(request(100))).isEmpty();
            log.budget.give(QUEUE_BYTES);
            assertThat(log.partition.tryEnqueue(request(100))).isPresent();
        }
    }

    @Test
    void storeQueueHasRoomAgain_theWaitingAppendIsAccepted() throws Exception {
        try (PartitionFixture log = small()) {
            assertThat(log.budget.tryTake(QUEUE_BYTES)).isTrue();
            AtomicReference<Thread> caller = new AtomicReference<>();
            CompletableFuture<Long> waiting = inThread(caller, () -> log.partition.append(request(100)));
            Awaitility.await().atMost(SOON).until(() -> log.budget.waitingCallers() == 1);
            log.budget.give(QUEUE_BYTES);
            assertThat(join(waiting)).isZero();
        }
    }

    @Test
    void interruptedWhileTheStoreQueueIsFull_nothingIsAppended() throws Exception {
        try (PartitionFixture log = small()) {
            assertThat(log.budget.tryTake(QUEUE_BYTES)).isTrue();
            AtomicReference<Thread> caller = new AtomicReference<>();
            CompletableFuture<Long> waiting = inThread(caller, () -> log.partition.append(request(100)));
            Awaitility.await().atMost(SOON).until(() -> log.budget.waitingCallers() == 1);

            caller.get().interrupt();

            assertInterrupted(waiting);
            log.budget.give(QUEUE_BYTES);
            assertThat(log.partition.append(request(100)))
                    .as("the offset was not used")
                    .isZero();
        }
    }

    // ---------------------------------------------------------------- the partition's queue

    @Test
    void interruptedWhileThePartitionsQueueIsFull_nothingIsAppended() throws Exception {
        // A store with more room than the partition, so that the wait is the partition's.
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.prefill(false).maxRoundBytes(16 << 10).partitionQueueBytes(QUEUE_BYTES))) {
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            Appended first = log.partition.enqueue(request(60 << 10));
            write.awaitArrival(SOON);
            AtomicReference<Thread> caller = new AtomicReference<>();
            CompletableFuture<Long> waiting = inThread(caller, () -> log.partition.append(request(8 << 10)));
            Awaitility.await()
                    .atMost(SOON)
                    .until(() -> caller.get() != null && caller.get().getState() == Thread.State.TIMED_WAITING);

            caller.get().interrupt();

            assertInterrupted(waiting);
            write.open();
            assertThat(join(first.durable().toCompletableFuture())).isZero();
            assertThat(log.partition.append(request(10))).isEqualTo(1);
        }
    }

    @Test
    void appendLargerThanTheQueue_isRefusedAtOnceAndNotAtTheDeadline() throws Exception {
        try (PartitionFixture log = small()) {
            assertRefused(ErrorCode.APPEND_TOO_LARGE, () -> log.partition.append(request(QUEUE_BYTES)));
            assertThat(log.partition.append(request(QUEUE_BYTES - 200))).isZero();
        }
    }

    // ---------------------------------------------------------------- direct memory

    @Test
    void noDirectMemory_appendsAreRefusedAndNothingIsKept() throws Exception {
        List<AppendRequest> requests = List.of(
                request(100),
                // Copied into memory of its own, outside of a round.
                request(40 << 10),
                AppendRequest.of(List.of(WalRecord.of(new byte[100]))));
        try (PartitionFixture log = small()) {
            log.isMemoryShort.set(true);
            for (AppendRequest request : requests) {
                assertRefused(ErrorCode.APPEND_REJECTED, () -> log.partition.append(request));
            }
            log.isMemoryShort.set(false);
            assertThat(log.budget.tryTake(QUEUE_BYTES)).as("all was given back").isTrue();
            log.budget.give(QUEUE_BYTES);
            long expected = 0;
            for (AppendRequest request : requests) {
                assertThat(log.partition.append(request)).isEqualTo(expected++);
            }
        }
    }

    // ----------------------------------------------------------------

    private interface Call {
        long run();
    }

    private static CompletableFuture<Long> inThread(AtomicReference<Thread> caller, Call call) {
        CompletableFuture<Long> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(call.run());
            } catch (WalException e) {
                // Where it stands when it is thrown is part of what is promised.
                result.completeExceptionally(
                        Thread.currentThread().isInterrupted() ? e : new AssertionError("the interrupt is gone", e));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        caller.set(thread);
        thread.start();
        return result;
    }

    private static void assertInterrupted(CompletableFuture<Long> waiting) {
        assertThat(waiting)
                .failsWithin(SOON.toSeconds(), TimeUnit.SECONDS)
                .withThrowableThat()
                .havingCause()
                .isInstanceOfSatisfying(
                        AppendRefusedException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
    }
}
