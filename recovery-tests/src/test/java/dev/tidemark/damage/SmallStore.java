package dev.tidemark.damage;

import dev.tidemark.crash.SteppedStore;
import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A store with one partition, so small that each of its bits can be flipped.
 *
 * <p><b>Threads.</b> One.
 */
final class SmallStore {
    private static final PartitionId ID = new PartitionId("p", 0);

    private final SimulatedDisk disk = new SimulatedDisk();
    private final ManualClock clock = new ManualClock();
    private final WalConfig config;
    private final NavigableMap<Long, Submission> records = new TreeMap<>();
    private final SteppedStore store;
    private final LocalPartition partition;

    /** How the process that made it ended. */
    enum Ending {
        CLOSED,
        KILLED
    }

    private SmallStore(boolean prefill) {
        config = SteppedStore.stepped(WalConfig.builder(Specimen.DATA))
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 10)
                .prefill(prefill)
                .indexIntervalBytes(512)
                .build();
        store = SteppedStore.open(disk, config, clock, 1);
        partition = store.engine().partition(ID);
    }

    /**
     * @param prefill whether zeros lie behind the records
     * @param segments how many segments there are
     */
    static Specimen make(boolean prefill, int segments, Ending ending) {
        SmallStore made = new SmallStore(prefill);
        made.fill();
        for (int i = 1; i < segments; i++) {
            made.partition.rotate();
            made.readSomewhere();
            made.fill();
        }
        made.store.settle();
        return made.end(ending);
    }

    private void fill() {
        append(AppendRequest.of(bytes("a value")));
        append(AppendRequest.opaque(bytes("another protocol's batch"), 3));
        append(AppendRequest.of(List.of(
                WalRecord.of(bytes("k"), bytes("v")),
                WalRecord.of(bytes("w")).withTimestamp(17).withHeaders(List.of(Header.of("h", bytes("x")))))));
        append(AppendRequest.of(new byte[0]));
        append(AppendRequest.of(bytes("the last, so that one of those before is below a proof")));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void append(AppendRequest request) {
        Submission submission = new Submission(request, 0);
        submission.tookOffset(partition.append(request));
        records.put(submission.offset(), submission);
        clock.advance(Duration.ofMillis(20));
    }

    /** Makes the index file. */
    private void readSomewhere() {
        try (Cursor cursor = partition.read(From.offset(1))) {
            if (!cursor.next()) {
                throw new AssertionError("nothing to read");
            }
        }
    }

    private Specimen end(Ending ending) {
        SimulatedDisk left = disk;
        if (ending == Ending.CLOSED) {
            store.close();
        } else {
            left = disk.copy();
            store.close();
        }
        left.recordNothing();
        Specimen.Origin origin = new Specimen.Origin(0, "small, " + ending, config, Map.of(), Map.of());
        return new Specimen(origin, left, Map.of(ID, records), List.of());
    }
}
