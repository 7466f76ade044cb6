package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.AppendTest.assertRefused;
import static dev.tidemark.wal.partition.AppendTest.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.Timers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens when two threads, each with one of the two rights, meet different ends. */
class RoundWriterTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int WRONG_CHECKSUM = 1;
    /** Nobody has to wait so long for a lock, unless the test wants it. */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(1);

    @Test
    void forceFailsBesideARefusedWrite_thatAppendIsToldToo() throws Exception {
        try (PartitionFixture log = PartitionFixture.open(RoundWriterTest::quiet)) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            Appended forced = log.partition.enqueue(bytes("forced"));
            force.awaitArrival(SOON);
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(8));
            Appended refused =
                    log.partition.enqueue(AppendRequest.of(bytes("refused")).withDurability(Durability.WRITTEN));
            Awaitility.await().until(() -> log.events.contains("full"));
            force.open();
            assertUnknown(forced.durable().toCompletableFuture());
            assertUnknown(refused.written().toCompletableFuture());
            assertUnknown(refused.durable().toCompletableFuture());
            log.awaitQuiet();
            assertThat(log.budget.takenBytes()).isZero();
        }
    }

    @Test
    void writeReturnsAfterAForceHasFailed_nothingIsForcedAgain() throws Exception {
        Interposed time = new Interposed();
        try (PartitionFixture log = PartitionFixture.open(RoundWriterTest::quiet, time)) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            log.disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
            Appended first = log.partition.enqueue(bytes("first"));
            force.awaitArrival(SOON);
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            Appended second =
                    log.partition.enqueue(AppendRequest.of(bytes("second")).withDurability(Durability.WRITTEN));
            write.awaitArrival(SOON);
            force.open();
            assertUnknown(first.durable().toCompletableFuture());
            Awaitility.await().until(() -> log.events.contains("failed PARTITION_FAILED"));
            long forces = log.disk.count(Operation.Kind.FORCE);
            // The writer arms the timer for unforced bytes when its round is there to be forced; somebody may come by
            // just then.
            time.duringNextSchedule.set(task -> {
                task.run();
                CyclicBarrier bothFlushers = new CyclicBarrier(2);
                log.services.flushers().submit(() -> meet(bothFlushers));
                meet(bothFlushers);
            });
            write.open();
            assertUnknown(second.durable().toCompletableFuture());
            log.awaitQuiet();
            assertThat(log.disk.count(Operation.Kind.FORCE)).isEqualTo(forces);
            assertThat(log.partition.ends().durable()).isZero();
        }
    }

    @Test
    void wakeUpThatIsUsedUpOnTheWayToWaiting_isNotMissed() throws Exception {
        Interposed time = new Interposed();
        try (PartitionFixture log = PartitionFixture.open(RoundWriterTest::quiet, time)) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            Appended first = log.partition.enqueue(bytes("first"));
            force.awaitArrival(SOON);
            CompletableFuture<Long> second = new CompletableFuture<>();
            Thread caller = new Thread(() -> second.complete(
                    log.partition.append(AppendRequest.of(bytes("second")).withTimeout(Duration.ofMinutes(30)))));
            caller.setDaemon(true);
            // The last thing a caller does before it waits is to ask how long.
            time.whenAsked.set(() -> {
                if (Thread.currentThread() == caller && log.partition.ends().logEnd() == 2) {
                    time.whenAsked.set(null);
                    force.open();
                    Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .until(() -> log.partition.ends().durable() == 2);
                    log.awaitQuiet();
                    // As a lock inside of a queue or a timer does when it is not free at once.
                    LockSupport.parkNanos(1);
                }
            });
            caller.start();
            assertThat(second.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(1);
            assertThat(join(first.durable().toCompletableFuture())).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void lingerIsOverAfterSoManyLooksAtTheClock_theAppendIsWritten(int looks) throws Exception {
        Duration linger = Duration.ofMillis(1);
        try (PartitionFixture log = PartitionFixture.open(
                settings -> quiet(settings).maxLinger(linger), new MovingOn(linger.toNanos() / looks))) {
            Appended append = log.partition.enqueue(bytes("alone"));
            assertThat(append.durable()
                            .toCompletableFuture()
                            .orTimeout(60, TimeUnit.SECONDS)
                            .join())
                    .isZero();
        }
    }

    @Test
    void lockIsNotFreeInTimeForAWrite_theAppendThatWaitsForItIsNotRefused() throws Exception {
        Interposed time = new Interposed();
        MeterRegistry meters = new SimpleMeterRegistry();
        // With a linger whoever is about to write asks for the time, with the append staged and no lock held.
        try (PartitionFixture log = PartitionFixture.open(
                settings -> quiet(settings)
                        .lockTimeout(LOCK_TIMEOUT)
                        .maxLinger(Duration.ofMillis(1))
                        .meters(meters),
                time)) {
            CountDownLatch isHeld = new CountDownLatch(1);
            CountDownLatch letGo = new CountDownLatch(1);
            CompletableFuture<Long> first = new CompletableFuture<>();
            CompletableFuture<Long> second = new CompletableFuture<>();
            Thread other = appending(log, "second", second);
            time.whenAsked.set(() -> {
                boolean isLocked = HeldLocks.describe().contains(LockRank.PARTITION.label());
                if (Thread.currentThread() == other) {
                    if (isLocked) {
                        // In the middle of its append, for far too long, as on a machine that is short of memory.
                        time.whenAsked.set(null);
                        isHeld.countDown();
                        await(letGo);
                    }
                } else if (!isLocked && log.partition.ends().logEnd() == 1) {
                    if (other.getState() == Thread.State.NEW) {
                        other.start();
                    }
                    await(isHeld);
                }
            });
            appending(log, "first", first).start();
            await(isHeld);
            Timer waits = log.services.meters().lockWait(LockRank.PARTITION.label());
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> waits.max(TimeUnit.MILLISECONDS) >= LOCK_TIMEOUT.toMillis());
            letGo.countDown();
            assertThat(first.orTimeout(60, TimeUnit.SECONDS).join()).isZero();
            assertThat(second.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(1);
        }
    }

    @Test
    void lockIsNotFreeInTimeForWhatAForceHasToTell_thePartitionGoesOn() throws Exception {
        Interposed time = new Interposed();
        try (PartitionFixture log =
                PartitionFixture.open(settings -> quiet(settings).lockTimeout(LOCK_TIMEOUT), time)) {
            Gate force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
            Appended first = log.partition.enqueue(bytes("first"));
            force.awaitArrival(SOON);
            CountDownLatch isHeld = new CountDownLatch(1);
            CountDownLatch letGo = new CountDownLatch(1);
            CompletableFuture<Long> second = new CompletableFuture<>();
            Thread other = appending(log, "second", second);
            time.whenAsked.set(() -> {
                if (Thread.currentThread() == other && HeldLocks.describe().contains(LockRank.PARTITION.label())) {
                    time.whenAsked.set(null);
                    isHeld.countDown();
                    await(letGo);
                }
            });
            other.start();
            await(isHeld);
            force.open();
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(RoundWriterTest::somebodyWaitsForWork);
            // It waits for longer than this one does.
            assertThatThrownBy(() -> log.partition.enqueue(bytes("refused")))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCK_TIMEOUT));
            letGo.countDown();
            assertThat(join(first.durable().toCompletableFuture())).isZero();
            assertThat(second.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(1);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
        }
    }

    private static boolean somebodyWaitsForWork() {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getMethodName().equals("lockForWork"));
    }

    @Test
    void wrongChecksumBehindAStagedProof_leavesTheProofWhole() throws Exception {
        ManualClock clock = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.proofDelay(Duration.ofMillis(100)).maxUnforcedAge(Duration.ofHours(1)), clock)) {
            log.partition.append(bytes("first"));
            log.awaitQuiet();
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            Appended second = log.partition.enqueue(bytes("second"));
            write.awaitArrival(SOON);
            clock.advance(Duration.ofSeconds(1));
            assertRefused(
                    ErrorCode.CHECKSUM_MISMATCH,
                    () -> log.partition.enqueue(AppendRequest.of(bytes("bad")).withChecksum(WRONG_CHECKSUM)));
            write.open();
            assertThat(join(second.durable().toCompletableFuture())).isEqualTo(1);
            assertThat(log.partition.append(bytes("third"))).isEqualTo(2);
            assertThat(log.partition.state()).isEqualTo(LifeState.OPEN);
        }
    }

    @Test
    void errorWhileARefusedWriteIsUndone_stopsThePartition() throws Exception {
        try (PartitionFixture log = PartitionFixture.open(RoundWriterTest::quiet)) {
            log.disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)).afterBytes(8));
            log.disk.inject(
                    Fault.thrown(CallMatch.on(Operation.Kind.TRUNCATE), path -> new StackOverflowError("planted")));
            assertThatThrownBy(() -> log.partition.append(bytes("x")))
                    .isInstanceOf(OutcomeUnknownException.class)
                    .hasRootCauseInstanceOf(StackOverflowError.class);
            assertThat(log.partition.state()).isEqualTo(LifeState.FAILED);
        }
    }

    // ----------------------------------------------------------------

    /** Without prefill and timers, so that only appends touch the disk. */
    private static WalConfig.Builder quiet(WalConfig.Builder settings) {
        return settings.prefill(false).proofDelay(Duration.ofHours(1)).maxUnforcedAge(Duration.ofHours(1));
    }

    /** A thread that appends once. */
    private static Thread appending(PartitionFixture log, String value, CompletableFuture<Long> outcome) {
        Thread caller = new Thread(() -> {
            try {
                outcome.complete(
                        log.partition.append(AppendRequest.of(bytes(value)).withTimeout(Duration.ofMinutes(30))));
            } catch (Throwable t) {
                outcome.completeExceptionally(t);
            }
        });
        caller.setDaemon(true);
        return caller;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertUnknown(CompletableFuture<Long> outcome) {
        assertThatThrownBy(() -> join(outcome))
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        OutcomeUnknownException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("the other did not come", e);
        }
    }

    private interface During {
        void schedule(Runnable task);
    }

    /** Real time, and a word in between while a timer is armed or the time is asked for. */
    private static final class MovingOn implements Clock, Timers {
        private final long stepNanos;
        private final AtomicLong looks = new AtomicLong();

        /** Time goes on by this much whenever somebody looks, and not in between; what is scheduled is not late by it. */
        MovingOn(long stepNanos) {
            this.stepNanos = stepNanos;
        }

        @Override
        public long millis() {
            return 0;
        }

        @Override
        public long nanos() {
            return looks.incrementAndGet() * stepNanos;
        }

        @Override
        public Cancellable schedule(Runnable task, long delayNanos) {
            return Environment.real().timers().schedule(task, delayNanos);
        }
    }

    private static final class Interposed implements Clock, Timers {
        private final Environment real = Environment.real();
        final AtomicReference<During> duringNextSchedule = new AtomicReference<>();
        final AtomicReference<@Nullable Runnable> whenAsked = new AtomicReference<>();

        @Override
        public long millis() {
            ask();
            return real.clock().millis();
        }

        @Override
        public long nanos() {
            ask();
            return real.clock().nanos();
        }

        private void ask() {
            Runnable asked = whenAsked.get();
            if (asked != null) {
                asked.run();
            }
        }

        @Override
        public Cancellable schedule(Runnable task, long delayNanos) {
            During during = duringNextSchedule.getAndSet(null);
            if (during != null) {
                during.schedule(task);
            }
            return real.timers().schedule(task, delayNanos);
        }
    }
}
