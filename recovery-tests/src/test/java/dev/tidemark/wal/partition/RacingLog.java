package dev.tidemark.wal.partition;

import dev.tidemark.stress.NowhereDisk;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Timers;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.SegmentTotals;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/**
 * A real {@link LogPartition} for one race: on a disk that is nowhere and without timers. Its flushers run when the test says so:
 * whatever is then not in their queue is done by nobody. Or there is one that always runs, for callers that wait.
 */
final class RacingLog {
    private static final Path ROOT = Path.of("/data");
    private static final Path DIRECTORY = ROOT.resolve("orders-0");
    private static final PartitionId ID = new PartitionId("orders", 0);
    private static final UUID STORE = new UUID(1, 2);
    private static final long SEGMENT_ID = 99;

    private static final NowhereDisk DISK = new NowhereDisk();
    private static final Clock CLOCK = Environment.real().clock();
    private static final Timers NO_TIMERS = (task, delayNanos) -> () -> true;
    private static final Environment ENVIRONMENT =
            Environment.real().withDisk(DISK).withTime(CLOCK, NO_TIMERS);
    private static final WalConfig CONFIG =
            WalConfig.builder(ROOT).segmentBytes(16 << 10).prefill(false).build();
    private static final PartitionMeters METERS = new StoreMeters(CONFIG.meters(), "race").partitions();
    private static final RankedLocks LOCKS =
            new RankedLocks(METERS, CLOCK, CONFIG.lockTimeout().toNanos());
    private static final PooledByteBufAllocator MEMORY = new PooledByteBufAllocator(true, 0, 2, 8192, 5, 0, 0, false);
    private static final SegmentFiles FILES = new SegmentFiles(DISK, 100_000, false);
    private static final IndexLoader INDEXES = new IndexLoader(DISK, FILES, MEMORY, 4096, false);
    private static final Events NOBODY_HEARS = new SilentEvents();
    private static final MemoryBudget BUDGET = new EndlessMemory();
    private static final DiskRoom ROOM = new PlainRoom();

    /** Shared by all races that want one; it never has much to do. */
    private static final Executor FLUSHER =
            Executors.newSingleThreadExecutor(ENVIRONMENT.threads().factory("race-flusher"));

    private final ConcurrentLinkedQueue<Runnable> turns = new ConcurrentLinkedQueue<>();
    final LogPartition partition;

    /** With flushers that run in {@link #runTurn}. */
    static RacingLog withFlushersByHand() {
        return new RacingLog(false);
    }

    /** With a flusher that runs by itself. */
    static RacingLog withAFlusher() {
        return new RacingLog(true);
    }

    private RacingLog(boolean hasFlusher) {
        PartitionServices services = new PartitionServices(
                STORE,
                CONFIG,
                ENVIRONMENT,
                FILES,
                MEMORY,
                BUDGET,
                hasFlusher ? FLUSHER::execute : turns::add,
                (stripe, task) -> task.run(),
                NOBODY_HEARS,
                METERS,
                LOCKS,
                ROOM,
                new ForceWatch(CLOCK, NO_TIMERS, NOBODY_HEARS, METERS, Long.MAX_VALUE));
        partition = LogPartition.open(services, INDEXES, emptyLog(services));
    }

    private static RecoveredLog emptyLog(PartitionServices services) {
        SegmentHeader header = new SegmentHeader(STORE, 7, SEGMENT_ID, new SegmentName(0, 1), Optional.empty(), 0, 0);
        Segment segment = new Segment(DIRECTORY.resolve(header.name().segmentFile()), header);
        PartitionFile file = PartitionFile.first(STORE, ID, 7, 0, new SegmentRef(header.name(), SEGMENT_ID));
        SegmentTotals totals = SegmentTotals.none(SEGMENT_ID);
        SegmentEnd end = new SegmentEnd(SEGMENT_ID, header.name(), 0, SegmentHeader.BYTES, totals.runningChecksum());
        return new RecoveredLog(
                ID,
                DIRECTORY,
                new SegmentOwner(STORE, 7, ID),
                new PartitionMetadata(DISK, ROOM, services.lock(LockRank.METADATA), DIRECTORY, file),
                List.of(segment),
                new ActiveState(segment, end, SegmentHeader.BYTES, totals, false),
                0,
                0,
                0,
                0,
                List.of(),
                Optional.empty(),
                new PartitionRecovery(
                        ID.toString(), List.of(RecoveryCase.CLEAN), 0, 0, 0, Optional.empty(), Optional.empty(), 0));
    }

    /** Does the flushers' next turn; false when they have nothing to do. */
    boolean runTurn() {
        Runnable turn = turns.poll();
        if (turn == null) {
            return false;
        }
        turn.run();
        return true;
    }

    /** Does whatever the flushers have to do. */
    void runTurns() {
        while (runTurn()) {
            Thread.onSpinWait();
        }
    }

    /** Lets go of memory and files. */
    void close() {
        partition.close(deadlineNanos());
        runTurns();
    }

    static long deadlineNanos() {
        return CLOCK.nanos() + CONFIG.closeTimeout().toNanos();
    }

    /** Memory is not what these races are about. */
    private static final class EndlessMemory implements MemoryBudget {
        @Override
        public boolean tryTake(long bytes) {
            return true;
        }

        @Override
        public boolean take(long bytes, long deadlineNanos) {
            return true;
        }

        @Override
        public void give(long bytes) {
            // There is no end of it.
        }

        @Override
        public long limitBytes() {
            return Long.MAX_VALUE;
        }
    }
}
