package dev.tidemark.wal.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What both implementations of the memory promise. The order of publication has a jcstress case besides. */
class IndexMemoryContractTest {

    static Stream<BytesProvider> providers() {
        return Stream.of(new JdkBytes(), new ChronicleBytes());
    }

    @ParameterizedTest
    @MethodSource("providers")
    void entries_comeBackAsTheyWereAdded(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(100_000);
        assertThat(memory.memoryBytes()).isZero();
        for (int i = 0; i < 100_000; i++) {
            assertThat(memory.size()).isEqualTo(i);
            assertThat(memory.append(i, -i, 31L * i)).isTrue();
        }
        for (int i = 0; i < 100_000; i++) {
            assertThat(memory.get(i, 0)).isEqualTo(i);
            assertThat(memory.get(i, 1)).isEqualTo(-i);
            assertThat(memory.get(i, 2)).isEqualTo(31L * i);
        }
        assertThat(memory.memoryBytes()).isEqualTo(100_000L * 24);
        memory.release();
        assertThat(memory.memoryBytes()).isZero();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void firstEntry_takesLittleMemory(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(1 << 20);
        memory.append(1, 2, 3);
        assertThat(memory.memoryBytes()).isEqualTo(ChunkedIndexMemory.FIRST_CHUNK_ENTRIES * 24L);
        memory.release();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void bound_isKept(BytesProvider provider) {
        for (int max : new int[] {0, 1, 31, 32, 33, 95, 96, 97, 1000}) {
            IndexMemory memory = provider.newIndexMemory(max);
            for (int i = 0; i < max; i++) {
                assertThat(memory.append(i, i, i)).isTrue();
            }
            assertThat(memory.append(7, 7, 7)).isFalse();
            assertThat(memory.size()).isEqualTo(max);
            assertThat(memory.memoryBytes()).isEqualTo(max * 24L);
            memory.release();
        }
        assertThatThrownBy(() -> provider.newIndexMemory(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> provider.newIndexMemory(Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @MethodSource("providers")
    void readOutsideOfTheEntries_isRefused(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(100);
        memory.append(1, 2, 3);
        for (int[] place :
                new int[][] {{1, 0}, {-1, 0}, {0, 3}, {0, -1}, {Integer.MAX_VALUE, 0}, {Integer.MIN_VALUE, 2}}) {
            assertThatThrownBy(() -> memory.get(place[0], place[1])).isInstanceOf(IndexOutOfBoundsException.class);
        }
        memory.release();
    }

    @Test
    void machineWithoutMemory_endsTheIndexAndNothingElse() {
        AtomicInteger attempts = new AtomicInteger();
        IndexMemory memory = new ChunkedIndexMemory(1000, longs -> {
            if (attempts.incrementAndGet() > 2) {
                throw new OutOfMemoryError("direct");
            }
            return new CountingChunk(longs);
        });
        for (int i = 0; i < 32 + 64; i++) {
            assertThat(memory.append(i, i, i)).isTrue();
        }

        assertThat(memory.append(96, 96, 96)).isFalse();
        assertThat(memory.append(96, 96, 96)).isFalse();

        assertThat(attempts)
                .as("memory is asked for once more and then no longer")
                .hasValue(3);
        assertThat(memory.size()).isEqualTo(96);
        assertThat(memory.get(95, 0)).isEqualTo(95);
        memory.release();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void memory_livesUntilTheLastReferenceAndNotLonger(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(100);
        memory.append(1, 2, 3);
        assertThat(memory.tryRetain()).isTrue();

        memory.release();
        assertThat(memory.get(0, 1)).isEqualTo(2);

        memory.release();
        assertThat(memory.tryRetain()).isFalse();
        assertThatThrownBy(() -> memory.get(0, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> memory.append(4, 5, 6)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(memory::release).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void racingReleases_freeEachChunkExactlyOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 300; round++) {
                List<CountingChunk> chunks = new ArrayList<>();
                IndexMemory memory = new ChunkedIndexMemory(100, longs -> {
                    CountingChunk chunk = new CountingChunk(longs);
                    chunks.add(chunk);
                    return chunk;
                });
                for (int i = 0; i < 100; i++) {
                    memory.append(i, i, i);
                }
                CountDownLatch start = new CountDownLatch(1);
                List<Future<?>> readers = new ArrayList<>();
                for (int t = 0; t < 4; t++) {
                    readers.add(threads.submit(() -> {
                        start.await();
                        for (int i = 0; i < 1000 && memory.tryRetain(); i++) {
                            assertThat(memory.get(99, 0)).isEqualTo(99);
                            memory.release();
                        }
                        return null;
                    }));
                }
                start.countDown();
                memory.release();
                for (Future<?> reader : readers) {
                    reader.get(30, TimeUnit.SECONDS);
                }
                assertThat(chunks).hasSize(3).allMatch(chunk -> chunk.frees.get() == 1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void readerBesideTheWriter_seesOnlyWholeEntries(BytesProvider provider) throws Exception {
        IndexMemory memory = provider.newIndexMemory(300_000);
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try {
            Future<?> reader = threads.submit(() -> {
                int seen = 0;
                while (seen < 300_000) {
                    int size = memory.size();
                    for (int i = Math.max(seen, size - 100); i < size; i++) {
                        assertThat(memory.get(i, 0)).isEqualTo(i + 1);
                        assertThat(memory.get(i, 2)).isEqualTo(i + 3);
                    }
                    seen = size;
                }
            });
            for (int i = 0; i < 300_000; i++) {
                memory.append(i + 1, i + 2, i + 3);
            }
            reader.get(60, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
            memory.release();
        }
    }

    /** Memory that notices a second free, and reads after the first. */
    private static final class CountingChunk implements ChunkedIndexMemory.Chunk {
        final AtomicInteger frees = new AtomicInteger();
        private final long[] longs;

        CountingChunk(int longs) {
            this.longs = new long[longs];
        }

        @Override
        public void set(int index, long value) {
            longs[index] = value;
        }

        @Override
        public long get(int index) {
            assertThat(frees).hasValue(0);
            return longs[index];
        }

        @Override
        public void free() {
            frees.incrementAndGet();
        }
    }
}
