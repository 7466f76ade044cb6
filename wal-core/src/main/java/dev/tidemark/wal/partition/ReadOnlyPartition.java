package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.segment.Segment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A partition of a store that is open for reading only: everything that changes something is refused with {@code READ_ONLY}, the rest works as ever.
 *
 * <p>In {@link Ends}, {@code durable} is what is proven and {@code written} what is there: between them lies what a crash of the writer may take away.
 *
 * <p><b>Threads.</b> Any. While futures wait, a timer has the completion executor look at the files now and then.
 *
 * <p><b>Ordering.</b> {@code isLookPlanned} is taken back before looking and checked after a future has entered the queue, so a future is either
 * looked for by the look that follows or plans one itself.
 *
 * <p><b>Crash.</b> Changes nothing.
 */
public final class ReadOnlyPartition implements LocalPartition {

    private final PartitionServices services;
    private final ReadOnlyLog log;
    private final Life life = new Life();
    private final TailWaiters readable;
    private final int stripe;
    private final AtomicBoolean isLookPlanned = new AtomicBoolean();

    private ReadOnlyPartition(PartitionServices services, ReadOnlyLog log) {
        this.services = services;
        this.log = log;
        this.stripe = log.id().hashCode();
        this.readable = new TailWaiters(
                () -> log.visibleEnd(Durability.SYNCED),
                task -> services.completions().execute(stripe, task));
        life.open();
    }

    /** Opens what recovery has found. */
    static ReadOnlyPartition open(PartitionServices services, RecoveredLog recovered) {
        ReadOnlyLog log = new ReadOnlyLog(
                services.environment(),
                services.files(),
                services.memory(),
                services.config().indexIntervalBytes(),
                recovered);
        return new ReadOnlyPartition(services, log);
    }

    @Override
    public PartitionId id() {
        return log.id();
    }

    // ---------------------------------------------------------------- reading

    @Override
    public long incarnation() {
        return log.owner().partitionId();
    }

    @Override
    public Cursor read(From from, ReadOptions options) {
        return FrameCursor.open(log, from, options);
    }

    @Override
    public Slices slices(long from, int maxBytes, Durability visibility) {
        return SegmentSlices.open(log, from, maxBytes, visibility);
    }

    @Override
    public CompletableFuture<Long> whenReadable(long offset, Durability visibility) {
        ReadErrors.requireReadable(visibility);
        CompletableFuture<Long> future = readable.whenBeyond(offset);
        if (!future.isDone()) {
            planLook();
        }
        return future;
    }

    private void planLook() {
        if (isLookPlanned.compareAndSet(false, true)) {
            var unused = services.environment()
                    .timers()
                    .schedule(
                            () -> services.completions().execute(stripe, this::lookForWaiters),
                            TimeUnit.MILLISECONDS.toNanos(ReadOnlyLog.LOOK_MILLIS));
        }
    }

    private void lookForWaiters() {
        isLookPlanned.set(false);
        try {
            log.lookNow();
        } catch (WalException e) {
            // Readers run into the same by themselves; those who wait have to be told.
            readable.close(() -> e);
            return;
        }
        readable.advanced(log.visibleEnd(Durability.SYNCED));
        if (readable.waiting() > 0) {
            planLook();
        }
    }

    /** What is known now; looks at the files first. */
    @Override
    public Ends ends() {
        if (life.isOpen()) {
            log.look();
        }
        return log.ends();
    }

    /** As they are now; the writer may be another process. */
    @Override
    public Map<String, Long> checkpoints() {
        return log.checkpoints();
    }

    @Override
    public PartitionInfo describe() {
        List<Segment> segments = log.segments().asList();
        long end = log.ends().written();
        return new PartitionInfo(
                id(),
                life.state(),
                log.ends(),
                segments.stream().map(segment -> infoOf(segment, end)).toList(),
                log.readFailure().filter(failure -> life.isOpen()));
    }

    private PartitionInfo.SegmentInfo infoOf(Segment segment, long end) {
        String file = segment.name().segmentFile();
        if (segment.isSealed()) {
            return new PartitionInfo.SegmentInfo(
                    file, segment.baseOffset(), segment.endOffset(), segment.fileBytes(), segment.fileBytes(), true);
        }
        long used = log.usedBytes();
        // The writer may have cut the file since the frames were counted.
        long fileBytes = Math.max(used, log.fileBytes(segment).orElse(used));
        return new PartitionInfo.SegmentInfo(file, segment.baseOffset(), end, used, fileBytes, false);
    }

    @Override
    public List<LostRange> losses() {
        return ReadErrors.told(log.recordedLosses());
    }

    // ---------------------------------------------------------------- what is refused

    @Override
    public long append(AppendRequest request) {
        throw readOnly();
    }

    @Override
    public CompletableFuture<Long> appendAsync(AppendRequest request) {
        throw readOnly();
    }

    @Override
    public Appended enqueue(AppendRequest request) {
        throw readOnly();
    }

    @Override
    public Optional<Appended> tryEnqueue(AppendRequest request) {
        throw readOnly();
    }

    @Override
    public long sync() {
        throw readOnly();
    }

    @Override
    public long rotate() {
        throw readOnly();
    }

    @Override
    public long trimTo(long offset) {
        throw readOnly();
    }

    @Override
    public long truncateAfter(long end, Truncation what) {
        throw readOnly();
    }

    @Override
    public long applyRetention() {
        throw readOnly();
    }

    @Override
    public void checkpoint(String name, long offset) {
        throw readOnly();
    }

    @Override
    public boolean removeCheckpoint(String name) {
        throw readOnly();
    }

    private UnavailableException readOnly() {
        return new UnavailableException(ErrorCode.READ_ONLY, "the store was opened read-only: partition=" + id());
    }

    // ---------------------------------------------------------------- life

    /** Where it is in its life. */
    public LifeState state() {
        return life.state();
    }

    /** Tells everybody who waits, and lets go of the files. Closing twice does nothing. */
    public void close() {
        if (life.drain()) {
            UnavailableException closed =
                    new UnavailableException(ErrorCode.PARTITION_CLOSED, "partition is closed: partition=" + id());
            log.close(closed);
            readable.close(() -> closed);
            life.closed();
        }
    }
}
