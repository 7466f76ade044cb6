package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Large frames that lie one behind the other: what of them is one write, what is read back, and when the memory goes. */
class SlabTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int LARGE_BYTES = 100_000;

    @Test
    void framesThatGatherWhileOneIsWritten_areWrittenTogetherAndReadBack() throws Exception {
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.prefill(false))) {
            long before = writesToSegments(log);
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            List<Appended> appended = new ArrayList<>(List.of(log.partition.enqueue(new byte[] {1})));
            write.awaitArrival(SOON);
            for (int i = 1; i <= 6; i++) {
                appended.add(log.partition.enqueue(large(i)));
            }
            write.open();
            awaitDurable(appended);

            // The one that was held, the first of the six, which had nothing before it, and five together.
            assertThat(writesToSegments(log) - before).isEqualTo(3);
            assertThat(readBack(log, 1, 6)).isEqualTo(6);
        }
    }

    @Test
    void frameThatIsRefused_leavesItsPlaceToTheNext() throws Exception {
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.prefill(false))) {
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            List<Appended> appended = new ArrayList<>(List.of(log.partition.enqueue(new byte[] {1})));
            write.awaitArrival(SOON);
            appended.add(log.partition.enqueue(large(1)));
            appended.add(log.partition.enqueue(large(2)));
            assertThatThrownBy(() ->
                            log.partition.enqueue(AppendRequest.of(large(99)).withChecksum(7)))
                    .isInstanceOf(AppendRefusedException.class);
            AppendRequest numbered = AppendRequest.of(large(3)).withProducer(new ProducerIdentity(5, 0), 0);
            appended.add(log.partition.enqueue(numbered));
            Appended repeat = log.partition.enqueue(numbered);
            appended.add(log.partition.enqueue(large(4)));
            write.open();
            awaitDurable(appended);

            assertThat(repeat.offset()).isEqualTo(3);
            awaitDurable(List.of(repeat));
            assertThat(readBack(log, 1, 4)).isEqualTo(4);
            assertThat(log.partition.ends().durable()).isEqualTo(5);
        }
    }

    @Test
    void severalThreads_mixLargeAndSmallAndAllIsReadBack() throws Exception {
        int threads = 3;
        int each = 40;
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        try (PartitionFixture log = PartitionFixture.open(settings -> settings.segmentBytes(4 << 20))) {
            List<Thread> appending = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                Random random = new Random(thread);
                Thread next = new Thread(() -> {
                    try {
                        List<Appended> mine = new ArrayList<>();
                        for (int i = 0; i < each; i++) {
                            int bytes =
                                    random.nextInt(4) == 0 ? random.nextInt(1_000) : 70_000 + random.nextInt(200_000);
                            byte[] value = new byte[bytes];
                            random.nextBytes(value);
                            mine.add(log.partition.enqueue(
                                    AppendRequest.of(value).withChecksum(crc(value))));
                        }
                        awaitDurable(mine);
                    } catch (Exception | Error e) {
                        failure.set(e);
                    }
                });
                appending.add(next);
                next.start();
            }
            for (Thread thread : appending) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            int read = 0;
            // A cursor verifies the checksum that came with each.
            try (Cursor cursor = log.partition.read(From.start())) {
                while (cursor.next()) {
                    read++;
                }
            }
            assertThat(read).isEqualTo(threads * each);
        }
    }

    @Test
    void closing_givesBackTheSlabAndWhatItCountsInTheBudget() throws Exception {
        PartitionFixture log = PartitionFixture.open(settings -> settings.prefill(false));
        try (log) {
            Gate write = log.disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.WRITE));
            List<Appended> appended = new ArrayList<>(List.of(log.partition.enqueue(new byte[] {1})));
            write.awaitArrival(SOON);
            appended.add(log.partition.enqueue(large(1)));
            appended.add(log.partition.enqueue(large(2)));
            assertThat(log.budget.takenBytes()).as("with the slab").isGreaterThan(Slab.BYTES);
            write.open();
            awaitDurable(appended);
        }
        assertThat(log.budget.takenBytes()).isZero();
    }

    @Test
    void framesOfOnePart_haveOneReferenceTogether() {
        ByteBuf memory = UnpooledByteBufAllocator.DEFAULT.directBuffer(1 << 20, 1 << 20);
        Slab slab = new Slab(memory);
        RoundMemory round = new RoundMemory(UnpooledByteBufAllocator.DEFAULT);
        lay(slab, round);
        lay(slab, round);
        assertThat(memory.refCnt()).as("the slab's and the part's").isEqualTo(2);

        slab.begin(large(3), LARGE_BYTES, FrameCodec.HEADER_BYTES, frameBytes());
        assertThat(memory.refCnt()).isEqualTo(3);
        slab.takeBack();
        assertThat(memory.refCnt()).isEqualTo(2);

        slab.close();
        assertThat(memory.refCnt()).isEqualTo(1);
        round.close();
        assertThat(memory.refCnt()).isZero();
    }

    private static void lay(Slab slab, RoundMemory round) {
        slab.begin(large(1), LARGE_BYTES, FrameCodec.HEADER_BYTES, frameBytes());
        FrameCodec.putHeader(
                slab.filling(), slab.frameAt(), LARGE_BYTES, 0, FrameCodec.stamp(0, FrameKind.RAW, 0), 1, 0);
        round.commitFrame(slab, frameBytes());
    }

    private static int frameBytes() {
        return FrameCodec.frameBytes(LARGE_BYTES, 0);
    }

    private static byte[] large(int seed) {
        byte[] value = new byte[LARGE_BYTES];
        new Random(seed).nextBytes(value);
        return value;
    }

    private static int crc(byte[] value) {
        CRC32C crc = new CRC32C();
        crc.update(value);
        return (int) crc.getValue();
    }

    private static long writesToSegments(PartitionFixture log) {
        return log.disk.count(Operation.Kind.WRITE, path -> path.toString().endsWith(".seg"));
    }

    private static void awaitDurable(List<Appended> appended) throws Exception {
        for (Appended append : appended) {
            append.durable().toCompletableFuture().get(60, TimeUnit.SECONDS);
        }
    }

    /** How many from this offset on are what was appended there. */
    private static int readBack(PartitionFixture log, long from, int most) throws IOException {
        int good = 0;
        try (Cursor cursor = log.partition.read(From.offset(from))) {
            while (good < most && cursor.next()) {
                assertThat(cursor.value()).as("offset %s", cursor.offset()).isEqualTo(large((int) cursor.offset()));
                good++;
            }
        }
        return good;
    }
}
