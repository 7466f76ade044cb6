package dev.tidemark.client;

import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What goes to the server as one append: one append of a caller, or several that waited at the same time, encoded as the records of one batch.
 *
 * <p><b>Threads.</b> While it is open, whoever holds the lock of the queue adds to it. Once the I/O thread has taken it, that thread alone.
 */
final class AppendBatch implements Callbacks.Settled {
    /** Beside the bytes: the objects that an append takes. */
    static final int OVERHEAD_BYTES = 160;

    private final Optional<Durability> durability;
    private final List<PendingAppend> members = new ArrayList<>();
    private final boolean isOpenToOthers;
    private final @Nullable AppendRequest alone;
    private Shape shape;
    private ByteBuf payload;
    private int count;
    private long chargedBytes;
    private final long beganNanos;

    // How it was sent. I/O thread only.
    private int crc;
    private boolean hasCrc;
    /** Copies that may exist under the present sequence. */
    int attempts;
    /** Whether a copy was sent on the present connection and was not answered yet. */
    boolean isOnTheWire;
    /** Whether the log has said that it does not have it, nor what is before it. A copy may still bring both. */
    boolean isBehindGap;
    /** Whether it is certain that the log does not have it, and will not have it under its sequence. */
    boolean isAbsent;
    /** How many batches were numbered before it. */
    long number;

    /** The client's own producer, in the epoch in which it was numbered; none for one that the caller has numbered. */
    @Nullable
    ProducerIdentity producer;

    long sequence = -1;

    private AppendBatch(
            Optional<Durability> durability,
            Shape shape,
            ByteBuf payload,
            boolean isOpenToOthers,
            @Nullable AppendRequest alone,
            long nowNanos) {
        this.durability = durability;
        this.shape = shape;
        this.payload = payload;
        this.isOpenToOthers = isOpenToOthers;
        this.alone = alone;
        this.beganNanos = nowNanos;
    }

    /** One that takes what comes, for this durability. */
    static AppendBatch open(Optional<Durability> durability, ByteBuf payload, long nowNanos) {
        return new AppendBatch(durability, Shape.RECORDS, payload, true, null, nowNanos);
    }

    /** One append that shares with nobody. Takes over the payload. */
    static AppendBatch alone(
            AppendRequest request,
            Optional<Durability> durability,
            Shape shape,
            ByteBuf payload,
            PendingAppend append,
            long chargedBytes,
            long nowNanos) {
        AppendBatch batch = new AppendBatch(durability, shape, payload, false, request, nowNanos);
        append.length = payload.readableBytes();
        batch.add(append, chargedBytes);
        return batch;
    }

    /** Whether an append of this durability and so many bytes may still be added. */
    boolean hasRoomFor(Optional<Durability> other, int bytes, int records, int maxBytes, int maxRecords) {
        return isOpenToOthers
                && durability.equals(other)
                && payload.writerIndex() + bytes <= maxBytes
                && count + records <= maxRecords;
    }

    /** Counts an append whose bytes were just written behind the others. */
    void add(PendingAppend append, long charged) {
        append.indexInBatch = count;
        count += append.count;
        chargedBytes += charged;
        members.add(append);
    }

    ByteBuf payload() {
        return payload;
    }

    List<PendingAppend> members() {
        return members;
    }

    Shape shape() {
        return shape;
    }

    int count() {
        return count;
    }

    Optional<Durability> durability() {
        return durability;
    }

    long chargedBytes() {
        return chargedBytes;
    }

    long beganNanos() {
        return beganNanos;
    }

    boolean isOpenToOthers() {
        return isOpenToOthers;
    }

    /** The producer that the caller gave, if he did. */
    Optional<ProducerIdentity> callersProducer() {
        return alone == null ? Optional.empty() : alone.producer();
    }

    long callersSequence() {
        return alone == null ? -1 : alone.sequence();
    }

    OptionalLong expectedOffset() {
        return alone == null || alone.expectedOffset() < 0
                ? OptionalLong.empty()
                : OptionalLong.of(alone.expectedOffset());
    }

    /** Whether the sequences of the client's own producer number it. */
    boolean isNumbered() {
        return callersProducer().isEmpty();
    }

    /** Whether both were numbered in the same epoch. */
    boolean isOfEpochOf(AppendBatch other) {
        return producer != null && producer.equals(other.producer);
    }

    // ---------------------------------------------------------------- sending

    /** Before the first attempt: leaves out who no longer wants to be sent. False when nobody is left. */
    boolean seal(ByteBufAllocator allocator) {
        boolean isAnyWithdrawn = false;
        for (PendingAppend member : members) {
            isAnyWithdrawn |= !member.markSent();
        }
        if (isAnyWithdrawn) {
            leaveOutWithdrawn(allocator);
        }
        if (members.isEmpty()) {
            return false;
        }
        PendingAppend first = members.get(0);
        if (members.size() == 1 && isOpenToOthers && first.prefixBytes >= 0) {
            // Nobody to travel with: a plain value, as it would be in an embedded log.
            shape = Shape.VALUE;
            payload.setIndex(first.at + first.prefixBytes, first.at + first.length);
        }
        return true;
    }

    private void leaveOutWithdrawn(ByteBufAllocator allocator) {
        ByteBuf rest = allocator.directBuffer(Math.max(16, payload.readableBytes()));
        int newCount = 0;
        for (Iterator<PendingAppend> each = members.iterator(); each.hasNext(); ) {
            PendingAppend member = each.next();
            if (!member.isSent()) {
                each.remove();
                continue;
            }
            int at = rest.writerIndex();
            rest.writeBytes(payload, member.at, member.length);
            member.at = at;
            member.indexInBatch = newCount;
            newCount += member.count;
        }
        payload.release();
        payload = rest;
        count = newCount;
    }

    /** CRC-32C of the payload: the caller's own, if he gave one. */
    int crc() {
        if (!hasCrc) {
            AppendRequest request = alone;
            if (request != null && request.hasChecksum()) {
                crc = request.checksum();
            } else {
                CRC32C sum = new CRC32C();
                sum.update(payload.nioBuffer());
                crc = (int) sum.getValue();
            }
            hasCrc = true;
        }
        return crc;
    }

    /** The latest deadline of its members. */
    long deadlineNanos() {
        long latest = members.get(0).deadlineNanos;
        for (int i = 1; i < members.size(); i++) {
            long other = members.get(i).deadlineNanos;
            latest = other - latest > 0 ? other : latest;
        }
        return latest;
    }

    void succeed(long firstOffset, Callbacks callbacks) {
        boolean hasFutures = false;
        for (PendingAppend member : members) {
            hasFutures |= member.succeed(firstOffset + member.indexInBatch);
        }
        if (hasFutures) {
            callbacks.add(this);
        }
    }

    /** Of its members. Callback thread; nothing is added to the members or taken from them once they are settled. */
    @Override
    public void completeFutures() {
        for (PendingAppend member : members) {
            member.completeFutures();
        }
    }

    void fail(WalException why, Callbacks callbacks) {
        for (PendingAppend member : members) {
            // One each: an exception that several threads throw would collect their stacks.
            member.fail(members.size() == 1 ? why : ClientErrors.sameFor(why, member.indexInBatch), callbacks);
        }
    }

    void release() {
        payload.release();
    }
}
