package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.io.ManualClock;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.IllegalReferenceCountException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeptBuffersTest {
    private static final int LARGE_BYTES = (1 << 20) + 40;
    private static final int LIMIT_BYTES = 16 << 20;

    private final PooledByteBufAllocator pool = new PooledByteBufAllocator(true, 0, 1, 8192, 9, 0, 0, false);
    private final ManualClock time = new ManualClock();
    private final KeptBuffers buffers = new KeptBuffers(pool, LIMIT_BYTES, time);

    @AfterEach
    void nothingIsLeftInUse() {
        buffers.close();
        assertThat(usedBytes()).as("in use after the close").isZero();
        assertThat(buffers.keptBytes()).isZero();
    }

    @Test
    void largeBufferGivenBack_isUsedAgain() {
        ByteBuf first = large(LARGE_BYTES);
        first.setLong(0, 42);
        first.release();
        ByteBuf second = large(LARGE_BYTES - 8);
        assertThat(second).isSameAs(first);
        assertThat(second.refCnt()).isOne();
        assertThat(second.readableBytes()).isZero();
        second.release();
    }

    @Test
    void buffer_isAsLargeAsWasAskedFor() {
        ByteBuf buffer = large(LARGE_BYTES);
        assertThat(buffer.capacity()).isEqualTo(LARGE_BYTES);
        assertThat(buffer.maxCapacity()).isEqualTo(LARGE_BYTES);
        assertThat(buffer.internalNioBuffer(0, LARGE_BYTES).remaining()).isEqualTo(LARGE_BYTES);
        assertThatThrownBy(() -> buffer.setZero(LARGE_BYTES - 7, 8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.capacity(LARGE_BYTES + 1)).isInstanceOf(IllegalArgumentException.class);
        buffer.writeZero(LARGE_BYTES);
        assertThat(buffer.capacity(LARGE_BYTES / 2).readableBytes()).isEqualTo(LARGE_BYTES / 2);
        buffer.release();
    }

    @Test
    void memoryThatRunsShort_isTakenFromWhatIsKept() {
        AtomicBoolean isShort = new AtomicBoolean();
        ByteBufAllocator tight = new AbstractByteBufAllocator(true) {
            @Override
            protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                if (isShort.get() && usedBytes() > 0) {
                    throw new OutOfMemoryError("only when nothing is in use");
                }
                return pool.directBuffer(initialCapacity, maxCapacity);
            }

            @Override
            protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
                return pool.heapBuffer(initialCapacity, maxCapacity);
            }

            @Override
            public boolean isDirectBufferPooled() {
                return true;
            }
        };
        try (KeptBuffers ofFew = new KeptBuffers(tight, LIMIT_BYTES, time)) {
            ofFew.directBuffer(LARGE_BYTES, LARGE_BYTES).release();
            assertThat(ofFew.keptBytes()).isPositive();
            isShort.set(true);
            ByteBuf other = ofFew.directBuffer(2 * LARGE_BYTES, 2 * LARGE_BYTES);
            assertThat(ofFew.keptBytes()).isZero();
            assertThatThrownBy(() -> ofFew.directBuffer(100, 100)).isInstanceOf(OutOfMemoryError.class);
            other.release();
        }
    }

    @Test
    void bufferGivenBackTwice_isRefused() {
        ByteBuf buffer = large(LARGE_BYTES);
        buffer.release();
        assertThatThrownBy(buffer::release).isInstanceOf(IllegalReferenceCountException.class);
        assertThatThrownBy(() -> buffer.getByte(0)).isInstanceOf(IllegalReferenceCountException.class);
    }

    @Test
    void sliceOfIt_keepsItFromBeingUsedAgain() {
        ByteBuf buffer = large(LARGE_BYTES);
        ByteBuf slice = buffer.retainedSlice(8, 100);
        buffer.release();
        assertThat(buffers.keptBytes()).isZero();
        slice.release();
        assertThat(buffers.keptBytes()).isBetween((long) LARGE_BYTES, LARGE_BYTES * 5L / 4);
    }

    @Test
    void smallBuffer_goesBackToThePool() {
        ByteBuf small = buffers.directBuffer(KeptBuffers.SMALL_BYTES, KeptBuffers.SMALL_BYTES);
        ByteBuf growing = buffers.directBuffer(LARGE_BYTES);
        assertThat(growing.writeZero(2 * LARGE_BYTES).readableBytes()).isEqualTo(2 * LARGE_BYTES);
        small.release();
        growing.release();
        assertThat(buffers.keptBytes()).isZero();
        assertThat(usedBytes()).isZero();
    }

    @Test
    void whatIsKept_isBoundedAndCountsAsUsedMemoryOfThePool() {
        List<ByteBuf> taken = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            taken.add(large(LARGE_BYTES));
        }
        for (int i = 0; i < 200; i++) {
            taken.add(large(KeptBuffers.SMALL_BYTES + 1));
        }
        taken.forEach(ByteBuf::release);
        assertThat(buffers.keptBytes()).isBetween(LIMIT_BYTES * 3L / 4, (long) LIMIT_BYTES);
        assertThat(usedBytes()).isEqualTo(buffers.keptBytes());
    }

    @Test
    void bufferLargerThanAllThatIsKept_goesBack() {
        ByteBuf huge = large(LIMIT_BYTES + 1);
        huge.release();
        assertThat(buffers.keptBytes()).isZero();
        assertThat(usedBytes()).isZero();
    }

    @Test
    void nothingWantedForAWhile_givesEverythingBackAndNoTimerIsLeft() {
        large(LARGE_BYTES).release();
        time.advance(Duration.ofMillis(900));
        large(LARGE_BYTES).release();
        time.advance(Duration.ofMillis(900));
        assertThat(buffers.keptBytes()).as("kept while it is used").isPositive();
        time.advance(Duration.ofSeconds(2));
        assertThat(buffers.keptBytes()).isZero();
        assertThat(usedBytes()).isZero();
        assertThat(time.waitingTasks()).as("timers").isZero();
    }

    @Test
    void bufferInUseAtTheClose_goesBackWhenItIsReleased() {
        ByteBuf used = large(LARGE_BYTES);
        large(LARGE_BYTES).release();
        buffers.close();
        assertThat(buffers.keptBytes()).isZero();
        used.setLong(0, 42);
        used.release();
        assertThat(buffers.keptBytes()).isZero();
        assertThat(usedBytes()).isZero();
        assertThat(time.waitingTasks()).as("timers").isZero();
    }

    @Test
    void manyThreads_neverHaveTheSameMemory() throws Exception {
        long seed = System.nanoTime();
        System.out.println("manyThreads_neverHaveTheSameMemory seed=" + seed);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Integer>> users = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Random random = new Random(seed + i);
                users.add(() -> useAtRandom(random));
            }
            for (Future<Integer> user : threads.invokeAll(users)) {
                assertThat(user.get(60, TimeUnit.SECONDS)).isEqualTo(5_000);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Marks each buffer at both ends and finds its own mark there when it gives it back, some time later. */
    private int useAtRandom(Random random) {
        List<ByteBuf> mine = new ArrayList<>();
        List<Long> marks = new ArrayList<>();
        int checked = 0;
        while (checked < 5_000) {
            if (mine.size() < 6 && random.nextBoolean()) {
                ByteBuf buffer = large(KeptBuffers.SMALL_BYTES + 8 + random.nextInt(200_000));
                long mark = random.nextLong();
                buffer.setLong(0, mark).setLong(buffer.capacity() - 8, mark);
                mine.add(buffer);
                marks.add(mark);
            } else if (!mine.isEmpty()) {
                int which = random.nextInt(mine.size());
                ByteBuf buffer = mine.remove(which);
                long mark = marks.remove(which);
                assertThat(buffer.getLong(0)).isEqualTo(mark);
                assertThat(buffer.getLong(buffer.capacity() - 8)).isEqualTo(mark);
                buffer.release();
                checked++;
            }
        }
        mine.forEach(ByteBuf::release);
        return checked;
    }

    private ByteBuf large(int bytes) {
        return buffers.directBuffer(bytes, bytes);
    }

    private long usedBytes() {
        return pool.pinnedDirectMemory();
    }
}
