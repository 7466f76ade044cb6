package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Recovers the partition of a {@link LogBuilder} from some disk, and shows what came of it. */
final class RecoveryHarness {

    private static final Timer WAITS = new SimpleMeterRegistry().timer("waits");

    private RecoveryHarness() {}

    static SimulatedDisk disk(LogBuilder log) throws IOException {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(LogBuilder.STORE);
        log.writeTo(disk);
        return disk;
    }

    static RecoveryContext context(Disk disk, boolean readOnly) {
        ManualClock clock = new ManualClock();
        Environment environment = Environment.real()
                .withDisk(disk)
                .withTime(clock, clock)
                .withRandom(RandomGenerator.of("L64X128MixRandom"));
        return new RecoveryContext(
                LogBuilder.STORE_ID,
                environment,
                new PlainRoom(),
                () -> RankedLock.exclusive(LockRank.METADATA, WAITS, clock, TimeUnit.SECONDS.toNanos(5)),
                readOnly,
                4096);
    }

    static RecoveryResult recover(Disk disk) {
        return new Recoverer(context(disk, false)).recover(LogBuilder.ID, LogBuilder.DIRECTORY);
    }

    static RecoveryResult look(Disk disk) {
        return new Recoverer(context(disk, true)).recover(LogBuilder.ID, LogBuilder.DIRECTORY);
    }

    static void writeStore(Disk disk) throws IOException {
        LogBuilder.write(disk, LogBuilder.STORE.resolve(Names.STORE), new StoreFile(LogBuilder.STORE_ID, 1).encode());
    }

    static VerifyReport verify(Disk disk) throws IOException {
        if (!disk.exists(LogBuilder.STORE.resolve(Names.STORE))) {
            writeStore(disk);
        }
        return new StoreVerifier(Environment.real().withDisk(disk), LogBuilder.STORE).verify();
    }

    /** The log, which must have been recovered. */
    static RecoveredLog log(RecoveryResult result) {
        if (result instanceof RecoveryResult.Recovered recovered) {
            return recovered.log();
        }
        throw new AssertionError("not recovered: " + result.report());
    }

    static RecoveredLog recovered(Disk disk) {
        return log(recover(disk));
    }

    /** Why it was refused, which it must have been. */
    static WalException failure(RecoveryResult result) {
        return result.report().failure().orElseThrow(() -> new AssertionError("not refused: " + result.report()));
    }

    /** The one row that says what was found behind the last good frame, or that refuses. */
    static RecoveryCase row(PartitionRecovery report) {
        List<RecoveryCase> rows =
                report.cases().stream().filter(row -> row != RecoveryCase.R6).toList();
        if (rows.size() != 1) {
            throw new AssertionError("not exactly one row: " + report);
        }
        return rows.get(0);
    }

    static PartitionFile metadata(Disk disk) throws IOException {
        return PartitionMetadata.read(disk, LogBuilder.DIRECTORY).value().orElseThrow();
    }

    /** Every frame's first offset with its payload, as a reader of the log would see them; all of it checked. */
    static TreeMap<Long, byte[]> contents(Disk disk, RecoveredLog log) throws IOException {
        TreeMap<Long, byte[]> contents = new TreeMap<>();
        for (Segment segment : log.segments()) {
            try (DiskFile file = disk.open(segment.path(), Disk.Access.READ)) {
                segment.load(file, log.owner());
                long limit =
                        segment.isSealed() ? Long.MAX_VALUE : log.active().end().endPosition();
                SegmentScan scan = new SegmentScan(file, segment.salt(), ByteBuffer.allocateDirect(1 << 16), limit);
                SegmentScan.GoodEnd end = scan.walk(
                        segment.baseOffset(), new TotalsCounter(SegmentTotals.none(segment.segmentId())), frame -> {
                            if (frame.count() > 0) {
                                byte[] payload = new byte[frame.payloadLength()];
                                scan.readPayload(frame.payloadLength()).get(payload);
                                contents.put(frame.offset(), payload);
                            }
                        });
                long expected = segment.isSealed() ? segment.endOffset() : log.end();
                if (end.offset() != expected) {
                    throw new AssertionError("segment reads to " + end + " instead of " + expected);
                }
            }
        }
        return contents;
    }

    /** What a log is, and what was kept aside of it: for comparing one recovery with the next. */
    static String describe(Disk disk, RecoveryResult result) throws IOException {
        if (!(result instanceof RecoveryResult.Recovered recovered)) {
            return "refused " + row(result.report()) + " " + failure(result).code();
        }
        RecoveredLog log = recovered.log();
        List<String> segments = new ArrayList<>();
        log.segments().forEach(segment -> segments.add(segment.name() + (segment.isSealed() ? " sealed" : "")));
        StringBuilder text = new StringBuilder();
        text.append(log.start()).append("..").append(log.end()).append(' ').append(segments);
        text.append(" active=")
                .append(log.active().end())
                .append(" rotate=")
                .append(log.active().mustRotate());
        contents(disk, log)
                .forEach((offset, payload) ->
                        text.append(' ').append(offset).append(':').append(Arrays.hashCode(payload)));
        for (DiskEntry entry : disk.list(LogBuilder.DIRECTORY)) {
            if (Names.parseCutFile(entry.name()).isPresent()) {
                Path path = LogBuilder.DIRECTORY.resolve(entry.name());
                ByteBuffer kept = ByteBuffer.allocate((int) entry.sizeBytes());
                try (DiskFile file = disk.open(path, Disk.Access.READ)) {
                    file.readFully(kept, 0);
                }
                text.append(' ').append(entry.name()).append('=').append(Arrays.hashCode(kept.array()));
            }
        }
        return text.toString();
    }
}
