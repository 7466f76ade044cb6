package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What a caller can append, in which form, and what it is told. */
class AppendTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void offsetsAreDenseAndInOrder() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            for (int i = 0; i < 100; i++) {
                assertThat(log.partition.append(bytes("value " + i))).isEqualTo(i);
            }
            assertThat(values(log)).hasSize(100).first().isEqualTo("value 0");
        }
    }

    @Test
    void payloadThatWasReleased_isRefusedAndTheLogGoesOn() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            log.partition.append(bytes("first"));
            for (int length : new int[] {0, 100, 16_384, 70_000, 200_000}) {
                for (ByteBuf payload : List.of(Unpooled.directBuffer(length + 1), Unpooled.buffer(length + 1))) {
                    payload.writeZero(length).release();
                    AppendRequest request = AppendRequest.of(payload);
                    for (ThrowingCallable append : List.<ThrowingCallable>of(
                            () -> log.partition.append(request),
                            () -> log.partition.appendAsync(request),
                            () -> log.partition.tryEnqueue(request))) {
                        assertThatThrownBy(append)
                                .as("length=%s direct=%s", length, payload.isDirect())
                                .isInstanceOfSatisfying(
                                        InvalidCallException.class,
                                        e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID));
                    }
                }
            }
            assertThat(log.partition.append(bytes("second"))).isEqualTo(1);
            assertThat(values(log)).containsExactly("first", "second");
        }
    }

    @Test
    void payloadThatWasReleased_leavesTheRoundOfTheOthersAsItWas() throws Exception {
        try (PartitionFixture log = PartitionFixture.open()) {
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            log.partition.enqueue(bytes("being written"));
            write.awaitArrival(SOON);
            log.partition.enqueue(bytes("waiting"));
            ByteBuf payload = Unpooled.buffer(100).writeZero(100);
            payload.release();
            AppendRequest request = AppendRequest.of(payload);
            assertThatThrownBy(() -> log.partition.enqueue(request)).isInstanceOf(InvalidCallException.class);
            Appended last = log.partition.enqueue(new byte[1000]);
            write.open();
            last.durable().toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertThat(values(log)).hasSize(3).startsWith("being written", "waiting");
        }
    }

    @Test
    void payloadThatWasReleased_leavesNoCopyBehind() {
        UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
        ByteBuf payload = Unpooled.buffer(200_000).writeZero(200_000);
        payload.release();
        assertThatThrownBy(() ->
                        Payloads.own(payload, 200_000, FrameCodec.HEADER_BYTES, Payloads.Place.IN_OWN_FRAME, memory))
                .isInstanceOf(RuntimeException.class);
        assertThat(memory.metric().usedDirectMemory()).isZero();
    }

    @Test
    void closedPartition_refusesToSyncAsItRefusesToAppend() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            log.partition.append(bytes("first"));
            log.close();
            for (ThrowingCallable call : List.<ThrowingCallable>of(log.partition::sync, log.partition::rotate)) {
                assertThatThrownBy(call)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
            }
        }
    }

    @Test
    void everyFormOfPayloadIsReadBackByteForByte() throws IOException {
        PooledByteBufAllocator memory = PooledByteBufAllocator.DEFAULT;
        int[] lengths = {0, 1, 7, 8, 9, 4_000, 16_383, 16_384, 16_389, 70_001, 1_500_003};
        try (PartitionFixture log = PartitionFixture.open()) {
            List<byte[]> expected = new ArrayList<>();
            List<Appended> appended = new ArrayList<>();
            List<ByteBuf> owned = new ArrayList<>();
            for (int length : lengths) {
                byte[] value = random(length, length);
                ByteBuffer direct = ByteBuffer.allocateDirect(length + 3);
                direct.position(2).put(2, value).limit(2 + length);
                ByteBuf directBuf = memory.directBuffer(length + 5)
                        .writeZero(5)
                        .writeBytes(value)
                        .skipBytes(5);
                ByteBuf composite = Unpooled.wrappedBuffer(
                        Arrays.copyOfRange(value, 0, length / 2), Arrays.copyOfRange(value, length / 2, length));
                owned.add(directBuf);
                List<AppendRequest> forms = List.of(
                        AppendRequest.of(value),
                        AppendRequest.of(ByteBuffer.wrap(value)),
                        AppendRequest.of(ByteBuffer.wrap(value).asReadOnlyBuffer()),
                        AppendRequest.of(direct),
                        AppendRequest.of(directBuf),
                        AppendRequest.of(composite));
                for (AppendRequest form : forms) {
                    appended.add(log.partition.enqueue(form));
                    expected.add(value);
                }
            }
            appended.forEach(append -> join(append.durable().toCompletableFuture()));
            try (Cursor cursor = log.partition.read(From.start())) {
                for (byte[] value : expected) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(value);
                }
                assertThat(cursor.next()).isFalse();
            }
            for (ByteBuf buffer : owned) {
                assertThat(buffer.refCnt())
                        .as("the log has let go of the buffer")
                        .isEqualTo(1);
                buffer.release();
            }
        }
    }

    @Test
    void arrayChangedAfterTheCall_isNotChangedInTheLog() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            byte[] reused = bytes("first!");
            Appended append = log.partition.enqueue(reused);
            Arrays.fill(reused, (byte) 'x');
            join(append.durable().toCompletableFuture());
            assertThat(values(log)).containsExactly("first!");
        }
    }

    @Test
    void batchTakesAnOffsetForEachRecord() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            log.partition.append(bytes("before"));
            long first = log.partition.append(List.of(
                    WalRecord.of(bytes("k"), bytes("a")),
                    WalRecord.of(bytes("b")).withHeaders(List.of(Header.of("h", bytes("v")))),
                    WalRecord.of(bytes("c")).withTimestamp(42)));
            assertThat(first).isEqualTo(1);
            assertThat(log.partition.append(bytes("after"))).isEqualTo(4);
            try (Cursor cursor = log.partition.read(From.offset(2))) {
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(2);
                assertThat(cursor.kind()).isEqualTo(EntryKind.RECORD);
                assertThat(cursor.headers()).containsExactly(Header.of("h", bytes("v")));
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.timestampMillis()).isEqualTo(42);
            }
        }
    }

    @Test
    void opaqueBatchTakesTheCountThatTheCallerSays() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            assertThat(log.partition.append(AppendRequest.opaque(bytes("abc"), 1000)))
                    .isZero();
            assertThat(log.partition.append(bytes("next"))).isEqualTo(1000);
        }
    }

    @Test
    void payloadsOfEveryPlaceInOneRound_lieBehindEachOther() throws Exception {
        int copied = 1_001;
        int ownFrame = 70_003;
        int handedOver = AppendRequest.DIRECT_WRITE_BYTES + 5;
        int[] lengths = {
            copied, ownFrame, handedOver, ownFrame, copied, handedOver, handedOver, copied, ownFrame, handedOver
        };
        List<byte[]> expected = new ArrayList<>();
        try (PartitionFixture log = PartitionFixture.open(settings ->
                        settings.segmentBytes(4 << 20).maxRoundBytes(1 << 20).prefill(false));
                var force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE))) {
            Appended first = log.partition.enqueue(bytes("alone"));
            force.awaitArrival(SOON);
            for (int i = 0; i < lengths.length; i++) {
                byte[] value = random(lengths[i], i);
                expected.add(value);
                ByteBuf buffer = PooledByteBufAllocator.DEFAULT
                        .directBuffer(value.length)
                        .writeBytes(value);
                try {
                    log.partition.enqueue(
                            lengths[i] == handedOver ? AppendRequest.of(buffer) : AppendRequest.of(value));
                } finally {
                    buffer.release();
                }
            }
            force.open();
            join(first.durable().toCompletableFuture());
            assertThat(log.partition.sync()).isEqualTo(1 + lengths.length);
            try (Cursor cursor = log.partition.read(From.offset(1))) {
                for (byte[] value : expected) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(value);
                }
            }
        }
    }

    @Test
    void expectedOffset_isAcceptedOnlyAtTheEndOfTheLog() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            assertThat(log.partition.append(AppendRequest.of(bytes("a")).withExpectedOffset(0)))
                    .isZero();
            assertRefused(
                    ErrorCode.OFFSET_MISMATCH,
                    () -> log.partition.append(AppendRequest.of(bytes("b")).withExpectedOffset(0)));
            assertThat(log.partition.append(AppendRequest.of(bytes("b")).withExpectedOffset(1)))
                    .isEqualTo(1);
        }
    }

    @Test
    void checksumOfTheProducer_isVerifiedBeforeTheAppendIsAccepted() throws IOException {
        for (int length : new int[] {10, 100_000}) {
            try (PartitionFixture log = PartitionFixture.open()) {
                byte[] value = random(length, 1);
                CRC32C crc = new CRC32C();
                crc.update(value);
                int good = (int) crc.getValue();
                assertRefused(
                        ErrorCode.CHECKSUM_MISMATCH,
                        () -> log.partition.append(AppendRequest.of(value).withChecksum(good + 1)));
                assertThat(log.partition.ends().logEnd()).isZero();
                assertThat(log.partition.append(AppendRequest.of(value).withChecksum(good)))
                        .isZero();
            }
        }
    }

    @Test
    void appendThatCanNeverFit_isRefusedAtOnce() throws IOException {
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.segmentBytes(16 << 10).maxAppendBytes(1 << 20))) {
            assertRefused(ErrorCode.APPEND_TOO_LARGE, () -> log.partition.append(new byte[16 << 10]));
            int largest = log.services.config().largestAppendBytes();
            assertThat(log.partition.append(new byte[largest])).isZero();
            assertThat(log.partition.append(new byte[largest])).isEqualTo(1);
        }
    }

    @Test
    void stagesCompleteInTheOrderWrittenThenDurable() throws Exception {
        try (PartitionFixture log = PartitionFixture.open();
                var force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            Appended append = log.partition.enqueue(bytes("x"));
            force.awaitArrival(SOON);
            assertThat(join(append.written().toCompletableFuture())).isZero();
            assertThat(append.durable().toCompletableFuture()).isNotDone();
            assertThat(log.partition.ends().written()).isEqualTo(1);
            assertThat(log.partition.ends().durable()).isZero();
            force.open();
            assertThat(join(append.durable().toCompletableFuture())).isZero();
            assertThat(log.partition.ends().durable()).isEqualTo(1);
        }
    }

    @Test
    void nobodyButTheLogSettlesAStage() throws Exception {
        try (PartitionFixture log = PartitionFixture.open();
                var force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            Appended append = log.partition.enqueue(bytes("x"));
            force.awaitArrival(SOON);
            CompletableFuture<Long> cast = (CompletableFuture<Long>) append.durable();
            assertThat(cast.complete(7L)).isFalse();
            assertThat(cast.cancel(true)).isFalse();
            assertThat(cast.completeExceptionally(new IllegalStateException())).isFalse();
            cast.obtrudeValue(8L);
            cast.orTimeout(1, TimeUnit.NANOSECONDS);
            cast.completeOnTimeout(9L, 1, TimeUnit.NANOSECONDS);
            cast.completeAsync(() -> 10L, Runnable::run);
            CompletableFuture<Long> copy = append.durable().toCompletableFuture();
            assertThat(copy.cancel(true)).as("a copy is the caller's own").isTrue();
            force.open();
            assertThat(join(append.durable().toCompletableFuture())).isZero();
        }
    }

    @Test
    void futureOfAnAsynchronousAppend_isItsCallersAndTheAppendIsNot() throws Exception {
        try (PartitionFixture log = PartitionFixture.open();
                var force = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE))) {
            CompletableFuture<Long> cancelled = log.partition.appendAsync(bytes("cancelled"));
            CompletableFuture<Long> completed = log.partition.appendAsync(AppendRequest.of(bytes("completed")));
            force.awaitArrival(SOON);
            assertThat(cancelled.cancel(true)).isTrue();
            assertThat(completed.complete(7L)).isTrue();
            force.open();
            assertThat(log.partition.append(bytes("third"))).isEqualTo(2);
            assertThat(cancelled).isCancelled();
            assertThat(join(completed)).isEqualTo(7);
            assertThat(values(log)).containsExactly("cancelled", "completed", "third");
        }
    }

    @Test
    void appendThatWantsLess_isNotForcedForItself() throws IOException {
        ManualClock time = new ManualClock();
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.prefill(false), time)) {
            long forces = log.disk.count(Operation.Kind.FORCE);
            assertThat(log.partition.append(bytes("w"), Durability.WRITTEN)).isZero();
            assertThat(log.partition.append(bytes("a"), Durability.ACCEPTED)).isEqualTo(1);
            assertThat(log.disk.count(Operation.Kind.FORCE)).isEqualTo(forces);
            assertThat(log.partition.ends().durable()).isZero();
            assertThat(log.partition.sync()).isEqualTo(2);
            assertThat(log.partition.ends().durable()).isEqualTo(2);
        }
    }

    @Test
    void unforcedBytes_areForcedWhenTheirTimeHasCome() throws Exception {
        ManualClock time = new ManualClock();
        // Without prepared zeros: the force that ends a prefill makes the append durable before its time.
        try (PartitionFixture log = PartitionFixture.open(
                settings -> settings.prefill(false).maxUnforcedAge(Duration.ofMillis(50)), time)) {
            Appended append = log.partition.enqueue(AppendRequest.of(bytes("w")).withDurability(Durability.WRITTEN));
            join(append.written().toCompletableFuture());
            assertThat(append.durable().toCompletableFuture()).isNotDone();
            Awaitility.await().until(() -> time.waitingTasks() > 0);
            time.advance(Duration.ofMillis(50));
            assertThat(join(append.durable().toCompletableFuture())).isZero();
        }
    }

    @Test
    void syncOfAnIdleLog_touchesNothing() throws IOException {
        try (PartitionFixture log = PartitionFixture.open()) {
            long operations = log.disk.operations().size();
            assertThat(log.partition.sync()).isZero();
            assertThat(log.disk.operations()).hasSize((int) operations);
        }
    }

    @Test
    void roundOnPreparedZeros_needsOneForceAndNothingElse() throws Exception {
        // The time stands still, so that no proof is written in between.
        try (PartitionFixture log = PartitionFixture.open(settings -> settings, new ManualClock())) {
            log.partition.append(bytes("first"));
            Awaitility.await().until(() -> log.partition.describe().fileBytes() > 60_000);
            log.awaitQuiet();
            long before = log.disk.count(Operation.Kind.FORCE);
            int operations = log.disk.operations().size();
            log.partition.append(bytes("third"));
            assertThat(log.disk.count(Operation.Kind.FORCE)).isEqualTo(before + 1);
            assertThat(log.disk
                            .operations()
                            .subList(operations, log.disk.operations().size()))
                    .extracting(Operation::kind)
                    .containsExactly(Operation.Kind.WRITE, Operation.Kind.FORCE);
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

    static void assertRefused(ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    static <T> T join(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }
}
