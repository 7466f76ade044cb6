package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers of a whole store: beside its writers, after it was opened again, and of another store object on the same directory. */
class ReadingTest {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ReadOptions ALL = ReadOptions.DEFAULT.withVisibility(Durability.WRITTEN);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @TempDir
    private Path directory;

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void manyReaders_seeEverythingWhileSegmentsRotate() throws Exception {
        int appends = 6_000;
        try (Wal wal = Wal.open(small().build())) {
            LocalPartition partition = wal.partition("orders", 0);
            List<Future<Long>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                ReadOptions options = i == 0 ? ALL : ReadOptions.DEFAULT.withReadAheadBytes(4096 << i);
                readers.add(threads.submit(() -> follow(partition, options, appends)));
            }
            appendFrom(partition, 0, appends);
            for (Future<Long> reader : readers) {
                assertThat(reader.get(60, TimeUnit.SECONDS)).isEqualTo(appends);
            }
            assertThat(partition.describe().segments()).hasSizeGreaterThan(20);
        }
    }

    @Test
    void everyOffset_isFoundAfterOpeningAgain() throws Exception {
        int appends = 2_000;
        try (Wal wal = Wal.open(small().build())) {
            appendFrom(wal.partition("orders", 0), 0, appends);
        }
        Random random = new Random(1);
        try (Wal wal = Wal.open(small().openFiles(16).build())) {
            LocalPartition partition = wal.partition("orders", 0);
            for (int i = 0; i < 300; i++) {
                int offset = random.nextInt(appends);
                try (Cursor cursor = partition.read(From.offset(offset))) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.offset()).isEqualTo(offset);
                    assertThat(cursor.value()).isEqualTo(valueOf(offset));
                    long millis = cursor.timestampMillis();
                    try (Cursor byTime = partition.read(From.timestamp(millis))) {
                        assertThat(byTime.next()).isTrue();
                        assertThat(byTime.offset()).isLessThanOrEqualTo(offset);
                        assertThat(byTime.timestampMillis()).isEqualTo(millis);
                    }
                }
                try (Slices slices = partition.slices(offset, 2_000)) {
                    assertThat(slices.firstOffset()).isEqualTo(offset);
                    assertThat(slices.endOffset()).isGreaterThan(offset);
                }
            }
            appendFrom(partition, appends, appends + 10);
            assertThat(follow(partition, ReadOptions.DEFAULT, appends + 10)).isEqualTo(appends + 10);
        }
    }

    @Test
    void indexOfASealedSegment_isWrittenWithItAndMadeAgainWhenItIsLost() throws Exception {
        int appends = 1_000;
        int sealed;
        try (Wal wal = Wal.open(small().build())) {
            LocalPartition partition = wal.partition("orders", 0);
            appendFrom(partition, 0, appends);
            sealed = partition.describe().segments().size() - 1;
        }
        assertThat(indexFiles()).hasSize(sealed);
        Path lost = indexFiles().get(sealed / 2);
        byte[] bytes = Files.readAllBytes(lost);
        Files.delete(lost);

        try (Wal wal = Wal.open(small().build())) {
            LocalPartition partition = wal.partition("orders", 0);
            for (int offset = 0; offset < appends; offset += 7) {
                try (Cursor cursor = partition.read(From.offset(offset))) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).isEqualTo(valueOf(offset));
                }
            }
        }
        assertThat(indexFiles()).hasSize(sealed);
        assertThat(Files.readAllBytes(lost)).isEqualTo(bytes);
    }

    private List<Path> indexFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("orders-0"))) {
            return files.filter(file -> file.toString().endsWith(".idx"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void batches_areReadAsTheyWereAppended() {
        try (Wal wal = Wal.open(directory)) {
            Partition partition = wal.partition("orders", 0);
            partition.append(List.of(
                    WalRecord.of("k1".getBytes(), "v1".getBytes()).withTimestamp(17), WalRecord.of("v2".getBytes())));
            partition.append(AppendRequest.opaque("batch".getBytes(), 5));
            partition.append("last".getBytes());

            List<String> seen = new ArrayList<>();
            try (Cursor cursor = partition.read(From.start())) {
                while (cursor.next()) {
                    seen.add(cursor.offset() + " " + cursor.kind() + " " + cursor.count() + " "
                            + new String(cursor.value()));
                }
            }
            assertThat(seen).containsExactly("0 RECORD 1 v1", "1 RECORD 1 v2", "2 OPAQUE 5 batch", "7 RAW 1 last");
        }
    }

    @Test
    void whenReadable_completesWithTheAppend() throws Exception {
        try (Wal wal = Wal.open(directory)) {
            Partition partition = wal.partition("orders", 0);
            CompletableFuture<Long> readable = partition.whenReadable(0);
            assertThat(readable).isNotDone();

            partition.append(new byte[3]);

            assertThat(readable.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    @Test
    void closingTheStore_endsEveryWait() throws Exception {
        CompletableFuture<Long> readable;
        Future<Boolean> waiting;
        try (Wal wal = Wal.open(directory)) {
            Partition partition = wal.partition("orders", 0);
            readable = partition.whenReadable(0);
            CompletableFuture<Cursor> opened = new CompletableFuture<>();
            waiting = threads.submit(() -> {
                try (Cursor cursor = partition.read(From.end())) {
                    opened.complete(cursor);
                    return cursor.next(LONG);
                } catch (WalException e) {
                    // It came after the close.
                    return e.code() != ErrorCode.PARTITION_CLOSED;
                }
            });
            opened.get(60, TimeUnit.SECONDS);
        }
        assertThat(waiting.get(60, TimeUnit.SECONDS)).isFalse();
        assertThatThrownBy(() -> readable.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(WalException.class);
    }

    @Test
    void readOnlyStore_followsALiveOne() throws Exception {
        int appends = 3_000;
        try (Wal writer = Wal.open(small().build())) {
            LocalPartition written = writer.partition("orders", 0);
            appendFrom(written, 0, 10);
            try (Wal reader = Wal.open(small().readOnly(true).build())) {
                LocalPartition partition = reader.partition("orders", 0);
                assertThat(partition.ends().written()).isEqualTo(10);
                Future<Long> all = threads.submit(() -> follow(partition, ALL, appends));
                Future<Long> proven = threads.submit(() -> follow(partition, ReadOptions.DEFAULT, appends - 100));
                CompletableFuture<Long> readable = partition.whenReadable(appends - 100);

                appendFrom(written, 10, appends);

                assertThat(all.get(60, TimeUnit.SECONDS)).isEqualTo(appends);
                assertThat(proven.get(60, TimeUnit.SECONDS)).isEqualTo(appends - 100);
                assertThat(readable.get(60, TimeUnit.SECONDS)).isGreaterThan(appends - 100);
                assertThat(partition.describe().segments().size())
                        .isEqualTo(written.describe().segments().size());
                assertThatThrownBy(() -> partition.append(new byte[1]))
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.READ_ONLY));
            }
        }
    }

    @Test
    void readOnlyStore_afterACleanClose_provesEverything() throws Exception {
        try (Wal writer = Wal.open(small().build())) {
            appendFrom(writer.partition("orders", 0), 0, 500);
        }
        try (Wal reader = Wal.open(small().readOnly(true).build())) {
            LocalPartition partition = reader.partition("orders", 0);
            assertThat(partition.ends().durable()).isEqualTo(500);
            assertThat(follow(partition, ReadOptions.DEFAULT, 500)).isEqualTo(500);
        }
    }

    @Test
    void readOnlyStore_tellsTheSizesOfTheFiles() throws Exception {
        try (Wal writer = Wal.open(small().build())) {
            appendFrom(writer.partition("orders", 0), 0, 500);
        }
        try (Wal reader = Wal.open(small().readOnly(true).build())) {
            for (PartitionInfo.SegmentInfo segment :
                    reader.partition("orders", 0).describe().segments()) {
                assertThat(segment.fileBytes())
                        .as(segment.file())
                        .isEqualTo(Files.size(directory.resolve("orders-0").resolve(segment.file())));
            }
        }
    }

    private WalConfig.Builder small() {
        return WalConfig.builder(directory).segmentBytes(32 << 10);
    }

    private static void appendFrom(LocalPartition partition, int first, int end) throws Exception {
        for (int i = first; i < end; i++) {
            if (i % 40 == 39 || i == end - 1) {
                partition.append(valueOf(i));
            } else {
                partition.enqueue(AppendRequest.of(valueOf(i)));
            }
        }
    }

    private static long follow(Partition partition, ReadOptions options, long end) {
        long expected = 0;
        try (Cursor cursor = partition.read(From.start(), options)) {
            while (expected < end) {
                assertThat(cursor.next(LONG)).isTrue();
                assertThat(cursor.offset()).isEqualTo(expected);
                assertThat(cursor.value()).isEqualTo(valueOf(expected));
                expected++;
            }
        }
        return expected;
    }

    private static byte[] valueOf(long offset) {
        byte[] value = new byte[(int) (offset * 37 % 400)];
        new Random(offset).nextBytes(value);
        return value;
    }
}
