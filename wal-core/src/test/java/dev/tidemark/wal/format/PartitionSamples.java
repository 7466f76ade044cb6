package dev.tidemark.wal.format;

import dev.tidemark.wal.api.PartitionId;
import java.util.Random;
import java.util.UUID;

/** Values of {@code PARTITION} for tests. */
final class PartitionSamples {

    private PartitionSamples() {}

    /** One of everything. */
    static PartitionFile full() {
        return PartitionFile.first(
                        new UUID(0x0123_4567_89AB_CDEFL, 0xFEDC_BA98_7654_3210L),
                        new PartitionId("orders", 7),
                        0x1111_2222_3333_4444L,
                        1_700_000_000_000L,
                        new SegmentRef(new SegmentName(0, 1), 0x0101))
                .change()
                .start(4100, new SegmentName(4096, 2))
                .active(new SegmentRef(new SegmentName(8192, 5), 0x0505))
                .lastEpoch(6)
                .provenEnd(9000)
                .closed(new SegmentEnd(0x0303, new SegmentName(5000, 3), 6000, 131_072, 0x1234_5678_9ABC_DEF0L))
                .cleanStamp(new CleanStamp(0x0505, 65_536, 0xCAFE_BABE, 9000, 4))
                .intent(new Intent.Trim(4200, new SegmentName(4096, 2)))
                .intent(new Intent.Truncate(8500, new SegmentName(8192, 5), 6))
                .intent(new Intent.Delete(0x0D0D))
                .checkpoint("billing", 8800)
                .checkpoint("search.index", 4100)
                .loss(new Loss(5500, 5600, "SEGMENT_CORRUPT", 1_700_000_123_456L))
                .done();
    }

    static PartitionFile random(Random random) {
        long base = random.nextLong() >>> 2 + random.nextInt(60);
        int epoch = 1 + random.nextInt(1000);
        PartitionFile.Change change = PartitionFile.first(
                        new UUID(random.nextLong(), random.nextLong()),
                        new PartitionId("p".repeat(1 + random.nextInt(200)), random.nextInt(Integer.MAX_VALUE)),
                        random.nextLong(),
                        random.nextLong() >>> 20,
                        new SegmentRef(new SegmentName(base, epoch), random.nextLong() | 1))
                .change();
        if (random.nextBoolean()) {
            change.start(base + random.nextInt(100), new SegmentName(base, epoch));
        }
        change.provenEnd(base + 100 + random.nextInt(1000));
        for (int i = random.nextInt(5); i > 0; i--) {
            change.closed(new SegmentEnd(
                    random.nextLong() | 1,
                    new SegmentName(base, epoch++),
                    base + random.nextInt(100),
                    4096 + 8L * random.nextInt(1000),
                    random.nextLong()));
        }
        long activeId = random.nextLong() | 1;
        change.active(new SegmentRef(new SegmentName(base + 50, epoch), activeId));
        if (random.nextBoolean()) {
            change.cleanStamp(new CleanStamp(
                    activeId, 4096 + 8L * random.nextInt(1000), random.nextInt(), base + 120, 1 + random.nextInt(5)));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            change.intent(
                    switch (random.nextInt(3)) {
                        case 0 -> new Intent.Trim(base + 60, new SegmentName(base, epoch));
                        case 1 -> new Intent.Truncate(base + 60, new SegmentName(base, epoch), epoch + 1);
                        default -> new Intent.Delete(random.nextLong());
                    });
        }
        for (int i = random.nextInt(5); i > 0; i--) {
            change.checkpoint("c" + random.nextInt(100), random.nextLong() >>> 1);
        }
        for (int i = random.nextInt(5); i > 0; i--) {
            long first = random.nextLong() >>> 2;
            change.loss(new Loss(first, first + 1 + random.nextInt(100), "R" + i + " \u00fc", random.nextLong() >>> 1));
        }
        return change.done();
    }
}
