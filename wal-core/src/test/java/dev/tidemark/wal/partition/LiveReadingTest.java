package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers beside a writer that appends and rotates. */
class LiveReadingTest {

    private static final Path DIRECTORY = Path.of("/data/orders-0");
    private static final Duration LONG = Duration.ofSeconds(60);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @TempDir
    private Path temporary;

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void manyReaders_seeEverythingOnceAndInOrder_onASimulatedDisk() throws Exception {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
        disk.recordNothing();
        try (WrittenLog log = new WrittenLog(disk, DIRECTORY, 0, 3)) {
            manyReadersSeeEverythingOnceAndInOrder(log, 5_000);
        }
    }

    @Test
    void manyReaders_seeEverythingOnceAndInOrder_onARealDisk() throws Exception {
        Path directory = Files.createDirectory(temporary.resolve("orders-0"));
        try (WrittenLog log = new WrittenLog(Environment.real().disk(), directory, 0, 3)) {
            manyReadersSeeEverythingOnceAndInOrder(log, 20_000);
        }
    }

    private void manyReadersSeeEverythingOnceAndInOrder(WrittenLog log, int appends) throws Exception {
        List<Future<Long>> readers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ReadOptions options = new ReadOptions(i % 2 == 0 ? Durability.SYNCED : Durability.WRITTEN, 4096 << i);
            readers.add(threads.submit(() -> followToTheEnd(log, options, appends)));
        }
        readers.add(threads.submit(jumpAround(log, appends)));
        readers.add(threads.submit(slicesToTheEnd(log, appends)));
        Random random = new Random(5);
        for (int i = 0; i < appends; i++) {
            log.at(1_000 + i / 3).raw(valueOf(i));
            if (random.nextInt(10) == 0) {
                log.frame(FrameKind.CONTROL, 0, new byte[random.nextInt(100)]);
            }
            if (random.nextInt(3) == 0) {
                log.write();
            }
            if (random.nextInt(6) == 0) {
                log.sync();
            }
            if (random.nextInt(400) == 0) {
                log.rotate();
            }
        }
        log.sync();
        for (Future<Long> reader : readers) {
            assertThat(reader.get(60, TimeUnit.SECONDS)).isEqualTo(appends);
        }
    }

    private static long followToTheEnd(WrittenLog log, ReadOptions options, int appends) {
        long expected = 0;
        try (Cursor cursor = log.read(From.start(), options)) {
            while (expected < appends) {
                assertThat(cursor.next(LONG)).isTrue();
                assertThat(cursor.offset()).isEqualTo(expected);
                assertThat(cursor.value()).isEqualTo(valueOf(expected));
                assertThat(cursor.timestampMillis()).isEqualTo(1_000 + expected / 3);
                expected++;
            }
            assertThat(cursor.next()).isFalse();
        }
        return expected;
    }

    private static Callable<Long> jumpAround(WrittenLog log, int appends) {
        return () -> {
            Random random = new Random(6);
            long end;
            do {
                end = log.visibleEnd(Durability.SYNCED);
                long offset = (long) (random.nextDouble() * (end + 1));
                try (Cursor cursor = log.read(From.offset(offset))) {
                    for (int i = 0; i < 5 && cursor.next(); i++) {
                        assertThat(cursor.offset()).isEqualTo(offset + i);
                        assertThat(cursor.value()).isEqualTo(valueOf(offset + i));
                    }
                }
                try (Cursor cursor = log.read(From.timestamp(1_000 + offset / 3))) {
                    if (cursor.next()) {
                        assertThat(cursor.offset()).isEqualTo(offset / 3 * 3);
                    }
                }
            } while (end < appends);
            return end;
        };
    }

    private static Callable<Long> slicesToTheEnd(WrittenLog log, int appends) {
        return () -> {
            long next = 0;
            while (next < appends) {
                log.awaitVisible(next, Durability.SYNCED, LONG.toNanos());
                try (Slices slices = SegmentSlices.open(log, next, 10_000, Durability.SYNCED)) {
                    ByteBuffer bytes = ByteBuffer.allocate(slices.bytes());
                    assertThat(slices.read(bytes, 0)).isEqualTo(slices.bytes());
                    assertThat(slices.firstOffset()).isEqualTo(next);
                    long offset = next;
                    for (int at = 0; at < slices.bytes(); at += FrameCodec.frameBytes(bytes, at)) {
                        assertThat(FrameCodec.offset(bytes, at)).isEqualTo(offset);
                        offset = FrameCodec.endOffset(bytes, at);
                    }
                    assertThat(slices.endOffset()).isEqualTo(offset).isGreaterThan(next);
                    next = offset;
                }
            }
            return next;
        };
    }

    /** Trimming takes segments away from the list while readers pin them. */
    @Test
    void readersBesideTrimming_readOnOrAreToldSo() throws Exception {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
        disk.recordNothing();
        try (WrittenLog log = new WrittenLog(disk, DIRECTORY, 0, 3)) {
            int appends = 4_000;
            List<Future<Long>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                readers.add(threads.submit(() -> {
                    long seen = 0;
                    while (log.visibleEnd(Durability.SYNCED) < appends) {
                        seen += readFromTheStart(log);
                    }
                    return seen;
                }));
            }
            for (int i = 0; i < appends; i++) {
                log.at(1_000 + i / 3).raw(valueOf(i)).sync();
                if (i % 20 == 19) {
                    log.rotate();
                }
                if (i % 60 == 59) {
                    log.trimTo(i - 30);
                }
            }
            for (Future<Long> reader : readers) {
                assertThat(reader.get(60, TimeUnit.SECONDS)).isPositive();
            }
        }
    }

    private static long readFromTheStart(WrittenLog log) {
        long seen = 0;
        try (Cursor cursor = log.read(From.start())) {
            while (cursor.next()) {
                assertThat(cursor.value()).isEqualTo(valueOf(cursor.offset()));
                seen++;
            }
        } catch (InvalidCallException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_TRIMMED);
        } catch (dev.tidemark.wal.api.DamageException e) {
            // This writer deletes at once; the engine deletes a file when nobody has it pinned any more.
            assertThat(e.code()).isEqualTo(ErrorCode.SEGMENT_MISSING);
        }
        return seen;
    }

    @Test
    void indexThatManyNeedAtOnce_isMadeByOneOfThem() throws Exception {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
        try (WrittenLog log = new WrittenLog(disk, DIRECTORY)) {
            log.withoutIndex();
            int appends = 2_000;
            for (int i = 0; i < appends; i++) {
                log.raw(valueOf(i));
            }
            log.sync();
            List<Future<Boolean>> readers = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                long offset = appends - 1 - 200L * t;
                readers.add(threads.submit(() -> {
                    try (Cursor cursor = log.read(From.offset(offset))) {
                        return cursor.next() && cursor.offset() == offset;
                    }
                }));
            }
            for (Future<Boolean> reader : readers) {
                assertThat(reader.get(60, TimeUnit.SECONDS)).isTrue();
            }
            long bytesRead = disk.operations().stream()
                    .filter(operation -> operation.kind() == Operation.Kind.READ)
                    .mapToLong(Operation::bytes)
                    .sum();
            assertThat(bytesRead).isBetween(log.position() - 4096, log.position() * 3 / 2);
        }
    }

    /** Bytes of this thread alone, whatever the machine does meanwhile; each disk read takes some, so they are few per value. */
    @Test
    void goingFromValueToValue_takesNoHeap() throws Exception {
        Path directory = Files.createDirectory(temporary.resolve("orders-0"));
        try (WrittenLog log = new WrittenLog(Environment.real().disk(), directory)) {
            for (int i = 0; i < 20_000; i++) {
                log.raw(new byte[20]);
            }
            log.sync();
            var memory = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long taken = 0;
            for (int round = 0; round < 5; round++) {
                long before =
                        memory.getThreadAllocatedBytes(Thread.currentThread().getId());
                try (Cursor cursor = log.read(From.start())) {
                    long offsets = 0;
                    while (cursor.next()) {
                        offsets += cursor.offset() + cursor.timestampMillis() + cursor.count();
                    }
                    assertThat(offsets).isPositive();
                }
                taken = memory.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            }
            assertThat(taken).isLessThan(20_000 * 8);
        }
    }

    // ---------------------------------------------------------------- waiting

    @Test
    void waiting_endsWithTheDeadline() throws IOException {
        try (WrittenLog log = simulated();
                Cursor cursor = log.read(From.end())) {
            assertThat(cursor.next(Duration.ofNanos(1))).isFalse();
            assertThat(cursor.next(Duration.ZERO)).isFalse();
            assertThat(cursor.next(Duration.ofSeconds(-1))).isFalse();
        }
    }

    @Test
    void waitThatIsAsLongAsCanBe_endsWithTheAppend() throws Exception {
        try (WrittenLog log = simulated()) {
            Future<Boolean> waiting = waitAtTheEnd(log, Duration.ofSeconds(Long.MAX_VALUE));
            log.raw("a").sync();
            assertThat(waiting.get(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void waitForDurableData_isNotEndedByWrittenData() throws Exception {
        try (WrittenLog log = simulated()) {
            Future<Boolean> waiting = waitAtTheEnd(log, LONG);
            log.raw("a").write();
            assertThat(log.readable.waiting()).isEqualTo(1);
            log.sync();
            assertThat(waiting.get(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void close_endsTheWaitAndRefusesTheNext() throws Exception {
        try (WrittenLog log = simulated()) {
            Future<Boolean> waiting = waitAtTheEnd(log, LONG);
            UnavailableException failed = new UnavailableException(ErrorCode.PARTITION_FAILED, "failed");
            log.readable.close(() -> failed);

            assertThat(waiting.get(60, TimeUnit.SECONDS)).isFalse();
            try (Cursor cursor = log.read(From.end())) {
                assertThat(cursor.next()).as("what is there can still be read").isFalse();
                assertThatThrownBy(() -> cursor.next(LONG)).isSameAs(failed);
            }
        }
    }

    @Test
    void interruptWhileWaiting_isToldAndKept() throws Exception {
        try (WrittenLog log = simulated()) {
            Future<Boolean> stillInterrupted = threads.submit(() -> {
                try (Cursor cursor = log.read(From.end())) {
                    assertThatThrownBy(() -> cursor.next(LONG))
                            .isInstanceOfSatisfying(
                                    UnavailableException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
                    return Thread.currentThread().isInterrupted();
                }
            });
            awaitWaiter(log);
            threads.shutdownNow();

            assertThat(stillInterrupted.get(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void interruptedThread_readsOn() throws Exception {
        Path directory = Files.createDirectory(temporary.resolve("orders-0"));
        try (WrittenLog log = new WrittenLog(Environment.real().disk(), directory)) {
            for (int i = 0; i < 1000; i++) {
                log.raw(valueOf(i));
            }
            log.rotate();
            for (int i = 1000; i < 2000; i++) {
                log.raw(valueOf(i));
            }
            log.sync();
            log.reopen();
            Thread.currentThread().interrupt();
            try (Cursor cursor = log.read(From.offset(500))) {
                for (int i = 500; i < 2000; i++) {
                    assertThat(cursor.next(LONG)).isTrue();
                    assertThat(cursor.offset()).isEqualTo(i);
                }
            }
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    /** A reader that runs into a bad sector while others read on. */
    @Test
    void errorOfOneRead_isNobodyElsesError() throws Exception {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
        try (WrittenLog log = new WrittenLog(disk, DIRECTORY)) {
            log.raw("a").rotate().raw("b").sync();
            Path bad = log.segments().first().path();
            disk.inject(Fault.ioError(
                    CallMatch.on(Operation.Kind.READ).where(bad::equals).andAllLater()));

            assertThatThrownBy(() -> readFromTheStart(log)).hasMessageContaining("SEGMENT_UNREADABLE");
            try (Cursor cursor = log.read(From.offset(1))) {
                assertThat(cursor.next()).isTrue();
            }
            disk.removeFaults();
        }
    }

    private static WrittenLog simulated() throws IOException {
        return new WrittenLog(new SimulatedDisk().withDirectories(DIRECTORY), DIRECTORY);
    }

    private Future<Boolean> waitAtTheEnd(WrittenLog log, Duration deadline) {
        Future<Boolean> waiting = threads.submit(() -> {
            try (Cursor cursor = log.read(From.end())) {
                return cursor.next(deadline);
            }
        });
        awaitWaiter(log);
        return waiting;
    }

    private static void awaitWaiter(WrittenLog log) {
        while (log.readable.waiting() == 0) {
            Thread.onSpinWait();
        }
    }

    private static byte[] valueOf(long offset) {
        byte[] value = new byte[(int) (offset * 37 % 400)];
        new Random(offset).nextBytes(value);
        return value;
    }
}
