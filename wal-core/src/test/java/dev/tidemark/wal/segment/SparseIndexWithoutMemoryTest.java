package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.IndexMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An index is a shortcut: where the machine has no memory for it, the way is longer and nothing else happens. */
class SparseIndexWithoutMemoryTest {

    private final List<IndexMemory> given = new ArrayList<>();
    private int entriesToGive;
    private final SparseIndex index = new SparseIndex(maxEntries -> {
        IndexMemory memory = BytesChoice.current().newIndexMemory(Math.min(maxEntries, entriesToGive));
        given.add(memory);
        return memory;
    });

    @Test
    void firstFrameWithoutMemory_isNotIndexedAndTheNextOneIs() {
        index.add(0, 4096, 10);

        assertThat(index.writtenFrom()).isEqualTo(-1);
        assertThat(index.isNear(0)).isFalse();
        assertThat(index.floorPosition(0)).isEqualTo(4096);
        index.cutTo(0);

        entriesToGive = 100;
        index.add(1, 4160, 11);

        assertThat(index.writtenFrom()).isEqualTo(4160);
        assertThat(index.floorPosition(5)).isEqualTo(4160);
        assertThat(given.get(0).tryRetain())
                .as("what was of no use was given back")
                .isFalse();
    }

    @Test
    void memoryThatEnds_leavesTheEntriesThatAreThere() {
        entriesToGive = 2;
        for (int i = 0; i < 5; i++) {
            index.add(i, 4096 + 4096L * i, 10 + i);
        }
        assertThat(index.floorPosition(4)).isEqualTo(8192);
    }

    @Test
    void cutWithoutMemoryForWhatStays_startsAnew() {
        entriesToGive = 100;
        for (int i = 0; i < 5; i++) {
            index.add(i, 4096 + 4096L * i, 10 + i);
        }

        entriesToGive = 0;
        index.cutTo(3);

        assertThat(index.writtenFrom()).isEqualTo(-1);
        assertThat(index.floorPosition(2)).isEqualTo(4096);
        assertThat(given).noneMatch(IndexMemory::tryRetain);
        entriesToGive = 100;
        index.add(3, 16_384, 20);
        assertThat(index.writtenFrom()).isEqualTo(16_384);
    }
}
