package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.metrics.PartitionMeters;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes appends in: checks them, sees to it that there is room for them, gives them their offsets, and has their frames laid down
 * ({@link FrameLayout}) in the last round of the queue ({@link RoundQueue}).
 *
 * <p>Offsets are given out in the order in which frames are staged, rounds are queued in that order and written in that
 * order; so the order of offsets is the order in the file.
 *
 * <p><b>Threads.</b> Any thread offers; the holder of the write right takes rounds out. Everything is guarded by the partition
 * lock, which is held to copy one small payload at most: large ones, batches that have to be encoded and all waiting are done
 * outside of it.
 *
 * <p><b>Ordering.</b> An append is staged before its caller looks whether a right is free; see {@link RoundQueue} for the hints
 * that those without the lock go by.
 *
 * <p><b>Crash.</b> Nothing here is on the disk.
 */
final class Intake {
    /** Any end of the log will do. */
    static final long ANY_OFFSET = -1;

    /** The payload came without a checksum. */
    static final long NO_CHECKSUM = -1;

    /** In place of a deadline: null is returned where the call would wait. */
    static final long NEVER_WAIT = Long.MIN_VALUE;

    private final PartitionId id;
    private final WalConfig config;
    private final RankedLock lock;
    private final QueueRoom room;
    private final PartitionLife life;
    private final DiskRoom diskRoom;
    private final ByteBufAllocator allocator;
    private final Clock clock;
    private final PartitionMeters meters;
    private final RoundQueue queue;
    private final FrameLayout frames;
    private final ProducerTable producers;

    Intake(
            PartitionServices services,
            PartitionParts parts,
            RankedLock lock,
            ActiveSegment active,
            long lastTimestampMillis,
            boolean mustRotate) {
        this.id = parts.id();
        this.config = services.config();
        this.lock = lock;
        this.room = new QueueRoom(services, id, lock, parts.life());
        this.life = parts.life();
        this.producers = parts.producers();
        this.diskRoom = services.room();
        this.allocator = services.memory();
        this.clock = services.environment().clock();
        this.meters = services.meters();
        this.queue = new RoundQueue(config, parts.positions(), active, mustRotate);
        this.frames = new FrameLayout(services, id, life, lastTimestampMillis);
    }

    // ---------------------------------------------------------------- in

    /**
     * Gives an append its place, or says why not. The arguments are those of one frame; they come one by one, because an object
     * to hold them would be a quarter of all the garbage an append makes.
     *
     * @param isAwaited whether the caller waits for the outcome, and so gets an {@link AwaitedAppend}; if not, an {@link EnqueuedAppend}
     * @param expectedOffset where the log must end, or {@link #ANY_OFFSET}
     * @param givenChecksum the payload's checksum as its producer computed it, unsigned, or {@link #NO_CHECKSUM}
     * @param sequenced the producer and sequence that came with it, if any; says afterwards whether it was a repeat, for which nothing is staged
     * @param deadlineNanos until when to wait for room, by the environment's clock, or {@link #NEVER_WAIT}
     * @return null only where it may not wait
     */
    @Nullable
    PendingAppend offer(
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            boolean isAwaited,
            long expectedOffset,
            long givenChecksum,
            @Nullable SequencedAppend sequenced,
            long deadlineNanos) {
        checkSize(length);
        int extensionBytes = FrameLayout.extensionBytes(sequenced);
        int frameBytes = FrameCodec.frameBytes(length, extensionBytes);
        Payloads.Place place = Payloads.placeOf(payload, length);
        if (place == Payloads.Place.IN_OWN_FRAME && !isAwaited && queue.stagedBytes() > 0) {
            // Others of its kind are on their way, and perhaps more behind it: those are written together.
            Slab slab = frames.takeSlab(frameBytes);
            if (slab != null) {
                return offerIn(
                        slab,
                        kind,
                        payload,
                        length,
                        count,
                        durability,
                        expectedOffset,
                        givenChecksum,
                        sequenced,
                        deadlineNanos);
            }
        }
        ByteBuf large = place == Payloads.Place.IN_ROUND
                ? null
                : own(payload, length, FrameCodec.HEADER_BYTES + extensionBytes, place);
        boolean isStaged = false;
        try {
            int checksum = large == null ? 0 : frames.checked(givenChecksum, frames.checksum(large), length);
            PendingAppend taken = offerWithBudget(
                    kind,
                    large == null ? payload : large,
                    length,
                    count,
                    durability,
                    isAwaited,
                    expectedOffset,
                    large == null ? givenChecksum : Integer.toUnsignedLong(checksum),
                    sequenced,
                    place,
                    deadlineNanos);
            isStaged = isStaged(taken, sequenced);
            return taken;
        } finally {
            if (large != null && !isStaged) {
                large.release();
            }
        }
    }

    /** The same for a large payload that has others beside it. */
    private @Nullable PendingAppend offerIn(
            Slab slab,
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            long expectedOffset,
            long givenChecksum,
            @Nullable SequencedAppend sequenced,
            long deadlineNanos) {
        int extensionBytes = FrameLayout.extensionBytes(sequenced);
        int headerBytes = FrameCodec.HEADER_BYTES + extensionBytes;
        boolean isBegun = false;
        boolean isStaged = false;
        try {
            slab.begin(payload, length, headerBytes, FrameCodec.frameBytes(length, extensionBytes));
            isBegun = true;
            int checksum = frames.checked(givenChecksum, frames.checksum(slab, length, headerBytes), length);
            PendingAppend taken = offerWithBudget(
                    kind,
                    slab,
                    length,
                    count,
                    durability,
                    false,
                    expectedOffset,
                    Integer.toUnsignedLong(checksum),
                    sequenced,
                    Payloads.Place.IN_SLAB,
                    deadlineNanos);
            isStaged = isStaged(taken, sequenced);
            return taken;
        } finally {
            if (isBegun && !isStaged) {
                slab.takeBack();
            }
            frames.giveBack(slab);
        }
    }

    private static boolean isStaged(@Nullable PendingAppend taken, @Nullable SequencedAppend sequenced) {
        return taken != null && (sequenced == null || !sequenced.isRepeat());
    }

    private @Nullable PendingAppend offerWithBudget(
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            boolean isAwaited,
            long expectedOffset,
            long checksum,
            @Nullable SequencedAppend sequenced,
            Payloads.Place place,
            long deadlineNanos) {
        int frameBytes = FrameCodec.frameBytes(length, FrameLayout.extensionBytes(sequenced));
        boolean mayWait = deadlineNanos != NEVER_WAIT;
        while (true) {
            if (!room.takeBudget(frameBytes, deadlineNanos, mayWait)) {
                return null;
            }
            boolean isStaged = false;
            try {
                PendingAppend taken = offerOnce(
                        kind,
                        payload,
                        length,
                        count,
                        durability,
                        isAwaited,
                        expectedOffset,
                        checksum,
                        sequenced,
                        place,
                        mayWait);
                isStaged = isStaged(taken, sequenced);
                if (taken != null || !mayWait) {
                    return taken;
                }
            } finally {
                if (!isStaged) {
                    room.giveBudget(frameBytes);
                }
            }
            room.await(frameBytes, deadlineNanos);
        }
    }

    /** Refuses what can never be appended. */
    void checkSize(long length) {
        if (length > config.largestAppendBytes()) {
            throw new InvalidCallException(
                    ErrorCode.APPEND_TOO_LARGE,
                    "append is larger than the log takes: partition=" + id + " bytes=" + length + " limit="
                            + config.largestAppendBytes());
        }
        if (length > config.partitionQueueBytes() - FrameCodec.MAX_HEADER_BYTES) {
            throw new InvalidCallException(
                    ErrorCode.APPEND_TOO_LARGE,
                    "append is larger than the append queue: partition=" + id + " bytes=" + length
                            + " partitionQueueBytes=" + config.partitionQueueBytes());
        }
    }

    /** Memory for a payload that has to be made first. */
    ByteBuf buffer(int bytes) {
        try {
            int capacity = Math.max(1, bytes);
            return allocator.directBuffer(capacity, capacity);
        } catch (OutOfMemoryError e) {
            throw room.outOfMemory(e);
        }
    }

    private ByteBuf own(Object payload, int length, int headerBytes, Payloads.Place place) {
        try {
            return Payloads.own(payload, length, headerBytes, place, allocator);
        } catch (OutOfMemoryError e) {
            throw room.outOfMemory(e);
        }
    }

    /** Null when there is no room in this partition's queue, or, for one that must not wait, when the lock is taken. */
    private @Nullable PendingAppend offerOnce(
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            boolean isAwaited,
            long expectedOffset,
            long checksum,
            @Nullable SequencedAppend sequenced,
            Payloads.Place place,
            boolean mayWait) {
        if (mayWait) {
            lock.lock();
        } else if (!lock.tryLock()) {
            return null;
        }
        try {
            life.checkOpen();
            // First: a repeat is answered whatever has become of the log's end, and whether or not there is room.
            ProducerBatch original = sequenced == null ? null : producers.find(sequenced, count, frames.nowMillis());
            if (sequenced != null && original != null) {
                return producers.answer(sequenced, original, durability, isAwaited);
            }
            long logEnd = queue.logEnd();
            if (expectedOffset != ANY_OFFSET && expectedOffset != logEnd) {
                throw new AppendRefusedException(
                        ErrorCode.OFFSET_MISMATCH,
                        "the log ends elsewhere: partition=" + id + " expectedOffset=" + expectedOffset + " logEnd="
                                + logEnd);
            }
            if (logEnd > Long.MAX_VALUE - count) {
                throw new InvalidCallException(
                        ErrorCode.APPEND_TOO_LARGE, "offsets are used up: partition=" + id + " logEnd=" + logEnd);
            }
            int frameBytes = FrameCodec.frameBytes(length, FrameLayout.extensionBytes(sequenced));
            if (!room.isFor(frameBytes)) {
                return null;
            }
            return stage(kind, payload, length, frameBytes, count, durability, isAwaited, checksum, sequenced, place);
        } finally {
            lock.unlock();
        }
    }

    private PendingAppend stage(
            FrameKind kind,
            Object payload,
            int length,
            int frameBytes,
            int count,
            Durability durability,
            boolean isAwaited,
            long checksum,
            @Nullable SequencedAppend sequenced,
            Payloads.Place place) {
        boolean rotates = queue.rotatesFor(frameBytes);
        if (!queue.isFilledFor(frameBytes, rotates) && !diskRoom.mayGrow()) {
            throw new AppendRefusedException(
                    ErrorCode.STORAGE_FULL,
                    "the disk is full: partition=" + id + "; appending works again once there is room");
        }
        Round open = queue.last();
        Round round = open == null || rotates || isFull(open, frameBytes) ? newRound(rotates) : open;
        boolean isLaidDown = false;
        try {
            reserve(round, frameBytes, FrameCodec.HEADER_BYTES + FrameLayout.extensionBytes(sequenced), place);
            frames.layDown(kind, payload, length, queue.logEnd(), count, checksum, sequenced, place, round);
            isLaidDown = true;
        } finally {
            if (!isLaidDown && round != open) {
                // Nobody else has anything in it, unlike in a round that is queued.
                frames.recycle(round);
            }
        }
        if (round != open) {
            queue.add(round, clock.nanos());
        }
        long offset = queue.logEnd();
        PendingAppend pending = isAwaited
                ? new AwaitedAppend(round, offset, durability)
                : new EnqueuedAppend(round, offset, count, durability);
        round.add(
                sequenced == null ? pending : producers.staged(sequenced, pending, count, frames.lastTimestampMillis()),
                count);
        round.hold(frameBytes);
        room.take(frameBytes);
        queue.staged(round, count, frameBytes);
        meters.appended(count, frameBytes);
        return pending;
    }

    private boolean isFull(Round round, int frameBytes) {
        return round.appends > 0
                && (round.bytes() + frameBytes > config.maxRoundBytes() || round.appends >= config.maxRoundAppends());
    }

    private Round newRound(boolean rotates) {
        return new Round(
                queue.nextRoundNumber(),
                rotates,
                queue.nextPosition(rotates),
                queue.logEnd(),
                frames.memory(queue.lastRoundBytes()));
    }

    private void reserve(Round round, int frameBytes, int headerBytes, Payloads.Place place) {
        try {
            frames.reserve(round, frameBytes, headerBytes, place);
        } catch (OutOfMemoryError e) {
            throw room.outOfMemory(e);
        }
    }

    /** A round is written or given up: see {@link FrameLayout#recycle}. */
    void recycle(Round round) {
        frames.recycle(round);
    }

    /** Nothing comes for a while: see {@link FrameLayout#becomeQuiet}. */
    void becomeQuiet() {
        frames.becomeQuiet();
    }

    /**
     * Asks for everything accepted so far to be made durable: an append of nothing, whose outcome is that of all before it.
     */
    AwaitedAppend offerSync() {
        lock.lock();
        try {
            life.checkOpen();
            return offerEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #offerSync}, when nothing else is taken in any more. */
    AwaitedAppend offerLast() {
        lock.lock();
        try {
            assert !life.isOpen();
            return offerEmpty();
        } finally {
            lock.unlock();
        }
    }

    private AwaitedAppend offerEmpty() {
        Round round = queue.last();
        if (round == null) {
            round = newRound(false);
            queue.add(round, clock.nanos());
        }
        return addEmpty(round);
    }

    /** Asks for a new segment: an empty round that needs one. Null when nothing would be in the old one. */
    @Nullable
    AwaitedAppend offerRotation() {
        lock.lock();
        try {
            life.checkOpen();
            if (queue.isNextSegmentEmpty()) {
                return null;
            }
            Round round = newRound(true);
            queue.add(round, clock.nanos());
            return addEmpty(round);
        } finally {
            lock.unlock();
        }
    }

    private AwaitedAppend addEmpty(Round round) {
        AwaitedAppend pending = new AwaitedAppend(round, queue.logEnd(), Durability.SYNCED);
        round.add(pending, 0);
        queue.staged(round, 0, 0);
        return pending;
    }

    /** Stages a frame that says how far the log is durable, if nothing is on its way and zeros are there to write it over. */
    ProofOffer offerProof() {
        // A timer's thread is everybody's, and whoever has the lock may be about to append.
        if (!lock.tryLock()) {
            return ProofOffer.LATER;
        }
        try {
            int frameBytes = FrameLayout.PROOF_FRAME_BYTES;
            boolean hasPlace = !queue.rotatesFor(frameBytes) && queue.isFilledFor(frameBytes, false);
            // It comes when the log is quiet.
            producers.forgetDurable();
            if (!life.isOpen() || !queue.isEmpty() || !hasPlace) {
                return ProofOffer.DROPPED;
            }
            Round round = newRound(false);
            frames.layDownProof(round, queue.logEnd());
            queue.add(round, clock.nanos());
            queue.staged(round, 0, frameBytes);
            return ProofOffer.STAGED;
        } finally {
            lock.unlock();
        }
    }

    /** What has become of a proof. */
    enum ProofOffer {
        STAGED,
        /** There is no place for it, or something else will tell the durable end. */
        DROPPED,
        /** The lock was taken. */
        LATER
    }

    // ---------------------------------------------------------------- out

    /** What waits to be written, for those who only need hints and so no lock. */
    RoundQueue staged() {
        return queue;
    }

    /**
     * Takes the first round out, for writing. It is closed: nothing is added any more.
     *
     * @param isRotated whether the segment was changed for it
     * @return null when there is none, or when it needs a new segment first
     */
    @Nullable
    Round take(boolean isRotated) {
        if (isRotated) {
            // The change is made, and nobody else could go on from here.
            lock.lockForWork();
        } else {
            lock.lock();
        }
        try {
            return queue.take(isRotated);
        } finally {
            lock.unlock();
        }
    }

    /** Another segment is written to from now on. */
    void segmentChanged(ActiveSegment next) {
        lock.lockForWork();
        try {
            queue.segmentChanged(next);
        } finally {
            lock.unlock();
        }
    }

    /** The outcome of appends of so many bytes is known. */
    void release(int bytes) {
        room.release(bytes);
    }

    /**
     * Takes everything out that is staged, and sets the end of the log back to before it: none of it will be written. The
     * caller, who holds both rights, settles the rounds and releases their bytes.
     *
     * @param before the round before them, whose write was refused, if there is one
     * @param active the segment in use
     * @param rotateNext whether the next append needs another segment
     */
    List<Round> withdraw(@Nullable Round before, ActiveSegment active, boolean rotateNext) {
        lock.lockForWork();
        try {
            List<Round> withdrawn = queue.withdraw(before, active, rotateNext);
            producers.backTo(queue.logEnd());
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something is staged that begins below this offset. */
    boolean hasStagedBelow(long offset) {
        lock.lockForWork();
        try {
            return queue.hasBelow(offset);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The log is truncated: all ends go back, and so does what is known of producers. The caller, who holds both rights, settles the rounds that were staged.
     *
     * @param active the segment that was cut, to which nothing is added any more
     * @param producersThen what was known at the new end
     */
    List<Round> truncate(ActiveSegment active, long end, List<ProducerState> producersThen) {
        lock.lockForWork();
        try {
            List<Round> withdrawn = queue.truncate(active, end);
            producers.truncated(producersThen);
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Takes everything out that is staged when the partition has failed, so that nothing follows. */
    List<Round> withdrawForGood() {
        lock.lockForWork();
        try {
            List<Round> withdrawn = queue.withdrawForGood();
            producers.backTo(queue.logEnd());
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is taken in any more: whoever waits for room learns it. Called after the state has changed. */
    void wakeAll() {
        room.wakeAll();
    }
}
