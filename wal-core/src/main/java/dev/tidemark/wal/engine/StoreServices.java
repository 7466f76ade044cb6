package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.MetricNames;
import dev.tidemark.wal.metrics.PartitionMeters;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.partition.DiskRoom;
import dev.tidemark.wal.partition.Flushers;
import dev.tidemark.wal.partition.ForceWatch;
import dev.tidemark.wal.partition.LockRank;
import dev.tidemark.wal.partition.PartitionServices;
import dev.tidemark.wal.partition.QueueMemory;
import dev.tidemark.wal.partition.RankedLocks;
import dev.tidemark.wal.segment.SegmentFiles;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * What the partitions of one store share: makes the parts, hands them out together, and stops them in the right order.
 *
 * <p><b>Threads.</b> Made and closed by one thread; the parts are for any.
 */
final class StoreServices {
    /** What tells waiters that closing has passed its deadline gets at least so long to do it. */
    private static final long LAST_WORD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final FencedDisk disk;
    private final StoreMeters meters;
    private final EventStream events;
    private final FlusherPool flushers;
    private final CompletionPool completions;
    private final QueueMemory budget;
    private final Optional<Reserve> reserve;
    private final SegmentFiles files;
    private final KeptBuffers memory;
    private final PartitionServices forPartitions;

    StoreServices(
            WalConfig config, Environment outside, StoreDirectory.Opened directory, UnaryOperator<Flushers> turns) {
        disk = config.readOnly() ? FencedDisk.readOnly(outside.disk()) : FencedDisk.open(outside.disk());
        Environment environment = outside.withDisk(disk);
        meters = new StoreMeters(config.meters(), config.directory().toString(), !config.readOnly());
        events = new EventStream(environment, config.listener(), meters, config.readOnly());
        flushers = new FlusherPool(environment, config.flusherThreads());
        Flushers forTurns = turns.apply(flushers);
        completions = new CompletionPool(environment, config.completionExecutor(), meters);
        PartitionMeters counted = meters.partitions();
        RankedLocks locks = new RankedLocks(
                counted, environment.clock(), config.lockTimeout().toNanos());
        budget = new QueueMemory(config.storeQueueBytes(), environment.clock(), locks.exclusive(LockRank.MEMORY));
        reserve = config.readOnly()
                ? Optional.empty()
                : Optional.of(new Reserve(
                        environment,
                        directory.path(),
                        config.reserveBytes(),
                        locks.exclusive(LockRank.RESERVE),
                        forTurns,
                        events));
        files = new SegmentFiles(disk, config.openFiles(), config.readOnly());
        disk.closeWhenOutOfFiles(files::closeIdle);
        memory = new KeptBuffers(BufferPool.allocator(), config.storeQueueBytes(), environment.timers());
        forPartitions = new PartitionServices(
                directory.store().storeId(),
                config,
                environment,
                files,
                memory,
                budget,
                forTurns,
                completions,
                events,
                counted,
                locks,
                reserve.isPresent() ? reserve.get() : NoRoom.INSTANCE,
                new ForceWatch(
                        environment.clock(),
                        environment.timers(),
                        events,
                        counted,
                        config.slowForce().toNanos()));
        show();
    }

    private void show() {
        meters.show(MetricNames.QUEUE_BYTES, budget::takenBytes);
        meters.show(MetricNames.QUEUE_BYTES_MAX, budget::mostTakenBytes);
        meters.show(MetricNames.FILES_OPEN, files::openFiles);
        meters.show(MetricNames.RESERVE_WHOLE, () -> forPartitions.room().mayGrow() ? 1 : 0);
        meters.show(MetricNames.POOL_USED, BufferPool::usedBytes);
        meters.show(MetricNames.POOL_USED_MAX, BufferPool::mostUsedBytes);
        meters.show(MetricNames.POOL_RESERVED, BufferPool::reservedBytes);
        meters.show(MetricNames.FLUSHER_QUEUE, flushers::waiting);
        meters.show(MetricNames.FLUSHER_BUSY, flushers::busy);
        meters.show(MetricNames.COMPLETION_QUEUE, completions::waiting);
    }

    PartitionServices forPartitions() {
        return forPartitions;
    }

    EventStream events() {
        return events;
    }

    StoreMeters meters() {
        return meters;
    }

    FencedDisk disk() {
        return disk;
    }

    /** Opens RESERVE; says whether it had to be filled. */
    boolean openReserve() throws IOException {
        return reserve.isPresent() && reserve.get().open();
    }

    /** Sends away who waits for room in the queue: nothing is accepted any more. */
    void refuseAppends() {
        budget.close();
    }

    /** Whether this thread runs code of the caller's that closing waits for. */
    boolean isWithinCallersCode() {
        return completions.isWithin() || events.isWithin();
    }

    /** Stops the pools, after the partitions were closed. What still hangs is left behind; the disk is fenced by then. */
    void stop(Patience patience) {
        patience.await(flushers::close);
        try {
            if (reserve.isPresent()) {
                reserve.get().close();
            }
        } catch (IOException | WalException e) {
            // Also when its lock is held by an operation that hangs: closing has to come to its end, and LOCK back.
            events.warning("RESERVE could not be closed: "
                    + (e instanceof IOException io ? DiskErrors.said(io) : e.getMessage()));
        }
        files.close();
        memory.close();
        patience.await(completions::close, LAST_WORD_NANOS);
    }

    /** Ends what tells about the store. The last step, so that everything before it is told. */
    void fallSilent(Patience patience) {
        patience.await(events::close, LAST_WORD_NANOS);
        meters.close();
    }

    /** A store that is open for reading needs no room. */
    private enum NoRoom implements DiskRoom {
        INSTANCE;

        @Override
        public boolean mayGrow() {
            return false;
        }

        @Override
        public void full(IOException cause) {
            // Nothing is written here; there is nobody to refuse.
        }

        @Override
        public <T> T withReserve(IoAction<T> action) throws IOException {
            return action.run();
        }
    }
}
