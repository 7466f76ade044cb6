package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Appending: offsets, shapes, durabilities, conditions, checksums, producers. */
abstract class AppendContract extends PartitionContract {

    @Test
    void appendsOneAfterTheOther_getOffsetsWithoutGaps() {
        Partition partition = fresh();
        for (int i = 0; i < 20; i++) {
            assertThat(partition.append(bytes("value " + i))).isEqualTo(i);
        }
        Ends ends = partition.ends();
        assertThat(ends.start()).isZero();
        assertThat(ends.readable()).isEqualTo(20);
        assertThat(ends.logEnd()).isEqualTo(20);
    }

    @Test
    void valueIsGivenInEveryForm_isTheSameInTheLog() {
        Partition partition = fresh();
        ByteBuffer window = ByteBuffer.wrap(bytes("xxvaluexx"), 2, 5);
        ByteBuf netty = Unpooled.directBuffer().writeBytes(bytes("xxvalue"));
        netty.skipBytes(2);
        partition.append(bytes("value"));
        partition.append(window);
        partition.append(AppendRequest.of(window.duplicate()));
        partition.append(AppendRequest.of(netty));
        assertThat(window.position()).isEqualTo(2);
        assertThat(netty.readableBytes()).isEqualTo(5);
        assertThat(netty.release()).as("the log has let go of it").isTrue();
        assertThat(read(partition, From.start())).containsExactly("0=value", "1=value", "2=value", "3=value");
    }

    @Test
    void arrayIsChangedAfterTheCall_theLogHasWhatItWas() throws Exception {
        Partition partition = fresh();
        byte[] value = bytes("before");
        CompletableFuture<Long> later = partition.appendAsync(value);
        value[0] = 'X';
        await(later);
        assertThat(read(partition, From.start())).containsExactly("0=before");
    }

    @Test
    void emptyValue_isAValue() {
        Partition partition = fresh();
        partition.append(new byte[0]);
        assertThat(read(partition, From.start())).containsExactly("0=");
    }

    @Test
    void largeValue_isReadWhole() {
        Partition partition = fresh();
        byte[] value = new byte[3 << 20];
        for (int i = 0; i < value.length; i++) {
            value[i] = (byte) (i * 31 >>> 3);
        }
        partition.append(bytes("before"));
        partition.append(value);
        partition.append(bytes("after"));
        try (Cursor cursor = partition.read(From.offset(1))) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.value()).isEqualTo(value);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.value()).isEqualTo(bytes("after"));
        }
    }

    @Test
    void batch_takesAnOffsetForEachRecord_andKeepsAllOfThem() {
        Partition partition = fresh();
        partition.append(bytes("before"));
        long first = partition.append(List.of(
                WalRecord.of(bytes("a")),
                WalRecord.of(bytes("key"), bytes("b")).withTimestamp(1_700_000_000_123L),
                WalRecord.of(new byte[0], bytes("c"))
                        .withHeaders(List.of(Header.of("h", bytes("1")), Header.of("h", new byte[0])))));
        assertThat(first).isEqualTo(1);
        assertThat(partition.append(bytes("after"))).isEqualTo(4);
        try (Cursor cursor = partition.read(From.offset(1))) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.kind()).isEqualTo(EntryKind.RECORD);
            assertThat(cursor.key()).isEmpty();
            assertThat(cursor.headers()).isEmpty();
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isEqualTo(2);
            assertThat(cursor.key()).hasValueSatisfying(key -> assertThat(key).isEqualTo(bytes("key")));
            assertThat(cursor.timestampMillis()).isEqualTo(1_700_000_000_123L);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).hasValueSatisfying(key -> assertThat(key).isEmpty());
            assertThat(cursor.headers()).containsExactly(Header.of("h", bytes("1")), Header.of("h", new byte[0]));
            assertThat(cursor.nextOffset()).isEqualTo(4);
        }
    }

    @Test
    void loneValue_isARawEntry() {
        Partition partition = fresh();
        partition.append(bytes("lone"));
        try (Cursor cursor = partition.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.kind()).isEqualTo(EntryKind.RAW);
            assertThat(cursor.key()).isEmpty();
            assertThat(cursor.headers()).isEmpty();
            assertThat(cursor.count()).isEqualTo(1);
        }
    }

    @Test
    void opaqueBatch_isOneEntryForAllItsOffsets() {
        Partition partition = fresh();
        assertThat(partition.append(AppendRequest.opaque(bytes("their batch"), 7)))
                .isZero();
        assertThat(partition.append(AppendRequest.opaque(ByteBuffer.wrap(bytes("another")), 2)))
                .isEqualTo(7);
        try (Cursor cursor = partition.read(From.offset(3))) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isZero();
            assertThat(cursor.kind()).isEqualTo(EntryKind.OPAQUE);
            assertThat(cursor.count()).isEqualTo(7);
            assertThat(cursor.nextOffset()).isEqualTo(7);
            assertThat(text(cursor.value())).isEqualTo("their batch");
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyDurability_isAcknowledged_andReadableInTheEnd(Durability durability) throws Exception {
        Partition partition = fresh();
        assertThat(partition.append(bytes("a"), durability)).isZero();
        assertThat(await(partition.appendAsync(AppendRequest.of(bytes("b")).withDurability(durability))))
                .isEqualTo(1);
        if (durability == Durability.WRITTEN) {
            assertThat(partition.ends().written()).isGreaterThanOrEqualTo(2);
        } else if (durability == Durability.SYNCED) {
            assertThat(partition.ends().durable()).isGreaterThanOrEqualTo(2);
        }
        partition.append(bytes("c"));
        assertThat(read(partition, From.start())).containsExactly("0=a", "1=b", "2=c");
    }

    @Test
    void asynchronousAppends_completeInOrder_withOffsetsInTheOrderOfTheCalls() throws Exception {
        Partition partition = fresh();
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            futures.add(partition.appendAsync(bytes("v" + i)));
        }
        for (int i = 0; i < 500; i++) {
            assertThat(await(futures.get(i))).isEqualTo(i);
        }
        List<String> entries = read(partition, From.start());
        assertThat(entries).hasSize(500);
        for (int i = 0; i < 500; i++) {
            assertThat(entries.get(i)).isEqualTo(i + "=v" + i);
        }
    }

    @Test
    void codeThatDependsOnAnAppend_mayAppendAndWait() throws Exception {
        Partition partition = fresh();
        CompletableFuture<Long> second =
                partition.appendAsync(bytes("first")).thenApply(offset -> partition.append(bytes("after " + offset)));
        assertThat(await(second)).isEqualTo(1);
    }

    @Test
    void cancelledFuture_doesNotTouchTheAppend() throws Exception {
        Partition partition = fresh();
        for (int i = 0; i < 20; i++) {
            partition.appendAsync(bytes("v" + i)).cancel(true);
        }
        assertThat(partition.append(bytes("last"))).isEqualTo(20);
        assertThat(read(partition, From.start())).hasSize(21);
    }

    // ---------------------------------------------------------------- conditions

    @Test
    void expectedOffset_isTheEnd_orTheAppendIsRefused() {
        Partition partition = fresh();
        assertThat(partition.append(AppendRequest.of(bytes("a")).withExpectedOffset(0)))
                .isZero();
        assertFails(
                AppendRefusedException.class,
                ErrorCode.OFFSET_MISMATCH,
                () -> partition.append(AppendRequest.of(bytes("b")).withExpectedOffset(0)));
        assertFutureFails(
                AppendRefusedException.class,
                ErrorCode.OFFSET_MISMATCH,
                () -> partition.appendAsync(AppendRequest.of(bytes("b")).withExpectedOffset(5)));
        assertThat(partition.append(AppendRequest.of(bytes("c")).withExpectedOffset(1)))
                .isEqualTo(1);
        assertThat(read(partition, From.start())).containsExactly("0=a", "1=c");
    }

    @Test
    void refusedAppendAmongOthers_harmsNoneOfThem() throws Exception {
        Partition partition = fresh();
        List<CompletableFuture<Long>> good = new ArrayList<>();
        List<CompletableFuture<Long>> bad = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            if (i % 3 == 1) {
                AppendRequest wrong = AppendRequest.of(bytes("bad")).withExpectedOffset(1_000_000);
                bad.add(submitted(partition, wrong));
            } else {
                good.add(partition.appendAsync(bytes("v" + good.size())));
            }
        }
        for (int i = 0; i < good.size(); i++) {
            assertThat(await(good.get(i))).isEqualTo(i);
        }
        for (CompletableFuture<Long> refused : bad) {
            assertFutureFails(AppendRefusedException.class, ErrorCode.OFFSET_MISMATCH, () -> refused);
        }
        List<String> entries = read(partition, From.start());
        for (int i = 0; i < good.size(); i++) {
            assertThat(entries.get(i)).isEqualTo(i + "=v" + i);
        }
        assertThat(entries).hasSize(good.size());
    }

    /** A refusal may be thrown by the call, or come with the future. */
    private static CompletableFuture<Long> submitted(Partition partition, AppendRequest request) {
        try {
            return partition.appendAsync(request);
        } catch (AppendRefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Test
    void checksumOfTheCaller_isVerifiedBeforeTheAppendIsAccepted() {
        Partition partition = fresh();
        CRC32C crc = new CRC32C();
        crc.update(bytes("value"));
        int checksum = (int) crc.getValue();
        assertThat(partition.append(AppendRequest.of(bytes("value")).withChecksum(checksum)))
                .isZero();
        assertFails(
                AppendRefusedException.class,
                ErrorCode.CHECKSUM_MISMATCH,
                () -> partition.append(AppendRequest.of(bytes("value")).withChecksum(checksum ^ 1)));
        assertThat(partition.append(AppendRequest.opaque(bytes("value"), 3).withChecksum(checksum)))
                .isEqualTo(1);
        assertThat(partition.ends().logEnd()).isEqualTo(4);
    }

    @Test
    void appendThatIsTooLarge_isRefusedAtOnce() {
        Partition partition = fresh();
        byte[] tooLarge = new byte[65 << 20];
        assertFails(InvalidCallException.class, ErrorCode.APPEND_TOO_LARGE, () -> partition.append(tooLarge));
        assertFutureFails(
                InvalidCallException.class, ErrorCode.APPEND_TOO_LARGE, () -> partition.appendAsync(tooLarge));
        assertThat(partition.append(bytes("small"))).isZero();
    }

    @Test
    void releasedBuffer_isAnInvalidCall() {
        Partition partition = fresh();
        ByteBuf released = Unpooled.buffer().writeBytes(bytes("gone"));
        released.release();
        assertFails(
                InvalidCallException.class,
                ErrorCode.ARGUMENT_INVALID,
                () -> partition.append(AppendRequest.of(released)));
        assertThat(partition.append(bytes("next"))).isZero();
    }

    @Test
    void timeoutOfItsOwn_isLongEnough_theAppendIsAcknowledged() {
        Partition partition = fresh();
        assertThat(partition.append(AppendRequest.of(bytes("a")).withTimeout(PATIENCE)))
                .isZero();
        assertThat(partition.append(
                        AppendRequest.of(bytes("b")).withTimeout(PATIENCE).withDurability(Durability.SYNCED)))
                .isEqualTo(1);
    }

    // ---------------------------------------------------------------- producers

    @Test
    void repeatOfAProducersAppend_getsTheOldOffset_andIsNotWrittenAgain() throws Exception {
        Partition partition = fresh();
        ProducerIdentity producer = new ProducerIdentity(42, 0);
        AppendRequest first = AppendRequest.of(bytes("first")).withProducer(producer, 0);
        AppendRequest batch = AppendRequest.of(List.of(WalRecord.of(bytes("b1")), WalRecord.of(bytes("b2"))))
                .withProducer(producer, 1);
        assertThat(partition.append(first)).isZero();
        assertThat(partition.append(first)).isZero();
        assertThat(partition.append(batch)).isEqualTo(1);
        assertThat(await(partition.appendAsync(first))).isZero();
        assertThat(await(partition.appendAsync(batch))).isEqualTo(1);
        assertThat(read(partition, From.start())).containsExactly("0=first", "1=b1", "2=b2");
    }

    @Test
    void producersMistakes_haveTheirCodes() {
        Partition partition = fresh();
        ProducerIdentity producer = new ProducerIdentity(7, 1);
        assertFails(InvalidCallException.class, ErrorCode.PRODUCER_UNKNOWN, () -> append(partition, producer, 3));
        for (int sequence = 0; sequence < 12; sequence++) {
            append(partition, producer, sequence);
        }
        assertFails(AppendRefusedException.class, ErrorCode.SEQUENCE_GAP, () -> append(partition, producer, 13));
        assertFails(InvalidCallException.class, ErrorCode.SEQUENCE_FORGOTTEN, () -> append(partition, producer, 1));
        assertFails(
                InvalidCallException.class,
                ErrorCode.SEQUENCE_MISMATCH,
                () -> partition.append(AppendRequest.of(List.of(WalRecord.of(bytes("a")), WalRecord.of(bytes("b"))))
                        .withProducer(producer, 10)));
        append(partition, producer.next(), 0);
        assertFails(InvalidCallException.class, ErrorCode.PRODUCER_FENCED, () -> append(partition, producer, 12));
        assertThat(partition.ends().logEnd()).isEqualTo(13);
    }

    private static void append(Partition partition, ProducerIdentity producer, long sequence) {
        partition.append(AppendRequest.of(bytes("s" + sequence)).withProducer(producer, sequence));
    }

    @Test
    void callersProducerBesideOtherAppends_keepsItsOwnSequences() {
        Partition partition = fresh();
        ProducerIdentity producer = new ProducerIdentity(9, 0);
        for (int i = 0; i < 10; i++) {
            partition.append(bytes("plain"));
            append(partition, producer, i);
        }
        assertThat(partition.ends().logEnd()).isEqualTo(20);
        append(partition, producer, 9);
        assertThat(partition.ends().logEnd()).isEqualTo(20);
    }

    // ---------------------------------------------------------------- many at once

    @Test
    void manyThreads_eachFindsItsValueAtTheOffsetItWasTold() throws Exception {
        Partition partition = fresh();
        int threads = 8;
        int each = 50;
        List<CompletableFuture<List<String>>> told = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String name = "t" + t;
            CompletableFuture<List<String>> done = new CompletableFuture<>();
            told.add(done);
            Thread thread = new Thread(() -> {
                try {
                    List<String> entries = new ArrayList<>();
                    for (int i = 0; i < each; i++) {
                        entries.add(partition.append(bytes(name + "-" + i)) + "=" + name + "-" + i);
                    }
                    done.complete(entries);
                } catch (RuntimeException e) {
                    done.completeExceptionally(e);
                }
            });
            thread.start();
        }
        List<String> all = new ArrayList<>();
        for (CompletableFuture<List<String>> done : told) {
            all.addAll(await(done));
        }
        assertThat(read(partition, From.start())).hasSize(threads * each).containsExactlyInAnyOrderElementsOf(all);
    }

    @Test
    void interruptedThread_isToldSo_andTheLogGoesOn() throws Exception {
        Partition partition = fresh();
        CompletableFuture<Boolean> isStillInterrupted = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            Thread.currentThread().interrupt();
            try {
                partition.append(bytes("interrupted"));
            } catch (RuntimeException e) {
                // Whether the append gets in first is nobody's promise; that the flag is kept is.
                assertThat(e).isInstanceOf(dev.tidemark.wal.api.WalException.class);
            }
            isStillInterrupted.complete(Thread.interrupted());
        });
        thread.start();
        assertThat(await(isStillInterrupted)).isTrue();
        partition.append(AppendRequest.of(bytes("next")).withTimeout(Duration.ofSeconds(60)));
        List<String> entries = read(partition, From.start());
        assertThat(entries.get(entries.size() - 1)).endsWith("=next");
    }
}
