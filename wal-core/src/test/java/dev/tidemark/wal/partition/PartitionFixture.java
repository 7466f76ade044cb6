package dev.tidemark.wal.partition;

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
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.io.Timers;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.SegmentTotals;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/**
 * One partition on a simulated disk, with real threads and without a store around it: the write path alone.
 */
final class PartitionFixture implements AutoCloseable {
    static final Path ROOT = Path.of("/data");
    static final Path DIRECTORY = ROOT.resolve("orders-0");
    /** Shared, because the arenas of an allocator are only given back with the allocator, by the collector. */
    private static final PooledByteBufAllocator MEMORY = new PooledByteBufAllocator(true, 0, 1, 8192, 9, 0, 0, false);

    static final long PARTITION_NUMBER = 7;
    static final long FIRST_SEGMENT_ID = 99;

    final SimulatedDisk disk;
    final PartitionServices services;
    final LogPartition partition;
    final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();
    final AtomicBoolean mayGrow = new AtomicBoolean(true);
    /** Whether no direct memory is left. */
    final AtomicBoolean isMemoryShort = new AtomicBoolean();

    /** Runs in the thread that changes the segment, in the middle of that. */
    volatile LongConsumer whenSealed = endOffset -> {};

    final QueueMemory budget;
    final Environment environment;

    private final ThreadPoolExecutor flushers;
    private final ExecutorService completions;

    private PartitionFixture(SimulatedDisk disk, Environment environment, WalConfig config) throws IOException {
        this.disk = disk;
        this.environment = environment;
        flushers = (ThreadPoolExecutor)
                Executors.newFixedThreadPool(2, environment.threads().factory("test-flusher"));
        completions = Executors.newSingleThreadExecutor(environment.threads().factory("test-completion"));
        StoreMeters meters = new StoreMeters(config.meters(), "test");
        Events heard = new Heard();
        RankedLocks locks = new RankedLocks(
                meters.partitions(), environment.clock(), config.lockTimeout().toNanos());
        budget = new QueueMemory(config.storeQueueBytes(), environment.clock(), locks.exclusive(LockRank.MEMORY));
        services = new PartitionServices(
                new UUID(1, 2),
                config,
                environment,
                new SegmentFiles(disk, config.openFiles(), false),
                new Memory(),
                budget,
                flushers::execute,
                (stripe, task) -> completions.execute(task),
                heard,
                meters.partitions(),
                locks,
                new Room(),
                new ForceWatch(
                        environment.clock(),
                        environment.timers(),
                        heard,
                        meters.partitions(),
                        config.slowForce().toNanos()));
        partition = LogPartition.open(
                services, new IndexLoader(disk, services.files(), services.memory(), 4096, false), emptyLog());
    }

    /** With real time. */
    static PartitionFixture open(UnaryOperator<WalConfig.Builder> settings) throws IOException {
        return open(settings, Environment.real());
    }

    /** With the defaults and real time. */
    static PartitionFixture open() throws IOException {
        return open(settings -> settings);
    }

    /** With time that a test moves. */
    static <T extends Clock & Timers> PartitionFixture open(UnaryOperator<WalConfig.Builder> settings, T time)
            throws IOException {
        return open(settings, Environment.real().withTime(time, time));
    }

    private static PartitionFixture open(UnaryOperator<WalConfig.Builder> settings, Environment real)
            throws IOException {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
        WalConfig config = settings.apply(WalConfig.builder(ROOT)).build();
        return new PartitionFixture(disk, real.withDisk(disk), config);
    }

    private RecoveredLog emptyLog() throws IOException {
        PartitionId id = new PartitionId("orders", 0);
        SegmentHeader header = new SegmentHeader(
                services.storeId(), PARTITION_NUMBER, FIRST_SEGMENT_ID, new SegmentName(0, 1), Optional.empty(), 0, 0);
        Path path = DIRECTORY.resolve(header.name().segmentFile());
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        put(path, block);
        PartitionFile file = PartitionFile.first(
                services.storeId(), id, PARTITION_NUMBER, 0, new SegmentRef(header.name(), FIRST_SEGMENT_ID));
        put(DIRECTORY.resolve("PARTITION"), ByteBuffer.wrap(file.encode()));
        disk.forceDirectory(DIRECTORY);
        SegmentTotals totals = SegmentTotals.none(FIRST_SEGMENT_ID);
        SegmentEnd end =
                new SegmentEnd(FIRST_SEGMENT_ID, header.name(), 0, SegmentHeader.BYTES, totals.runningChecksum());
        Segment segment = new Segment(path, header);
        return new RecoveredLog(
                id,
                DIRECTORY,
                new SegmentOwner(services.storeId(), PARTITION_NUMBER, id),
                new PartitionMetadata(disk, services.room(), services.lock(LockRank.METADATA), DIRECTORY, file),
                List.of(segment),
                new ActiveState(segment, end, SegmentHeader.BYTES, totals, false),
                0,
                0,
                0,
                0,
                List.of(),
                Optional.empty(),
                new PartitionRecovery(
                        id.toString(), List.of(RecoveryCase.CLEAN), 0, 0, 0, Optional.empty(), Optional.empty(), 0));
    }

    private void put(Path path, ByteBuffer bytes) throws IOException {
        try (DiskFile file = disk.create(path)) {
            file.writeFully(bytes, 0);
            file.force(true);
        }
    }

    /** Waits until no flusher has anything to do. */
    void awaitQuiet() {
        Awaitility.await()
                .until(() ->
                        flushers.getActiveCount() == 0 && flushers.getQueue().isEmpty() && !partition.isBusy());
    }

    long deadline(long seconds) {
        return environment.clock().nanos() + TimeUnit.SECONDS.toNanos(seconds);
    }

    @Override
    public void close() {
        disk.removeFaults();
        partition.close(deadline(20));
        flushers.shutdownNow();
        completions.shutdownNow();
    }

    private final class Room implements DiskRoom {
        @Override
        public boolean mayGrow() {
            return mayGrow.get();
        }

        @Override
        public void full(IOException cause) {
            events.add("full");
        }

        @Override
        public <T> T withReserve(IoAction<T> action) throws IOException {
            return action.run();
        }
    }

    private final class Memory extends AbstractByteBufAllocator {
        @Override
        protected ByteBuf newDirectBuffer(int initialBytes, int mostBytes) {
            if (isMemoryShort.get()) {
                throw new OutOfMemoryError("no direct memory");
            }
            return MEMORY.directBuffer(initialBytes, mostBytes);
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialBytes, int mostBytes) {
            return MEMORY.heapBuffer(initialBytes, mostBytes);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return true;
        }
    }

    private final class Heard extends SilentEvents {
        @Override
        public void sealed(PartitionId id, String file, long baseOffset, long endOffset) {
            events.add("sealed " + baseOffset + ".." + endOffset);
            whenSealed.accept(endOffset);
        }

        @Override
        public void trimmed(PartitionId id, long startOffset, int segments, long bytes) {
            events.add("trimmed " + startOffset + " segments=" + segments);
        }

        @Override
        public void warning(String message) {
            events.add("warning " + message);
        }

        @Override
        public void failed(PartitionId id, dev.tidemark.wal.api.WalException cause) {
            events.add("failed " + cause.code());
        }
    }
}
