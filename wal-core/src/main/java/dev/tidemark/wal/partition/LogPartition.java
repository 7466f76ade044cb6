package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.RecordsEncoder;
import dev.tidemark.wal.format.RecordsReader;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.metrics.RotationReason;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.TotalsCounter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One partition of an open store: wires intake, writer, rotation and readers, and is what a user holds.
 *
 * <p><b>Threads.</b> Any. Appends go through the partition lock ({@link Intake}) and the two rights ({@link RoundWriter});
 * readers take neither.
 *
 * <p><b>Ordering.</b> The list of segments is one reference, replaced by the holder of both rights and by who trims ({@link SegmentsInLog}).
 *
 * <p><b>Crash.</b> See the parts.
 */
public final class LogPartition implements LocalPartition, ReadView {
    private final PartitionServices services;
    private final SegmentOwner owner;
    private final PartitionParts parts;
    private final PartitionLife life;
    private final Positions positions;
    private final Intake intake;
    private final RoundWriter writer;
    private final Rotation rotation;
    private final IndexLoader indexes;
    private final long appendTimeoutNanos;
    private final AtomicReference<@Nullable UnfinishedRecovery> unfinished;
    private final AtomicBoolean hasToldProducersFull = new AtomicBoolean();
    private final SegmentsInLog segments;
    private final Trimmer trimmer;
    private final Checkpoints checkpoints;
    private final Truncations truncations = new Truncations();
    private final Truncator truncator;
    /** Most partitions never need one. */
    private volatile @Nullable Deletion deletion;

    private boolean hasRights;
    private boolean isPreparingStopped;

    private LogPartition(PartitionServices services, IndexLoader indexes, RecoveredLog recovered) {
        this.services = services;
        this.owner = recovered.owner();
        this.indexes = indexes;
        this.appendTimeoutNanos = services.config().appendTimeout().toNanos();
        PartitionId id = recovered.id();
        life = new PartitionLife(id);
        positions = new Positions(recovered.start(), recovered.end());
        segments = new SegmentsInLog(recovered.segments());
        int stripe = id.hashCode();
        RankedReadWriteLock lock = services.readWriteLock(LockRank.PARTITION);
        parts = new PartitionParts(
                id,
                recovered.directory(),
                life,
                positions,
                recovered.metadata(),
                services.files(),
                new TailWaiters(
                        positions::durable, task -> services.completions().execute(stripe, task)),
                new TailWaiters(
                        positions::written, task -> services.completions().execute(stripe, task)),
                new ProducerTable(services, id, lock.writeLock(), positions, recovered.producers()),
                this::addSegment);
        unfinished = new AtomicReference<>(recovered.unfinished().orElse(null));
        ActiveState state = recovered.active();
        ActiveSegment active = activeFrom(state);
        rotation = new Rotation(services, parts);
        intake = new Intake(
                services, parts, lock.writeLock(), active, recovered.lastTimestampMillis(), state.mustRotate());
        writer = new RoundWriter(services, parts, intake, rotation, new SegmentInUse(active, state.mustRotate()));
        trimmer = new Trimmer(services, parts, segments, writer::abandon);
        checkpoints = new Checkpoints(services, parts, writer::abandon);
        truncator = new Truncator(services, parts, this, segments, trimmer, writer, intake, this::activeFrom);
        if (recovered.unfinished().isEmpty()) {
            watchAge(active);
        }
    }

    /** Not before recovery is finished: a seal would cut away what recovery has found no room to keep aside. */
    private void watchAge(ActiveSegment active) {
        if (!active.isEmpty()) {
            long ageMillis = services.environment().clock().millis()
                    - active.segment.header().createdAtMillis();
            writer.segmentBeganBefore(TimeUnit.MILLISECONDS.toNanos(Math.max(0, ageMillis)));
        }
    }

    /** Opens a partition that was recovered or created. */
    public static LogPartition open(PartitionServices services, IndexLoader indexes, RecoveredLog recovered) {
        return new LogPartition(services, indexes, recovered);
    }

    private ActiveSegment activeFrom(ActiveState state) {
        state.segment().index().keepEvery(services.config().indexIntervalBytes());
        return new ActiveSegment(
                state.segment(),
                new TotalsCounter(state.totals()),
                parts.files(),
                services.lock(LockRank.SEGMENT_FILE),
                new Prefill(services, state.fileBytes(), 0),
                state.end().endPosition(),
                state.end().endOffset());
    }

    private void addSegment(Segment newest) {
        Segment sealed = segments.get().last();
        segments.add(newest);
        // Not forced and never needed: a reader who finds none makes it from the frames.
        indexes.write(sealed, sealed.end().orElseThrow().endPosition());
        if (!services.config().retention().isForever()) {
            services.flushers().submit(this::retainInTurn);
        }
    }

    @Override
    public PartitionId id() {
        return parts.id();
    }

    // ---------------------------------------------------------------- append

    @Override
    public long append(AppendRequest request) {
        long began = services.environment().clock().nanos();
        long deadline =
                began + request.timeout(services.config().appendTimeout()).toNanos();
        return awaited(submit(request, deadline, true), began, deadline);
    }

    private long awaited(PendingAppend pending, long beganNanos, long deadlineNanos) {
        AwaitedAppend mine = (AwaitedAppend) pending;
        writer.await(mine, deadlineNanos);
        long offset = mine.result();
        services.meters()
                .acknowledged(mine.wanted, services.environment().clock().nanos() - beganNanos);
        return offset;
    }

    @Override
    public CompletableFuture<Long> appendAsync(AppendRequest request) {
        return outcome(submit(request, deadline(request), false));
    }

    @Override
    public CompletableFuture<Long> appendAsync(byte[] value) {
        return outcome(submit(value, services.config().defaultDurability(), deadline(), false));
    }

    private CompletableFuture<Long> outcome(PendingAppend pending) {
        CompletableFuture<Long> outcome = ((EnqueuedAppend) pending).outcome();
        writer.handOver();
        return outcome;
    }

    @Override
    public Appended enqueue(AppendRequest request) {
        return enqueued(submit(request, deadline(request), false));
    }

    @Override
    public Appended enqueue(byte[] value) {
        return enqueued(submit(value, services.config().defaultDurability(), deadline(), false));
    }

    private Appended enqueued(PendingAppend pending) {
        writer.handOver();
        return (EnqueuedAppend) pending;
    }

    @Override
    public long append(byte[] value) {
        return append(value, services.config().defaultDurability());
    }

    @Override
    public long append(byte[] value, Durability durability) {
        long began = services.environment().clock().nanos();
        long deadline = began + appendTimeoutNanos;
        return awaited(submit(value, durability, deadline, true), began, deadline);
    }

    /** The commonest of all appends, without a request object of its own. */
    private PendingAppend submit(byte[] value, Durability durability, long deadlineNanos, boolean isAwaited) {
        finishRecovery();
        try {
            return accepted(intake.offer(
                    FrameKind.RAW,
                    value,
                    value.length,
                    1,
                    durability,
                    isAwaited,
                    Intake.ANY_OFFSET,
                    Intake.NO_CHECKSUM,
                    null,
                    deadlineNanos));
        } catch (WalException e) {
            refused(e);
            throw e;
        }
    }

    @Override
    public Optional<Appended> tryEnqueue(AppendRequest request) {
        life.checkNotDeleted();
        if (unfinished.get() != null) {
            // It needs the disk, and whoever calls this must not wait for that.
            services.flushers().submit(this::finishRecoveryQuietly);
            return Optional.empty();
        }
        PendingAppend pending = offer(request, Intake.NEVER_WAIT, false);
        if (pending == null) {
            return Optional.empty();
        }
        return Optional.of(enqueued(pending));
    }

    private void finishRecoveryQuietly() {
        try {
            finishRecovery();
        } catch (WalException e) {
            // The next append is told the same, by its own attempt.
            services.meters().failure(e.code());
        }
    }

    private long deadline() {
        return services.environment().clock().nanos() + appendTimeoutNanos;
    }

    private long deadline(AppendRequest request) {
        return services.environment().clock().nanos()
                + request.timeout(services.config().appendTimeout()).toNanos();
    }

    private PendingAppend submit(AppendRequest request, long deadlineNanos, boolean isAwaited) {
        finishRecovery();
        return accepted(offer(request, deadlineNanos, isAwaited));
    }

    private static PendingAppend accepted(@Nullable PendingAppend pending) {
        if (pending == null) {
            throw new IllegalStateException("an append that may wait was neither accepted nor refused");
        }
        return pending;
    }

    private @Nullable PendingAppend offer(AppendRequest request, long deadlineNanos, boolean isAwaited) {
        Durability durability = request.durability(services.config().defaultDurability());
        Optional<ProducerIdentity> producer = request.producer();
        SequencedAppend sequenced =
                producer.isPresent() ? new SequencedAppend(producer.get(), request.sequence()) : null;
        try {
            PendingAppend taken = request.payload() instanceof List
                    ? offerRecords(request, durability, sequenced, deadlineNanos, isAwaited)
                    : offerBytes(request, durability, sequenced, deadlineNanos, isAwaited);
            if (taken != null && sequenced != null && sequenced.isRepeat()) {
                writer.repeated(taken);
            }
            return taken;
        } catch (WalException e) {
            refused(e);
            throw e;
        } catch (IllegalStateException | IndexOutOfBoundsException e) {
            // Netty's counting says the first; where its memory is gone already, that says the second.
            if (request.payload() instanceof ByteBuf given && given.refCnt() == 0) {
                services.meters().failure(ErrorCode.ARGUMENT_INVALID);
                throw new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID, "the payload was released before the append: partition=" + id(), e);
            }
            throw e;
        }
    }

    private void refused(WalException why) {
        services.meters().failure(why.code());
        // Once: afterwards the counter tells how often.
        if (why.code() == ErrorCode.PRODUCERS_FULL && hasToldProducersFull.compareAndSet(false, true)) {
            services.events()
                    .warning(
                            "a partition knows as many producers as it may, new ones are refused until one has expired: "
                                    + "partition=" + id() + " maxProducers="
                                    + services.config().maxProducers());
        }
    }

    private @Nullable PendingAppend offerBytes(
            AppendRequest request,
            Durability durability,
            @Nullable SequencedAppend sequenced,
            long deadlineNanos,
            boolean isAwaited) {
        Object payload = request.payload();
        if (request.shape() == AppendRequest.Shape.RECORDS) {
            requireRecords((ByteBuf) payload, request.count());
        }
        return intake.offer(
                kindOf(request.shape()),
                payload,
                Payloads.length(payload),
                request.count(),
                durability,
                isAwaited,
                request.expectedOffset(),
                request.hasChecksum() ? Integer.toUnsignedLong(request.checksum()) : Intake.NO_CHECKSUM,
                sequenced,
                deadlineNanos);
    }

    private static FrameKind kindOf(AppendRequest.Shape shape) {
        return switch (shape) {
            case VALUE -> FrameKind.RAW;
            case RECORDS -> FrameKind.RECORDS;
            case OPAQUE -> FrameKind.OPAQUE;
        };
    }

    /**
     * What was encoded elsewhere is read once before it is accepted: a frame whose checksum holds and whose records cannot be read would be damage that nobody
     * did. It came with a checksum, which is tested on the log's own copy: so what is stored is what was read here.
     */
    private void requireRecords(ByteBuf payload, int count) {
        int length = payload.readableBytes();
        intake.checkSize(length);
        Optional<String> problem =
                RecordsReader.problemOf(payload.nioBuffer(payload.readerIndex(), length), 0, length, count);
        if (problem.isPresent()) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "the payload is not so many encoded records: partition=" + id() + " count=" + count + " bytes="
                            + length + " (" + problem.get() + ')');
        }
    }

    @SuppressWarnings("unchecked") // the shape says so
    private @Nullable PendingAppend offerRecords(
            AppendRequest request,
            Durability durability,
            @Nullable SequencedAppend sequenced,
            long deadlineNanos,
            boolean isAwaited) {
        List<WalRecord> records = (List<WalRecord>) request.payload();
        long bytes;
        try {
            bytes = RecordsEncoder.encodedBytes(records);
        } catch (IllegalArgumentException e) {
            throw new InvalidCallException(ErrorCode.ARGUMENT_INVALID, String.valueOf(e.getMessage()), e);
        }
        intake.checkSize(bytes);
        int length = (int) bytes;
        ByteBuf encoded = intake.buffer(length);
        try {
            RecordsEncoder.encode(records, encoded.nioBuffer(0, length), 0);
            encoded.writerIndex(length);
            return intake.offer(
                    FrameKind.RECORDS,
                    encoded,
                    length,
                    records.size(),
                    durability,
                    isAwaited,
                    request.expectedOffset(),
                    Intake.NO_CHECKSUM,
                    sequenced,
                    deadlineNanos);
        } finally {
            encoded.release();
        }
    }

    /** What recovery found no room for is tried again by whoever wants to append. */
    private void finishRecovery() {
        UnfinishedRecovery rest = unfinished.get();
        if (rest == null) {
            return;
        }
        life.checkNotDeleted();
        try {
            boolean isFinished = services.room().mayGrow()
                    && writer.finishRecovery(new RoundWriter.LateRecovery() {
                        @Override
                        public @Nullable ActiveState finish() throws IOException {
                            return unfinished.get() == rest ? rest.finish() : null;
                        }

                        @Override
                        public ActiveSegment activeFrom(ActiveState state) {
                            return LogPartition.this.activeFrom(state);
                        }

                        @Override
                        public WalException refusal() {
                            return rest.refusal();
                        }

                        @Override
                        public void done() {
                            unfinished.set(null);
                            watchAge(writer.active());
                        }
                    });
            if (!isFinished && unfinished.get() != null) {
                throw rest.refusal();
            }
        } catch (IOException e) {
            if (DiskErrors.isFull(e)) {
                services.room().full(e);
                throw rest.refusal();
            }
            StorageException failure = new StorageException(
                    ErrorCode.PARTITION_FAILED,
                    "recovery could not be finished: partition=" + id() + " (" + DiskErrors.said(e)
                            + "); reopen to recover",
                    e);
            writer.abandon(failure);
            throw new UnavailableException(
                    ErrorCode.PARTITION_FAILED, "the partition has failed: partition=" + id(), failure);
        }
    }

    @Override
    public long sync() {
        if (!intake.staged().hasStaged() && positions.durable() == positions.logEnd()) {
            life.checkOpen();
            return positions.durable();
        }
        long deadline = deadline();
        AwaitedAppend all = intake.offerSync();
        writer.await(all, deadline);
        all.result();
        return positions.durable();
    }

    @Override
    public long rotate() {
        finishRecovery();
        long deadline = deadline();
        AwaitedAppend asked = writer.askForRotation(RotationReason.REQUEST);
        if (asked != null) {
            writer.await(asked, deadline);
            asked.result();
        }
        return segments.get().last().baseOffset();
    }

    // ---------------------------------------------------------------- the old end

    @Override
    public long trimTo(long offset) {
        return changed(() -> trimmer.trimTo(offset));
    }

    @Override
    public long truncateAfter(long end, Truncation what) {
        return changed(() -> truncator.truncate(end, what));
    }

    @Override
    public Truncations truncations() {
        return truncations;
    }

    @Override
    public long applyRetention() {
        return changed(() -> {
            RetentionRule rule =
                    new RetentionRule(services.config().retention(), next -> LogWalk.lastMillisBefore(this, next));
            return trimmer.apply(rule, newest -> writer.active().bytesIf(newest));
        });
    }

    /** By a flusher, after a rotation or when the store's timer says so. */
    void retainInTurn() {
        if (!life.isOpen() || unfinished.get() != null) {
            return;
        }
        try {
            applyRetention();
        } catch (WalException e) {
            if (life.isOpen()) {
                services.events().warning("retention was not applied: " + e.getMessage());
            }
        }
    }

    /**
     * This partition up to its durable end, its segments retained. Start, list and end belong together: the start does not move meanwhile, and of the three
     * the end is looked at last, so everything that {@code PARTITION} speaks of lies below it.
     */
    BackupSource asItIs() {
        life.checkNotDeleted();
        return trimmer.whileStartStands(() -> {
            PartitionFile metadata = parts.metadata().current();
            SegmentList now = segments.get();
            List<Segment> retained = BackupSource.retained(id(), now);
            long durable = positions.durable();
            Segment newest = now.last();
            // A change of segment since the list was looked at has sealed this one, and what is durable may lie in the
            // next.
            long end = newest.isSealed() ? Math.min(durable, newest.endOffset()) : durable;
            return new BackupSource(id(), owner(), metadata, retained, metadata.startOffset(), end);
        });
    }

    @Override
    public Map<String, Long> checkpoints() {
        life.checkNotDeleted();
        return checkpoints.all();
    }

    @Override
    public void checkpoint(String name, long offset) {
        changed(() -> {
            checkpoints.set(name, offset);
            return offset;
        });
    }

    @Override
    public boolean removeCheckpoint(String name) {
        return changed(() -> checkpoints.remove(name) ? 1L : 0L) > 0;
    }

    /** Recovery may want to write what this changes, so it has to be finished first. */
    private long changed(LongSupplier change) {
        try {
            finishRecovery();
            return change.getAsLong();
        } catch (AppendRefusedException e) {
            // It has refused an append, and this is none.
            StorageException refused = new StorageException(
                    e.code(), "recovery has to be finished first, and there is no room: partition=" + id(), e);
            services.meters().failure(refused.code());
            throw refused;
        } catch (WalException e) {
            services.meters().failure(e.code());
            throw e;
        }
    }

    // ---------------------------------------------------------------- read

    @Override
    public long incarnation() {
        return owner().partitionId();
    }

    @Override
    public Cursor read(From from, ReadOptions options) {
        return FrameCursor.open(this, from, options);
    }

    @Override
    public CompletableFuture<Long> whenReadable(long offset, Durability visibility) {
        ReadErrors.requireReadable(visibility);
        if (life.isDeleted()) {
            return CompletableFuture.failedFuture(life.deleted());
        }
        return (visibility == Durability.WRITTEN ? parts.written() : parts.readable()).whenBeyond(offset);
    }

    @Override
    public Slices slices(long from, int maxBytes, Durability visibility) {
        return SegmentSlices.open(this, from, maxBytes, visibility);
    }

    @Override
    public Ends ends() {
        return positions.snapshot();
    }

    @Override
    public SegmentOwner owner() {
        return owner;
    }

    @Override
    public long start() {
        return positions.start();
    }

    @Override
    public long visibleEnd(Durability visibility) {
        return visibility == Durability.WRITTEN ? positions.written() : positions.durable();
    }

    @Override
    public SegmentList segments() {
        return segments.get();
    }

    @Override
    public Optional<WalException> readFailure() {
        if (life.isDeleted()) {
            return Optional.of(life.deleted());
        }
        return life.state() == LifeState.CLOSED ? Optional.of(life.closed()) : Optional.empty();
    }

    @Override
    public List<Loss> recordedLosses() {
        return parts.metadata().current().losses();
    }

    @Override
    public List<LostRange> losses() {
        return ReadErrors.told(recordedLosses());
    }

    @Override
    public SegmentFiles files() {
        return parts.files();
    }

    @Override
    public IndexLoader indexes() {
        return indexes;
    }

    @Override
    public Clock clock() {
        return services.environment().clock();
    }

    @Override
    public ByteBufAllocator memory() {
        return services.memory();
    }

    @Override
    public boolean awaitVisible(long offset, Durability visibility, long waitNanos) throws InterruptedException {
        TailWaiters waiters = visibility == Durability.WRITTEN ? parts.written() : parts.readable();
        return waiters.await(offset, waitNanos);
    }

    // ---------------------------------------------------------------- life

    /** Where it is in its life. */
    public LifeState state() {
        return life.state();
    }

    @Override
    public PartitionInfo describe() {
        ActiveSegment active = writer.active();
        List<PartitionInfo.SegmentInfo> infos = segments.get().asList().stream()
                .map(segment -> info(segment, active))
                .toList();
        Optional<WalException> failure =
                life.failure().or(() -> Optional.ofNullable(unfinished.get()).map(UnfinishedRecovery::refusal));
        return new PartitionInfo(id(), life.state(), ends(), infos, failure);
    }

    private PartitionInfo.SegmentInfo info(Segment segment, ActiveSegment active) {
        String file = segment.name().segmentFile();
        if (segment.isSealed()) {
            return new PartitionInfo.SegmentInfo(
                    file, segment.baseOffset(), segment.endOffset(), segment.fileBytes(), segment.fileBytes(), true);
        }
        long used = active.endPosition();
        return new PartitionInfo.SegmentInfo(
                file,
                segment.baseOffset(),
                positions.written(),
                used,
                Math.max(used, active.prefill.filledEnd()),
                false);
    }

    /**
     * Takes nothing new, finishes what was accepted, and leaves the mark of a clean close. Whoever waits is answered. When the
     * deadline passes first, everybody is told that the outcome is unknown, and the partition is left as a crash would leave it.
     *
     * @param deadlineNanos by the environment's clock
     * @return whether the close was clean
     */
    public boolean close(long deadlineNanos) {
        if (life.isDeleted()) {
            // Who deletes it lets go of what it holds.
            return true;
        }
        boolean isMine = life.drain();
        if (!isMine && life.state() != LifeState.FAILED) {
            return true;
        }
        intake.wakeAll();
        // In this order: a trim that has begun may still withdraw the stamp that draining leaves.
        boolean isClean = trimmer.close(deadlineNanos) && isMine && drained(deadlineNanos);
        if (!isClean) {
            writer.abandon(new UnavailableException(
                    ErrorCode.PARTITION_CLOSED,
                    "closing was not done by its deadline: partition=" + id() + "; reopen to recover"));
        }
        writer.stop();
        rotation.close();
        boolean isLast = life.close();
        Supplier<WalException> reason = () -> life.failure().orElseGet(life::closed);
        parts.readable().close(reason);
        parts.written().close(reason);
        if (!isLast) {
            // A partition that has failed may be closed by several at once; what it holds is given back once.
            return false;
        }
        parts.producers().close();
        for (Segment segment : segments.giveUp()) {
            parts.files().forget(segment);
            // The list's own reference: with it goes the memory of the index, unless a cursor still holds the segment.
            segment.release();
        }
        services.events().closed(id());
        return isClean;
    }

    /** Takes it away for good. */
    Deletion deletion() {
        Deletion begun = deletion;
        if (begun == null) {
            begun = new Deletion(services, parts.id(), parts.directory(), new Doomed());
            deletion = begun;
        }
        return begun;
    }

    /** This partition, as who deletes it sees it. */
    private final class Doomed implements Deletion.Doomed {

        @Override
        public void decide(Intent.Delete intent) {
            try {
                parts.metadata()
                        .replaceForGood(
                                file -> file.change()
                                        .withoutCleanStamp()
                                        .intent(intent)
                                        .done(),
                                life::delete,
                                life::deleted);
            } catch (IOException e) {
                if (!parts.metadata().isOutcomeUnknown()) {
                    throw parts.metadata().failed("partition was not deleted", id(), services.room(), stop -> {}, e);
                }
                // Perhaps the intent is there. Either way the rename decides, and a crash before it leaves one of the
                // two.
                parts.metadata().shut(life::delete, life::deleted);
            }
            unfinished.set(null);
            writer.abandon(life.deleted());
        }

        @Override
        public void quieten(long deadlineNanos) {
            try {
                hasRights = hasRights || writer.takeRights(deadlineNanos);
                isPreparingStopped = isPreparingStopped || rotation.stopPreparing(deadlineNanos);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UnavailableException(
                        ErrorCode.INTERRUPTED,
                        "partition is deleted, and its files are still in use: partition=" + id()
                                + "; delete it again, or open the store again",
                        e);
            }
            if (!hasRights || !isPreparingStopped || !trimmer.close(deadlineNanos)) {
                throw new StorageException(
                        ErrorCode.STORAGE_FAILED,
                        "partition is deleted, and an operation on its files has not returned by the deadline: partition="
                                + id() + "; delete it again, or open the store again");
            }
            writer.stop();
            rotation.close();
            if (life.close()) {
                parts.readable().close(life::deleted);
                parts.written().close(life::deleted);
                parts.producers().close();
            }
        }

        @Override
        public List<Segment> segments() {
            List<Segment> listed = LogPartition.this.segments.giveUp();
            if (listed.isEmpty()) {
                return List.of();
            }
            List<Segment> all = new ArrayList<>(trimmer.takeDoomed());
            all.addAll(listed);
            return all;
        }
    }

    private boolean drained(long deadlineNanos) {
        // The stamp last: a round that was on its way when this began has withdrawn it by then.
        if (!intake.staged().hasStaged()
                && writer.isIdle()
                && parts.metadata().current().cleanStamp().isPresent()) {
            // Nothing was changed since the last clean close, so its mark still stands.
            return true;
        }
        try {
            return writer.drain(
                    deadlineNanos,
                    active -> CleanClose.run(
                            services, parts, active, segments.get().size(), unfinished.get() == null));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Whether a thread is still in an I/O operation of this partition, so that its directory must stay locked. */
    public boolean isBusy() {
        return writer.isBusy() || trimmer.isBusy();
    }
}
