package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** P7 rests on it that the channel that wrote is the one that forces, and hears of what went wrong in between. */
class UnforcedChannelTest {
    /** More than files may be open. */
    private static final int PARTITIONS = 40;

    private final WatchedChannels disk = new WatchedChannels(new SimulatedDisk());
    private final ManualClock clock = new ManualClock();
    private final WalConfig config = SteppedStore.stepped(WalConfig.builder(Workload.DATA))
            .segmentBytes(16 << 10)
            .reserveBytes(64 << 10)
            .openFiles(16)
            .build();

    @Test
    void moreSegmentsThanMayBeOpen_eachIsForcedByTheChannelThatWroteIt() {
        SplittableRandom random = new SplittableRandom(11);
        try (SteppedStore store = SteppedStore.open(disk, config, clock, 5)) {
            List<LocalPartition> partitions = new ArrayList<>();
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(store.engine().partition(new PartitionId("p", i)));
            }
            for (int step = 0; step < 4_000; step++) {
                LocalPartition partition = partitions.get(random.nextInt(PARTITIONS));
                Durability durability = Durability.values()[random.nextInt(Durability.values().length)];
                partition.append(new byte[random.nextInt(1_000)], durability);
                if (random.nextInt(10) == 0) {
                    readOne(partitions.get(random.nextInt(PARTITIONS)));
                }
                if (random.nextInt(20) == 0) {
                    clock.advance(Duration.ofMillis(random.nextInt(30)));
                    store.settle();
                }
            }
            assertThat(disk.wrongs()).isEmpty();
        }
        assertThat(disk.wrongs()).isEmpty();
        assertThat(disk.closedSegments())
                .as("files had to be closed on the way")
                .isGreaterThan(PARTITIONS * 3);
    }

    private static void readOne(LocalPartition partition) {
        try (Cursor cursor = partition.read(From.start())) {
            cursor.next();
        }
    }
}
