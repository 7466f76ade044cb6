package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.metrics.PartitionMeters;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Takes appends in: checks them, gives them their offsets, and lays their frames down in the open round.
 *
 * <p>Offsets are given out in the order in which frames are staged, rounds are queued in that order and written in that
 * order; so the order of offsets is the order in the file.
 *
 * <p><b>Threads.</b> Any thread offers; the holder of the write right takes rounds out. Everything is guarded by the partition
 * lock, which is held to copy one small payload at most: large ones, batches that have to be encoded and all waiting are done
 * outside of it.
 *
 * <p><b>Ordering.</b> {@code stagedBytes} and {@code wantsWritten} are hints for those who do not hold the lock. They are stored
 * (volatile) before the stager looks whether the write right is free, and the right is released before its holder looks at them.
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

    private static final byte[] PROOF = ControlPayload.Proof.INSTANCE.encode();

    private final PartitionId id;
    private final WalConfig config;
    private final RankedLock lock;
    private final Condition room;
    private final PartitionLife life;
    private final Positions positions;
    private final MemoryBudget budget;
    private final DiskRoom diskRoom;
    private final ByteBufAllocator allocator;
    private final Clock clock;
    private final PartitionMeters meters;
    private final CRC32C scratch = new CRC32C();
    private final AtomicReference<@Nullable RoundMemory> spareMemory = new AtomicReference<>();

    private final ArrayDeque<Round> rounds = new ArrayDeque<>(4);
    private long logEnd;
    /** Where the next frame goes, once everything staged is written. */
    private long nextPosition;

    private long lastTimestampMillis;
    private boolean mustRotate;
    private long lastRoundNumber;
    private long queuedBytes;
    private long countedBytes;
    private int waitingForRoom;
    private int lastRoundBytes;
    private Prefill prefill;

    private volatile long stagedBytes;
    private volatile int stagedRounds;
    private volatile boolean wantsWritten;
    private volatile boolean firstRotates;
    private volatile long firstOpenedNanos;

    /** The offset at which the segment begins that the next frame goes into. */
    private long nextSegmentBase;

    Intake(
            PartitionServices services,
            PartitionId id,
            RankedLock lock,
            PartitionLife life,
            Positions positions,
            ActiveSegment active,
            long lastTimestampMillis,
            boolean mustRotate) {
        this.id = id;
        this.config = services.config();
        this.lock = lock;
        this.room = lock.newCondition();
        this.life = life;
        this.positions = positions;
        this.budget = services.budget();
        this.diskRoom = services.room();
        this.allocator = services.memory();
        this.clock = services.environment().clock();
        this.meters = services.meters();
        this.logEnd = positions.logEnd();
        this.nextPosition = active.endPosition();
        this.lastTimestampMillis = lastTimestampMillis;
        this.mustRotate = mustRotate;
        this.prefill = active.prefill;
        this.nextSegmentBase = active.segment.baseOffset();
    }

    // ---------------------------------------------------------------- in

    /**
     * Gives an append its place, or says why not. The arguments are those of one frame; they come one by one, because an object
     * to hold them would be a quarter of all the garbage an append makes.
     *
     * @param expectedOffset where the log must end, or {@link #ANY_OFFSET}
     * @param givenChecksum the payload's checksum as its producer computed it, unsigned, or {@link #NO_CHECKSUM}
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
            long expectedOffset,
            long givenChecksum,
            long deadlineNanos) {
        checkSize(length);
        int frameBytes = FrameCodec.frameBytes(length, 0);
        boolean mayWait = deadlineNanos != NEVER_WAIT;
        ByteBuf large = Payloads.isLarge(payload, length) ? own(payload, length) : null;
        boolean isStaged = false;
        try {
            int checksum = large == null ? 0 : checked(givenChecksum, Payloads.checksum(large), length);
            while (true) {
                if (!takeBudget(frameBytes, deadlineNanos, mayWait)) {
                    return null;
                }
                try {
                    PendingAppend staged = offerOnce(
                            kind,
                            large == null ? payload : large,
                            length,
                            count,
                            durability,
                            expectedOffset,
                            large == null ? givenChecksum : Integer.toUnsignedLong(checksum),
                            large != null,
                            mayWait);
                    isStaged = staged != null;
                    if (isStaged || !mayWait) {
                        return staged;
                    }
                } finally {
                    if (!isStaged) {
                        budget.give(frameBytes);
                    }
                }
                awaitRoom(frameBytes, deadlineNanos);
            }
        } finally {
            if (large != null && !isStaged) {
                large.release();
            }
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
            return allocator.directBuffer(Math.max(1, bytes));
        } catch (OutOfMemoryError e) {
            throw outOfMemory(e);
        }
    }

    private ByteBuf own(Object payload, int length) {
        try {
            return Payloads.own(payload, length, allocator);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(e);
        }
    }

    /** Direct memory may be short for reasons of others; nothing has been changed here, so this is a refusal like a full queue. */
    private AppendRefusedException outOfMemory(OutOfMemoryError cause) {
        return new AppendRefusedException(
                ErrorCode.APPEND_REJECTED,
                "no direct memory for the append: partition=" + id + " queuedBytes=" + queuedBytes,
                cause);
    }

    private int checked(long given, int computed, int length) {
        if (given != NO_CHECKSUM && given != Integer.toUnsignedLong(computed)) {
            throw new AppendRefusedException(
                    ErrorCode.CHECKSUM_MISMATCH,
                    String.format(
                            "payload does not match the checksum that came with it: partition=%s bytes=%d crcGiven=0x%08x"
                                    + " crcComputed=0x%08x",
                            id, length, given, computed));
        }
        return computed;
    }

    private boolean takeBudget(int bytes, long deadlineNanos, boolean mayWait) {
        if (budget.tryTake(bytes)) {
            return true;
        }
        if (!mayWait) {
            return false;
        }
        long began = clock.nanos();
        boolean isTaken = false;
        try {
            isTaken = budget.take(bytes, deadlineNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interruptedBeforeAcceptance(e);
        } finally {
            meters.queueWaited(isTaken, clock.nanos() - began);
        }
        if (!isTaken) {
            life.checkOpen();
            throw queueStayedFull("the store's append queue", began);
        }
        return true;
    }

    private AppendRefusedException interruptedBeforeAcceptance(InterruptedException cause) {
        return new AppendRefusedException(
                ErrorCode.INTERRUPTED,
                "interrupted while waiting for room in the append queue: partition=" + id,
                cause);
    }

    private AppendRefusedException queueStayedFull(String queue, long beganNanos) {
        return new AppendRefusedException(
                ErrorCode.APPEND_REJECTED,
                queue + " stayed full: partition=" + id + " queuedBytes=" + queuedBytes + " waitedMillis="
                        + TimeUnit.NANOSECONDS.toMillis(clock.nanos() - beganNanos));
    }

    /** Null when there is no room in this partition's queue, or, for one that must not wait, when the lock is taken. */
    private @Nullable PendingAppend offerOnce(
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            long expectedOffset,
            long checksum,
            boolean isLarge,
            boolean mayWait) {
        if (mayWait) {
            lock.lock();
        } else if (!lock.tryLock()) {
            return null;
        }
        try {
            life.checkOpen();
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
            if (!hasRoom(FrameCodec.frameBytes(length, 0))) {
                return null;
            }
            return stage(kind, payload, length, count, durability, checksum, isLarge);
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom(int frameBytes) {
        return queuedBytes == 0 || queuedBytes + frameBytes <= config.partitionQueueBytes();
    }

    private void awaitRoom(int frameBytes, long deadlineNanos) {
        long began = clock.nanos();
        boolean hasRoom = false;
        lock.lock();
        try {
            waitingForRoom++;
            try {
                while (!hasRoom(frameBytes) && life.isOpen()) {
                    long left = deadlineNanos - clock.nanos();
                    if (left <= 0) {
                        throw queueStayedFull("append queue", began);
                    }
                    long unused = room.awaitNanos(left);
                    assert unused <= left;
                }
                hasRoom = true;
            } finally {
                waitingForRoom--;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interruptedBeforeAcceptance(e);
        } finally {
            lock.unlock();
            meters.queueWaited(hasRoom, clock.nanos() - began);
        }
    }

    private PendingAppend stage(
            FrameKind kind,
            Object payload,
            int length,
            int count,
            Durability durability,
            long checksum,
            boolean isLarge) {
        int frameBytes = FrameCodec.frameBytes(length, 0);
        Round open = rounds.peekLast();
        boolean fits = nextPosition + frameBytes <= config.segmentBytes() || nextPosition == SegmentHeader.BYTES;
        boolean needsRound = open == null || !fits || mustRotate || isFull(open, frameBytes);
        boolean rotates = mustRotate || !fits;
        long position = rotates ? SegmentHeader.BYTES : nextPosition;
        if (position + frameBytes > (rotates ? 0 : prefill.filledEnd()) && !diskRoom.mayGrow()) {
            throw new AppendRefusedException(
                    ErrorCode.STORAGE_FULL,
                    "the disk is full: partition=" + id + "; appending works again once there is room");
        }
        Round round = needsRound || open == null ? newRound(rotates, position) : open;
        layDown(kind, payload, length, count, checksum, isLarge, round);
        // Nothing was changed up to here but memory of a round that is not queued, or room behind the frames of one
        // that is.
        if (round != open) {
            queue(round);
            nextPosition = position;
        }
        PendingAppend pending = new PendingAppend(round, logEnd, count, durability);
        round.add(pending);
        round.hold(frameBytes);
        logEnd += count;
        nextPosition += frameBytes;
        queuedBytes += frameBytes;
        positions.accepted(logEnd);
        noteStaged(round, frameBytes);
        meters.appended(count, frameBytes);
        return pending;
    }

    private boolean isFull(Round round, int frameBytes) {
        return round.appends > 0
                && (round.bytes() + frameBytes > config.maxRoundBytes() || round.appends >= config.maxRoundAppends());
    }

    private Round newRound(boolean rotates, long position) {
        RoundMemory spare = spareMemory.getAndSet(null);
        RoundMemory memory = spare == null ? new RoundMemory(allocator) : spare;
        memory.expect(lastRoundBytes);
        return new Round(lastRoundNumber + 1, rotates, position, logEnd, memory, clock.nanos());
    }

    /** A round is written or given up: its memory goes back to the pool, and the rest of it serves the next round. */
    void recycle(Round round) {
        RoundMemory memory = round.takeMemory();
        if (memory != null) {
            memory.release();
            RoundMemory older = life.isOpen() ? spareMemory.getAndSet(memory) : memory;
            if (older != null) {
                older.close();
            }
        }
    }

    /** Nothing comes for a while: the memory kept for the next round goes back to the pool. */
    void becomeQuiet() {
        RoundMemory memory = spareMemory.getAndSet(null);
        if (memory != null) {
            memory.close();
        }
    }

    /** Lays the frame down behind the others of the round, and makes it part of the round only when nothing can fail any more. */
    private void layDown(
            FrameKind kind, Object payload, int length, int count, long checksum, boolean isLarge, Round round) {
        RoundMemory memory = round.memory();
        int frameBytes = FrameCodec.frameBytes(length, 0);
        try {
            memory.reserve(isLarge ? FrameCodec.HEADER_BYTES : frameBytes);
        } catch (OutOfMemoryError e) {
            recycleUnqueued(round);
            throw outOfMemory(e);
        }
        ByteBuffer chunk = memory.chunk();
        int at = memory.at();
        int payloadCrc = isLarge ? (int) checksum : copied(payload, length, checksum, round, chunk, at);
        lastTimestampMillis = Math.min(FrameCodec.MAX_TIMESTAMP_MILLIS, Math.max(lastTimestampMillis, clock.millis()));
        FrameCodec.putHeader(
                chunk,
                at,
                length,
                logEnd,
                FrameCodec.stamp(lastTimestampMillis, kind, FrameCodec.NO_EXTENSION),
                count,
                payloadCrc);
        if (isLarge) {
            memory.commitLarge(FrameCodec.HEADER_BYTES, (ByteBuf) payload, frameBytes);
        } else {
            FrameCodec.putPadding(chunk, at);
            memory.commit(frameBytes);
        }
        round.grow(frameBytes);
    }

    private int copied(Object payload, int length, long givenChecksum, Round round, ByteBuffer chunk, int at) {
        boolean isCopied = false;
        try {
            Payloads.copy(payload, chunk, at + FrameCodec.HEADER_BYTES, length);
            int computed = FrameCodec.crcOf(chunk, at + FrameCodec.HEADER_BYTES, length, scratch);
            checked(givenChecksum, computed, length);
            isCopied = true;
            return computed;
        } finally {
            if (!isCopied) {
                recycleUnqueued(round);
            }
        }
    }

    /** A round that is queued keeps its memory: there are other frames in it, be it only a proof. */
    private void recycleUnqueued(Round round) {
        if (round != rounds.peekLast()) {
            recycle(round);
        }
    }

    private void noteStaged(Round round, int frameBytes) {
        if (round.wantsWritten) {
            wantsWritten = true;
        }
        stagedRounds = rounds.size();
        countedBytes += frameBytes;
        stagedBytes = countedBytes;
        meters.partitionQueueBytes(queuedBytes);
    }

    private void queue(Round round) {
        if (round.rotatesFirst) {
            nextSegmentBase = logEnd;
            mustRotate = false;
        }
        rounds.add(round);
        lastRoundNumber = round.number;
        noteFirst(rounds.peekFirst());
    }

    /**
     * Asks for everything accepted so far to be made durable: an append of nothing, whose outcome is that of all before it.
     */
    PendingAppend offerSync() {
        lock.lock();
        try {
            life.checkOpen();
            return offerEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #offerSync}, when nothing else is taken in any more. */
    PendingAppend offerLast() {
        lock.lock();
        try {
            assert !life.isOpen();
            return offerEmpty();
        } finally {
            lock.unlock();
        }
    }

    private PendingAppend offerEmpty() {
        Round round = rounds.peekLast();
        if (round == null) {
            round = newRound(false, nextPosition);
            queue(round);
        }
        return addEmpty(round);
    }

    /** Asks for a new segment: an empty round that needs one. Null when nothing would be in the old one. */
    @Nullable
    PendingAppend offerRotation() {
        lock.lock();
        try {
            life.checkOpen();
            if (logEnd == nextSegmentBase) {
                return null;
            }
            Round round = newRound(true, SegmentHeader.BYTES);
            queue(round);
            nextPosition = SegmentHeader.BYTES;
            return addEmpty(round);
        } finally {
            lock.unlock();
        }
    }

    private PendingAppend addEmpty(Round round) {
        PendingAppend pending = new PendingAppend(round, logEnd, 0, Durability.SYNCED);
        round.add(pending);
        noteStaged(round, 0);
        return pending;
    }

    /**
     * Stages a frame that says how far the log is durable, if nothing is on its way and zeros are there to write it over.
     *
     * @return whether it was staged
     */
    boolean offerProof() {
        lock.lock();
        try {
            int frameBytes = FrameCodec.frameBytes(PROOF.length, 0);
            if (!life.isOpen() || !rounds.isEmpty() || mustRotate || nextPosition + frameBytes > prefill.filledEnd()) {
                return false;
            }
            Round round = newRound(false, nextPosition);
            RoundMemory memory = round.memory();
            memory.reserve(frameBytes);
            ByteBuffer chunk = memory.chunk();
            int at = memory.at();
            chunk.put(at + FrameCodec.HEADER_BYTES, PROOF);
            FrameCodec.putHeader(
                    chunk,
                    at,
                    PROOF.length,
                    logEnd,
                    FrameCodec.stamp(lastTimestampMillis, FrameKind.CONTROL, FrameCodec.NO_EXTENSION),
                    0,
                    FrameCodec.crcOf(chunk, at + FrameCodec.HEADER_BYTES, PROOF.length, scratch));
            FrameCodec.putPadding(chunk, at);
            memory.commit(frameBytes);
            round.grow(frameBytes);
            queue(round);
            nextPosition += frameBytes;
            noteStaged(round, frameBytes);
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---------------------------------------------------------------- out

    /** Whether there is anything to write; a hint without the lock. */
    boolean hasStaged() {
        return stagedRounds > 0;
    }

    /** How much waits to be written; a hint without the lock. */
    long stagedBytes() {
        return stagedBytes;
    }

    /** Whether somebody waits for a write only; a hint without the lock. */
    boolean wantsWritten() {
        return wantsWritten;
    }

    /** Whether the first round is full, so that waiting for more to gather would gain nothing; a hint. */
    boolean hasFullRound() {
        return stagedRounds > 1 || stagedBytes >= config.maxRoundBytes();
    }

    /** When the first round was opened, by the environment's clock; a hint without the lock. */
    long firstOpenedNanos() {
        return firstOpenedNanos;
    }

    /** Whether the next round belongs into a new segment; a hint without the lock. */
    boolean nextRotates() {
        return firstRotates;
    }

    /**
     * Takes the first round out, for writing. It is closed: nothing is added any more.
     *
     * @param isRotated whether the segment was changed for it
     * @return null when there is none, or when it needs a new segment first
     */
    @Nullable
    Round take(boolean isRotated) {
        lock.lock();
        try {
            Round first = rounds.peekFirst();
            if (first == null || (first.rotatesFirst && !isRotated)) {
                return null;
            }
            rounds.removeFirst();
            lastRoundBytes = first.bytes();
            noteTaken(first);
            return first;
        } finally {
            lock.unlock();
        }
    }

    private void noteTaken(Round first) {
        lastRoundBytes = first.bytes();
        stagedRounds = rounds.size();
        countedBytes -= first.bytes();
        stagedBytes = countedBytes;
        noteFirst(rounds.peekFirst());
        if (rounds.isEmpty()) {
            wantsWritten = false;
        }
    }

    private void noteFirst(@Nullable Round first) {
        firstRotates = first != null && first.rotatesFirst;
        firstOpenedNanos = first == null ? 0 : first.openedNanos;
    }

    /** Another segment is written to from now on. */
    void segmentChanged(ActiveSegment next) {
        lock.lock();
        try {
            prefill = next.prefill;
        } finally {
            lock.unlock();
        }
    }

    /** Memory of so many bytes is free again. */
    void release(int bytes) {
        if (bytes == 0) {
            return;
        }
        budget.give(bytes);
        lock.lock();
        try {
            queuedBytes -= bytes;
            if (waitingForRoom > 0) {
                room.signalAll();
            }
        } finally {
            lock.unlock();
        }
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
        lock.lock();
        try {
            if (before != null) {
                logEnd = before.firstOffset;
            }
            List<Round> withdrawn = withdrawStaged(before == null);
            nextPosition = active.endPosition();
            mustRotate = rotateNext;
            prefill = active.prefill;
            nextSegmentBase = active.segment.baseOffset();
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Takes everything out that is staged when the partition has failed, so that nothing follows. */
    List<Round> withdrawForGood() {
        lock.lock();
        try {
            return withdrawStaged(true);
        } finally {
            lock.unlock();
        }
    }

    private List<Round> withdrawStaged(boolean isFirst) {
        List<Round> withdrawn = new ArrayList<>(rounds);
        if (isFirst && !withdrawn.isEmpty()) {
            logEnd = withdrawn.get(0).firstOffset;
        }
        rounds.clear();
        stagedRounds = 0;
        countedBytes = 0;
        stagedBytes = 0;
        wantsWritten = false;
        firstRotates = false;
        positions.accepted(logEnd);
        return withdrawn;
    }

    /** Nothing is taken in any more: whoever waits for room learns it. Called after the state has changed. */
    void wakeAll() {
        lock.lock();
        try {
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long lastTimestampMillis() {
        lock.lock();
        try {
            return lastTimestampMillis;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes on their way to the disk, staged or being written. */
    long queuedBytes() {
        lock.lock();
        try {
            return queuedBytes;
        } finally {
            lock.unlock();
        }
    }
}
