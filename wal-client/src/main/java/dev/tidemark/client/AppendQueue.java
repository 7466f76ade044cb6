package dev.tidemark.client;

import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.RecordsEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The appends of one partition that were not sent yet, gathered into batches in the order of the calls. Its bytes are bounded by the room that callers take
 * before they come here.
 *
 * <p><b>Threads.</b> Callers add, the I/O thread takes. The lock is held while one payload of at most {@value #MAX_GATHERED_BYTES} bytes is copied; it is the only
 * lock that both sides take.
 */
final class AppendQueue {
    /** A longer payload is copied outside of the lock, and goes alone. */
    static final int MAX_GATHERED_BYTES = 64 << 10;

    /** A record that is only a value begins with its flags and its length. */
    private static final int MAX_PREFIX_BYTES = 1 + 5;

    private static final int FIRST_BUFFER_BYTES = 2 << 10;

    /** So many bytes are worth a message of their own, however few records they are. */
    private static final int WORTH_SENDING_BYTES = 64 << 10;

    /** More records than any batch has. */
    private static final int NEVER = Integer.MAX_VALUE;

    private final ByteBufAllocator allocator;
    private volatile int batchBytes;
    private final int batchRecords;
    private final long lingerNanos;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<AppendBatch> batches = new ArrayDeque<>();
    /** Whether the I/O thread was told of something, and has not come yet. */
    private boolean isTold;
    /** What the I/O thread waits for: that the oldest batch has so many records, or more; with {@link #NEVER} it comes by itself. */
    private int awaitedRecords = 1;
    /** That holds for a batch of this durability; of another one, any is to be told. */
    private Optional<Durability> awaitedDurability = Optional.empty();
    /** What the batch that was taken last has become: the next one gets as much memory at once, rather than piece by piece with a copy for each. */
    private int lastTakenBytes;

    private @Nullable WalException closed;

    AppendQueue(ByteBufAllocator allocator, int batchBytes, int batchRecords, long lingerNanos) {
        this.allocator = allocator;
        this.batchBytes = batchBytes;
        this.batchRecords = batchRecords;
        this.lingerNanos = lingerNanos;
    }

    /** The server takes no larger ones. Those that are begun stay as they are. */
    void limitBatches(int mostBytes) {
        batchBytes = mostBytes;
    }

    /**
     * Adds an append, for which the caller has taken {@code charged} bytes of room. What it refuses leaves nothing behind.
     *
     * @param bytes of the payload, as it is sent
     * @return whether the I/O thread has to be told
     */
    boolean add(AppendRequest request, int bytes, PendingAppend append, long charged, long nowNanos) {
        Optional<Durability> durability = durabilityOf(request);
        boolean canShare = canShare(request, bytes);
        AppendBatch alone = canShare ? null : alone(request, durability, bytes, append, charged, nowNanos);
        lock.lock();
        try {
            if (closed != null) {
                throw ClientErrors.sameFor(closed, 0);
            }
            if (alone == null) {
                gather(request, durability, bytes, append, charged, nowNanos);
            } else {
                batches.add(alone);
                alone = null;
            }
            boolean mustTell = !isTold && awaitedRecords != NEVER && isWorthSending(batches.element());
            isTold |= mustTell;
            return mustTell;
        } finally {
            lock.unlock();
            if (alone != null) {
                alone.release();
            }
        }
    }

    private static Optional<Durability> durabilityOf(AppendRequest request) {
        // A default that differs between two questions is the only sign that the request has none of its own.
        Durability durability = request.durability(Durability.ACCEPTED);
        boolean isOwn = durability == request.durability(Durability.SYNCED);
        return isOwn ? Optional.of(durability) : Optional.empty();
    }

    private static boolean canShare(AppendRequest request, int bytes) {
        return request.shape() != AppendRequest.Shape.OPAQUE
                && bytes <= MAX_GATHERED_BYTES
                && !request.hasChecksum()
                && request.expectedOffset() < 0
                && request.producer().isEmpty()
                && (request.shape() == AppendRequest.Shape.VALUE || !hasTimestamps(records(request)));
    }

    /** The time of a record is written as the difference to the one before, so such records cannot be put behind others. */
    private static boolean hasTimestamps(List<WalRecord> records) {
        for (WalRecord record : records) {
            if (record.timestampMillis().isPresent()) {
                return true;
            }
        }
        return false;
    }

    @SuppressWarnings("unchecked") // the request says so
    static List<WalRecord> records(AppendRequest request) {
        return (List<WalRecord>) request.payload();
    }

    /** How many bytes the payload of this request is when it is sent alone. */
    static long bytesOf(AppendRequest request) {
        Object payload = request.payload();
        if (payload instanceof byte[] array) {
            return array.length;
        }
        if (payload instanceof ByteBuffer buffer) {
            return buffer.remaining();
        }
        return payload instanceof ByteBuf buffer
                ? buffer.readableBytes()
                : RecordsEncoder.encodedBytes(records(request));
    }

    private AppendBatch alone(
            AppendRequest request,
            Optional<Durability> durability,
            int bytes,
            PendingAppend append,
            long charged,
            long nowNanos) {
        Shape shape = switch (request.shape()) {
            case VALUE -> Shape.VALUE;
            case RECORDS -> Shape.RECORDS;
            case OPAQUE -> Shape.OPAQUE;
        };
        ByteBuf copy = allocator.directBuffer(Math.max(16, bytes));
        boolean isCopied = false;
        try {
            write(request, bytes, copy);
            isCopied = true;
        } finally {
            if (!isCopied) {
                copy.release();
            }
        }
        AppendBatch batch = AppendBatch.alone(request, durability, shape, copy, append, charged, nowNanos);
        if (bytes > MAX_GATHERED_BYTES) {
            // Some time for a large one; the I/O thread has others to serve.
            batch.crc();
        }
        return batch;
    }

    private void gather(
            AppendRequest request,
            Optional<Durability> durability,
            int bytes,
            PendingAppend append,
            long charged,
            long nowNanos) {
        AppendBatch last = batches.peekLast();
        if (last == null
                || !last.hasRoomFor(durability, bytes + MAX_PREFIX_BYTES, append.count, batchBytes, batchRecords)) {
            last = AppendBatch.open(
                    durability,
                    allocator.directBuffer(
                            Math.max(Math.max(FIRST_BUFFER_BYTES, lastTakenBytes), bytes + MAX_PREFIX_BYTES)),
                    nowNanos);
            batches.add(last);
        }
        ByteBuf target = last.payload();
        int at = target.writerIndex();
        boolean isWritten = false;
        try {
            if (request.shape() == AppendRequest.Shape.VALUE) {
                writePrefix(target, bytes);
                append.prefixBytes = target.writerIndex() - at;
            }
            write(request, bytes, target);
            isWritten = true;
        } finally {
            if (!isWritten) {
                // The caller's buffer may have been released; others are in the batch.
                target.writerIndex(at);
                if (last.members().isEmpty()) {
                    batches.removeLast();
                    last.release();
                }
            }
        }
        append.at = at;
        append.length = target.writerIndex() - at;
        last.add(append, charged);
    }

    /** What the log's own encoder writes before a value without key, time and headers. */
    private static void writePrefix(ByteBuf target, int valueBytes) {
        target.writeByte(0);
        int rest = valueBytes;
        while (rest >= 0x80) {
            target.writeByte((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        target.writeByte(rest);
    }

    private static void write(AppendRequest request, int bytes, ByteBuf target) {
        Object payload = request.payload();
        if (payload instanceof byte[] array) {
            target.writeBytes(array);
        } else if (payload instanceof ByteBuffer buffer) {
            target.writeBytes(buffer.duplicate());
        } else if (payload instanceof ByteBuf buffer) {
            target.writeBytes(buffer, buffer.readerIndex(), bytes);
        } else {
            target.ensureWritable(bytes);
            int at = target.writerIndex();
            int end = RecordsEncoder.encode(records(request), target.nioBuffer(at, bytes), 0);
            assert end == bytes : end;
            target.writerIndex(at + bytes);
        }
    }

    /** Before the I/O thread takes what there is: who adds from now on tells it again. */
    void beginTaking() {
        lock.lock();
        try {
            isTold = false;
        } finally {
            lock.unlock();
        }
    }

    /** The I/O thread can send nothing at the moment, and comes by itself when it can: nobody need tell it. */
    void tellNothing() {
        lock.lock();
        try {
            awaitedRecords = NEVER;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The oldest batch, to be sent; nothing when there is none, or when it still waits for company. Then the I/O thread is told as soon as there is one. I/O thread.
     *
     * @param leastRecords a smaller batch is left to gather, unless it is complete or has bytes enough
     * @param like which holds for one of this durability only
     */
    @Nullable
    AppendBatch take(long nowNanos, int leastRecords, Optional<Durability> like) {
        lock.lock();
        try {
            awaitedRecords = leastRecords;
            awaitedDurability = like;
            AppendBatch oldest = batches.peek();
            if (oldest == null || lingerNanos(oldest, nowNanos) > 0 || !isWorthSending(oldest)) {
                return null;
            }
            if (oldest.isOpenToOthers()) {
                lastTakenBytes = Math.min(batchBytes, oldest.payload().writerIndex());
            }
            return batches.poll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isWorthSending(AppendBatch oldest) {
        return oldest.count() >= awaitedRecords
                || oldest.payload().writerIndex() >= WORTH_SENDING_BYTES
                || isComplete(oldest)
                || !oldest.durability().equals(awaitedDurability);
    }

    private boolean isComplete(AppendBatch oldest) {
        return batches.size() > 1
                || !oldest.isOpenToOthers()
                || oldest.count() >= batchRecords
                || oldest.payload().writerIndex() >= batchBytes - MAX_PREFIX_BYTES;
    }

    /** How long the oldest batch may still wait for company; -1 when there is none. */
    long lingerNanos(long nowNanos) {
        lock.lock();
        try {
            AppendBatch oldest = batches.peek();
            return oldest == null ? -1 : lingerNanos(oldest, nowNanos);
        } finally {
            lock.unlock();
        }
    }

    private long lingerNanos(AppendBatch oldest, long nowNanos) {
        return isComplete(oldest) ? 0 : Math.max(0, lingerNanos - (nowNanos - oldest.beganNanos()));
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return batches.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Members of batches that were not taken yet and whose time is up. */
    List<PendingAppend> expired(long nowNanos) {
        List<PendingAppend> expired = new ArrayList<>();
        lock.lock();
        try {
            for (AppendBatch batch : batches) {
                for (PendingAppend member : batch.members()) {
                    if (!member.isSettled() && nowNanos - member.deadlineNanos >= 0) {
                        expired.add(member);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
        return expired;
    }

    /** Takes out batches of which nobody is waiting any more, wherever they are. The caller gives their room back. */
    List<AppendBatch> removeAbandoned() {
        List<AppendBatch> abandoned = new ArrayList<>();
        lock.lock();
        try {
            batches.removeIf(batch -> {
                boolean isAbandoned = batch.members().stream().allMatch(PendingAppend::isSettled);
                if (isAbandoned) {
                    abandoned.add(batch);
                }
                return isAbandoned;
            });
        } finally {
            lock.unlock();
        }
        return abandoned;
    }

    /** Nothing is added any more: whoever tries is told this. Gives what there is. */
    List<AppendBatch> close(WalException reason) {
        lock.lock();
        try {
            closed = reason;
            List<AppendBatch> left = new ArrayList<>(batches);
            batches.clear();
            return left;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is added any more, but what there is can still be taken. */
    void closeIntake(WalException reason) {
        lock.lock();
        try {
            closed = reason;
        } finally {
            lock.unlock();
        }
    }
}
