package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.IndexMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SparseIndexTest {

    private final List<IndexMemory> taken = new ArrayList<>();
    private final SparseIndex index = new SparseIndex(this::take);

    private synchronized IndexMemory take(int maxEntries) {
        IndexMemory memory = BytesChoice.current().newIndexMemory(maxEntries);
        taken.add(memory);
        return memory;
    }

    @AfterEach
    void allMemoryIsGivenBack() {
        index.unload();
        assertThat(taken).allMatch(memory -> memory.memoryBytes() == 0);
    }

    @Test
    void emptyIndex_saysTheFirstFrame() {
        assertThat(index.floorPosition(5)).isEqualTo(4096);
        assertThat(index.floorByTime(5, 10).filePosition()).isEqualTo(4096);
        assertThat(index.isNear(5)).isFalse();
    }

    @Test
    void entry_isKeptOncePerInterval() {
        index.keepEvery(1000);
        for (int i = 0; i < 100; i++) {
            index.add(i, 4096 + i * 200L, 50 + i);
        }

        assertThat(index.size()).isEqualTo(20);
        assertThat(index.floorPosition(0)).isEqualTo(4096);
        assertThat(index.floorPosition(4)).isEqualTo(4096);
        assertThat(index.floorPosition(5)).isEqualTo(4096 + 5 * 200);
        assertThat(index.floorPosition(99)).isEqualTo(4096 + 95 * 200);
        assertThat(index.isNear(0)).isTrue();
    }

    @Test
    void time_leadsToAPlaceBeforeTheFirstFrameThatIsNotOlder() {
        index.keepEvery(1);
        index.add(0, 4096, 10);
        index.add(1, 4200, 20);
        index.add(2, 4300, 20);
        index.add(3, 4400, 30);

        assertThat(index.floorByTime(10, 4).filePosition()).isEqualTo(4096);
        assertThat(index.floorByTime(20, 4).filePosition()).isEqualTo(4096);
        assertThat(index.floorByTime(21, 4).filePosition()).isEqualTo(4300);
        assertThat(index.floorByTime(99, 4).filePosition()).isEqualTo(4400);
        assertThat(index.floorByTime(99, 3).filePosition())
                .as("what is not visible does not count")
                .isEqualTo(4300);
    }

    @Test
    void cut_forgetsWhatWasTakenBack() {
        index.keepEvery(100);
        for (int i = 0; i < 50; i++) {
            index.add(i, 4096 + i * 100L, i);
        }
        index.cutTo(20);

        assertThat(index.size()).isEqualTo(20);
        assertThat(index.floorPosition(49)).isEqualTo(4096 + 19 * 100);
        // What comes instead lies elsewhere.
        index.add(20, 4096 + 19 * 100 + 150, 20);
        assertThat(index.floorPosition(20)).isEqualTo(4096 + 19 * 100 + 150);
        index.cutTo(21);
        assertThat(index.size()).isEqualTo(21);
        index.cutTo(0);
        assertThat(index.size()).isZero();
        index.add(0, 4096, 0);
        assertThat(index.floorPosition(0)).isEqualTo(4096);
        assertThat(index.size()).isEqualTo(1);
    }

    @Test
    void loadedPart_answersForWhatLiesBelowTheWrittenOne() {
        index.keepEvery(1);
        index.add(100, 9000, 100);
        index.add(101, 9100, 101);
        assertThat(index.isNear(100)).isTrue();
        assertThat(index.isNear(99)).isFalse();
        assertThat(index.isNearByTime(100, 200)).isFalse();
        assertThat(index.isNearByTime(101, 200)).isTrue();

        IndexMemory part = index.newPart();
        part.append(0, 4096, 1);
        part.append(50, 6000, 50);
        index.publishLoaded(part);

        assertThat(index.isNear(99)).isTrue();
        assertThat(index.floorPosition(99)).isEqualTo(6000);
        assertThat(index.floorPosition(49)).isEqualTo(4096);
        assertThat(index.floorPosition(100)).isEqualTo(9000);
        assertThat(index.floorByTime(51, 200).filePosition()).isEqualTo(6000);
        List<Long> all = new ArrayList<>();
        assertThat(index.visitAll((offset, position, time) -> all.add(position)))
                .isTrue();
        assertThat(all).containsExactly(4096L, 6000L, 9000L, 9100L);
        index.dropLoaded();
        assertThat(index.visitAll((offset, position, time) -> all.add(position)))
                .isFalse();
    }

    /** Against a list: a search must say the last entry that is not behind. */
    @Test
    void lookups_agreeWithAList() {
        for (long seed = 1; seed <= 20; seed++) {
            Random random = new Random(seed);
            SparseIndex searched = new SparseIndex(this::take);
            searched.keepEvery(1);
            List<long[]> entries = new ArrayList<>();
            long offset = 0;
            long position = 4096;
            long time = 0;
            for (int i = 0; i < random.nextInt(300); i++) {
                searched.add(offset, position, time);
                entries.add(new long[] {offset, position, time});
                offset += random.nextInt(3);
                position += 48 + 8L * random.nextInt(100);
                time += random.nextInt(3);
            }
            for (long wanted = 0; wanted < offset; wanted++) {
                long expected = 4096;
                long expectedByTime = 4096;
                for (long[] entry : entries) {
                    expected = entry[0] <= wanted ? entry[1] : expected;
                    expectedByTime = entry[0] < offset && entry[2] < wanted ? entry[1] : expectedByTime;
                }
                assertThat(searched.floorPosition(wanted)).as("seed=%s", seed).isEqualTo(expected);
                assertThat(searched.floorByTime(wanted, offset).filePosition())
                        .as("seed=%s", seed)
                        .isEqualTo(expectedByTime);
            }
            searched.unload();
        }
    }

    /** A writer that adds, is refused and cuts, beside readers that look below the end they have loaded. */
    @Test
    void readersBesideAWriter_areLedToFramesThatAreThere() throws Exception {
        index.keepEvery(1);
        AtomicLong end = new AtomicLong();
        AtomicLong finished = new AtomicLong();
        ExecutorService readers = Executors.newFixedThreadPool(3);
        List<Future<Long>> running = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            Random random = new Random(t);
            running.add(readers.submit(() -> {
                long looked = 0;
                while (finished.get() == 0 || looked == 0) {
                    long seen = end.get();
                    if (seen > 0) {
                        long wanted = (long) (random.nextDouble() * seen);
                        // Each visible frame has an entry, and lies where its offset says.
                        assertThat(index.floorPosition(wanted)).isEqualTo(4096 + wanted * 48);
                        looked++;
                    }
                }
                return looked;
            }));
        }
        Random random = new Random(9);
        long next = 0;
        for (int round = 0; round < 1_000; round++) {
            long visible = next;
            for (int i = 0; i < 5; i++) {
                index.add(next, 4096 + next * 48, next);
                next++;
            }
            if (random.nextInt(4) == 0) {
                index.cutTo(visible);
                next = visible;
            }
            end.set(next);
        }
        finished.set(1);
        for (Future<Long> each : running) {
            assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
        }
        readers.shutdown();
    }
}
