package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading, trimming, checkpoints, ends, and what is told when there is nothing to read any more. */
abstract class ReadContract extends PartitionContract {

    @Test
    void partition_knowsItsName() {
        assertThat(source().partition("called", 3).id()).isEqualTo(new PartitionId("called", 3));
    }

    @Test
    void impossibleName_isRefused() {
        for (String name : List.of("", "..", "a/b", "a\0b", "%2e%2e/", "x".repeat(201))) {
            assertFails(InvalidCallException.class, ErrorCode.NAME_INVALID, () -> source().partition(name, 0));
        }
        assertFails(InvalidCallException.class, ErrorCode.NAME_INVALID, () -> source().partition("a", -1));
    }

    @Test
    void newLog_isEmpty() {
        Partition partition = fresh();
        assertThat(partition.ends()).isEqualTo(new Ends(0, 0, 0, 0, 0));
        assertThat(partition.checkpoints()).isEmpty();
        assertThat(read(partition, From.start())).isEmpty();
        assertThat(read(partition, From.end())).isEmpty();
        assertThat(read(partition, From.offset(0))).isEmpty();
        assertThat(read(partition, From.timestamp(0))).isEmpty();
    }

    // ---------------------------------------------------------------- where a cursor begins

    @Test
    void cursor_beginsWhereItWasTold() {
        Partition partition = fresh();
        appendAll(partition, "a", "b", "c");
        assertThat(read(partition, From.start())).containsExactly("0=a", "1=b", "2=c");
        assertThat(read(partition, From.offset(1))).containsExactly("1=b", "2=c");
        assertThat(read(partition, From.offset(3))).isEmpty();
        assertThat(read(partition, From.end())).isEmpty();
    }

    @Test
    void cursorInsideABatch_beginsAtThatRecord() {
        Partition partition = fresh();
        partition.append(List.of(WalRecord.of(bytes("a")), WalRecord.of(bytes("b")), WalRecord.of(bytes("c"))));
        partition.append(bytes("d"));
        try (Cursor cursor = partition.read(From.offset(1))) {
            assertThat(cursor.nextOffset()).isEqualTo(1);
            assertThat(rest(cursor)).containsExactly("1=b", "2=c", "3=d");
        }
    }

    @Test
    void cursorFromATime_beginsAtTheFirstAppendFromThenOn() {
        Partition partition = fresh();
        appendAll(partition, "a", "b", "c");
        long firstMillis;
        long lastMillis;
        try (Cursor cursor = partition.read(From.start())) {
            assertThat(cursor.next()).isTrue();
            firstMillis = cursor.timestampMillis();
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.next()).isTrue();
            lastMillis = cursor.timestampMillis();
        }
        assertThat(lastMillis).isGreaterThanOrEqualTo(firstMillis);
        assertThat(read(partition, From.timestamp(0))).hasSize(3);
        assertThat(read(partition, From.timestamp(firstMillis))).hasSize(3);
        assertThat(read(partition, From.timestamp(lastMillis))).isNotEmpty().contains("2=c");
        assertThat(read(partition, From.timestamp(lastMillis + 1))).isEmpty();
    }

    @Test
    void placesThatAreNot_haveTheirCodes() {
        Partition partition = fresh();
        appendAll(partition, "a", "b", "c", "d");
        assertFails(InvalidCallException.class, ErrorCode.OFFSET_BEYOND_END, () -> partition.read(From.offset(5)));
        assertFails(InvalidCallException.class, ErrorCode.OFFSET_TRIMMED, () -> partition.read(From.offset(-1)));
        assertThat(partition.trimTo(2)).isEqualTo(2);
        assertFails(InvalidCallException.class, ErrorCode.OFFSET_TRIMMED, () -> partition.read(From.offset(1)));
        assertThat(read(partition, From.start())).containsExactly("2=c", "3=d");
        assertFails(InvalidCallException.class, ErrorCode.OFFSET_BEYOND_END, () -> partition.trimTo(5));
        assertThat(partition.trimTo(1)).isEqualTo(2);
        assertThat(partition.ends().start()).isEqualTo(2);
    }

    // ---------------------------------------------------------------- going on

    @Test
    void appendThatWasAcknowledged_isThereForTheNextCall() {
        Partition partition = fresh();
        try (Cursor cursor = partition.read(From.start())) {
            for (int i = 0; i < 30; i++) {
                assertThat(cursor.next()).isFalse();
                partition.append(bytes("v" + i));
                assertThat(cursor.next()).isTrue();
                assertThat(text(cursor.value())).isEqualTo("v" + i);
                assertThat(cursor.nextOffset()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void manyEntries_comeInOrder_withAnyReadAhead() {
        Partition partition = fresh();
        for (int batch = 0; batch < 20; batch++) {
            List<WalRecord> records = new java.util.ArrayList<>();
            for (int i = 0; i < 100; i++) {
                records.add(WalRecord.of(bytes("v" + (batch * 100 + i) + "x".repeat(50))));
            }
            partition.append(records);
        }
        for (int readAhead : new int[] {4 << 10, 64 << 10, 1 << 20}) {
            try (Cursor cursor = partition.read(From.start(), ReadOptions.DEFAULT.withReadAheadBytes(readAhead))) {
                for (int i = 0; i < 2_000; i++) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.offset()).isEqualTo(i);
                    assertThat(text(cursor.value())).startsWith("v" + i + "x");
                }
                assertThat(cursor.next()).isFalse();
            }
        }
    }

    @Test
    void bufferOfAnEntry_isReadOnly_andShowsTheValue() {
        Partition partition = fresh();
        partition.append(bytes("lone"));
        partition.append(List.of(WalRecord.of(bytes("in a batch"))));
        try (Cursor cursor = partition.read(From.start())) {
            for (String expected : List.of("lone", "in a batch")) {
                assertThat(cursor.next()).isTrue();
                ByteBuffer buffer = cursor.buffer();
                assertThat(buffer.isReadOnly()).isTrue();
                byte[] copy = new byte[buffer.remaining()];
                buffer.get(copy);
                assertThat(text(copy)).isEqualTo(expected);
            }
        }
    }

    @Test
    void readerWithWrittenVisibility_seesWhatWasWritten() {
        Partition partition = fresh();
        partition.append(bytes("a"), Durability.WRITTEN);
        ReadOptions written = ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN);
        try (Cursor cursor = partition.read(From.start(), written)) {
            assertThat(cursor.next()).isTrue();
            assertThat(text(cursor.value())).isEqualTo("a");
        }
    }

    // ---------------------------------------------------------------- waiting

    @Test
    void cursorAtTheTail_waitsForTheNextAppend() throws Exception {
        Partition partition = fresh();
        CountDownLatch isWaiting = new CountDownLatch(1);
        CompletableFuture<String> found = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try (Cursor cursor = partition.read(From.end())) {
                isWaiting.countDown();
                found.complete(cursor.next(PATIENCE) ? cursor.offset() + "=" + text(cursor.value()) : "nothing came");
            } catch (RuntimeException e) {
                found.completeExceptionally(e);
            }
        });
        reader.start();
        assertThat(isWaiting.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        partition.append(bytes("at last"));
        assertThat(await(found)).isEqualTo("0=at last");
    }

    @Test
    void deadlineAtTheTail_passes_andTheCursorGoesOn() {
        Partition partition = fresh();
        try (Cursor cursor = partition.read(From.end())) {
            assertThat(cursor.next(Duration.ZERO)).isFalse();
            assertThat(cursor.next(Duration.ofMillis(30))).isFalse();
            partition.append(bytes("now"));
            assertThat(cursor.next(PATIENCE)).isTrue();
            assertThat(text(cursor.value())).isEqualTo("now");
        }
    }

    @Test
    void interruptedReader_isToldSo_andCanGoOn() {
        Partition partition = fresh();
        try (Cursor cursor = partition.read(From.end())) {
            Thread.currentThread().interrupt();
            assertFails(UnavailableException.class, ErrorCode.INTERRUPTED, () -> cursor.next(PATIENCE));
            assertThat(Thread.interrupted()).as("the flag stays set").isTrue();
            partition.append(bytes("now"));
            assertThat(cursor.next(PATIENCE)).isTrue();
        }
    }

    @Test
    void whenReadable_completesOnceTheOffsetIsThere() throws Exception {
        Partition partition = fresh();
        CompletableFuture<Long> second = partition.whenReadable(1);
        partition.append(bytes("a"));
        CompletableFuture<Long> first = partition.whenReadable(0);
        assertThat(await(first)).isGreaterThanOrEqualTo(1);
        partition.append(bytes("b"));
        assertThat(await(second)).isGreaterThanOrEqualTo(2);
    }

    // ---------------------------------------------------------------- checkpoints

    @Test
    void checkpoints_areSetMovedAndRemoved() {
        Partition partition = fresh();
        appendAll(partition, "a", "b", "c");
        partition.checkpoint("billing", 2);
        partition.checkpoint("audit.log-1", 0);
        partition.checkpoint("billing", 1);
        assertThat(partition.checkpoints())
                .containsOnly(java.util.Map.entry("billing", 1L), java.util.Map.entry("audit.log-1", 0L));
        assertThat(read(partition, From.offset(partition.checkpoints().get("billing"))))
                .containsExactly("1=b", "2=c");
        assertThat(partition.removeCheckpoint("billing")).isTrue();
        assertThat(partition.removeCheckpoint("billing")).isFalse();
        assertThat(partition.checkpoints()).containsOnlyKeys("audit.log-1");
    }

    @Test
    void wrongCheckpoints_haveTheirCodes() {
        Partition partition = fresh();
        partition.append(bytes("a"));
        assertFails(InvalidCallException.class, ErrorCode.OFFSET_BEYOND_END, () -> partition.checkpoint("ahead", 2));
        assertFails(InvalidCallException.class, ErrorCode.ARGUMENT_INVALID, () -> partition.checkpoint("before", -1));
        assertFails(InvalidCallException.class, ErrorCode.NAME_INVALID, () -> partition.checkpoint("a/b", 0));
        assertFails(InvalidCallException.class, ErrorCode.NAME_INVALID, () -> partition.removeCheckpoint(""));
        assertThat(partition.checkpoints()).isEmpty();
    }

    // ---------------------------------------------------------------- handles that are closed

    @Test
    void closedCursor_saysSo() {
        Partition partition = fresh();
        partition.append(bytes("a"));
        Cursor cursor = partition.read(From.start());
        assertThat(cursor.next()).isTrue();
        cursor.close();
        cursor.close();
        assertFails(InvalidCallException.class, ErrorCode.CLOSED_HANDLE, cursor::next);
        assertFails(InvalidCallException.class, ErrorCode.CLOSED_HANDLE, cursor::value);
        assertFails(InvalidCallException.class, ErrorCode.CLOSED_HANDLE, () -> cursor.next(Duration.ofSeconds(1)));
    }

    @Test
    void cursorBeforeItsFirstEntry_hasNone() {
        Partition partition = fresh();
        partition.append(bytes("a"));
        try (Cursor cursor = partition.read(From.start())) {
            assertFails(InvalidCallException.class, ErrorCode.ARGUMENT_INVALID, cursor::value);
            assertFails(InvalidCallException.class, ErrorCode.ARGUMENT_INVALID, cursor::offset);
            assertThat(cursor.nextOffset()).isZero();
        }
    }

    @Test
    void deletedPartition_saysSo_forEver() throws Exception {
        Partition partition = source().partition("doomed", 0);
        partition.append(bytes("a"));
        CompletableFuture<Long> waiting = partition.whenReadable(1);
        Cursor cursor = partition.read(From.end());
        source().delete("doomed", 0);
        assertFutureFails(UnavailableException.class, ErrorCode.PARTITION_DELETED, () -> waiting);
        assertFails(UnavailableException.class, ErrorCode.PARTITION_DELETED, () -> partition.append(bytes("b")));
        assertFails(UnavailableException.class, ErrorCode.PARTITION_DELETED, () -> cursor.next(PATIENCE));
        cursor.close();
        assertThat(source().partition("doomed", 0).append(bytes("another log"))).isZero();
        assertFails(UnavailableException.class, ErrorCode.PARTITION_DELETED, () -> partition.append(bytes("c")));
    }

    @Test
    void closedSource_itsPartitionsSaySo(@TempDir Path directory) throws Exception {
        Partition partition;
        Cursor cursor;
        CompletableFuture<Long> waiting;
        try (PartitionSource own = open(directory)) {
            partition = own.partition("orders", 0);
            partition.append(bytes("a"));
            cursor = partition.read(From.start());
            waiting = partition.whenReadable(1);
        }
        assertFutureFails(UnavailableException.class, ErrorCode.PARTITION_CLOSED, () -> waiting);
        assertFails(UnavailableException.class, ErrorCode.PARTITION_CLOSED, () -> partition.append(bytes("b")));
        assertFutureFails(
                UnavailableException.class, ErrorCode.PARTITION_CLOSED, () -> partition.appendAsync(bytes("b")));
        assertFails(UnavailableException.class, ErrorCode.PARTITION_CLOSED, () -> partition.read(From.start()));
        assertFails(UnavailableException.class, ErrorCode.PARTITION_CLOSED, cursor::next);
        cursor.close();
    }
}
