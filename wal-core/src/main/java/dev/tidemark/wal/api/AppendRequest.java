package dev.tidemark.wal.api;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One append with everything that can be said about it: {@code AppendRequest.of(bytes).withDurability(WRITTEN)}.
 * Immutable. Payload bytes are copied when the append is accepted, so the caller may reuse an array or buffer as soon as
 * the call returns; only a direct {@code ByteBuf} of {@value #DIRECT_WRITE_BYTES} bytes or more is written from where it lies,
 * and its content belongs to the log (which retains it) until the append is complete.
 */
public final class AppendRequest {
    /** From this size on a direct {@code ByteBuf} is not copied. */
    public static final int DIRECT_WRITE_BYTES = 16 << 10;

    private static final Duration MAX_TIMEOUT = Duration.ofHours(1);

    /** How many appends of a producer can be repeated: so many it may have on their way. */
    public static final int REPEATABLE_APPENDS = 8;

    private static final long NO_SEQUENCE = -1;

    /** What the payload is. */
    public enum Shape {
        /** One value. */
        VALUE,
        /** A batch of records. */
        RECORDS,
        /** A batch of another protocol, kept verbatim. */
        OPAQUE
    }

    private final Shape shape;
    private final Object payload;
    private final int count;
    private final @Nullable Durability durability;
    private final long expectedOffset;
    private final boolean hasChecksum;
    private final int checksum;
    private final @Nullable Duration timeout;
    private final @Nullable ProducerIdentity producer;
    private final long sequence;

    private AppendRequest(
            Shape shape,
            Object payload,
            int count,
            @Nullable Durability durability,
            long expectedOffset,
            boolean hasChecksum,
            int checksum,
            @Nullable Duration timeout,
            @Nullable ProducerIdentity producer,
            long sequence) {
        this.shape = shape;
        this.payload = Objects.requireNonNull(payload, "payload");
        this.count = count;
        this.durability = durability;
        this.expectedOffset = expectedOffset;
        this.hasChecksum = hasChecksum;
        this.checksum = checksum;
        this.timeout = timeout;
        this.producer = producer;
        this.sequence = sequence;
    }

    private static AppendRequest plain(Shape shape, Object payload, int count) {
        return new AppendRequest(shape, payload, count, null, -1, false, 0, null, null, NO_SEQUENCE);
    }

    /** One value: the whole array. */
    public static AppendRequest of(byte[] value) {
        return plain(Shape.VALUE, value, 1);
    }

    /** One value: what lies between position and limit, which are not moved. */
    public static AppendRequest of(ByteBuffer value) {
        return plain(Shape.VALUE, value, 1);
    }

    /** One value: the readable bytes; the indices are not moved. */
    public static AppendRequest of(ByteBuf value) {
        return plain(Shape.VALUE, value, 1);
    }

    /** A batch: after a crash all of it is there or none. At least one record. */
    public static AppendRequest of(List<WalRecord> records) {
        List<WalRecord> batch = List.copyOf(records);
        if (batch.isEmpty()) {
            throw new InvalidCallException(ErrorCode.ARGUMENT_INVALID, "a batch needs at least one record: records=0");
        }
        return plain(Shape.RECORDS, batch, batch.size());
    }

    /** A batch of another protocol, kept verbatim, that takes {@code count} offsets. */
    public static AppendRequest opaque(byte[] payload, int count) {
        return plain(Shape.OPAQUE, payload, atLeastOne(count));
    }

    /** As {@link #opaque(byte[], int)}. */
    public static AppendRequest opaque(ByteBuffer payload, int count) {
        return plain(Shape.OPAQUE, payload, atLeastOne(count));
    }

    /** As {@link #opaque(byte[], int)}. */
    public static AppendRequest opaque(ByteBuf payload, int count) {
        return plain(Shape.OPAQUE, payload, atLeastOne(count));
    }

    /**
     * A batch of records that is encoded already, as a client does it: {@code count} records as in a segment file, see {@code docs/format.md}. Both are tested before
     * the append is accepted, the bytes against the checksum and for being exactly so many well-formed records; the same bytes and the same checksum reach the
     * readers.
     *
     * @param crc32c the payload's CRC-32C, as its maker computed it
     */
    public static AppendRequest encodedRecords(ByteBuf payload, int count, int crc32c) {
        return new AppendRequest(
                Shape.RECORDS, payload, atLeastOne(count), null, -1, true, crc32c, null, null, NO_SEQUENCE);
    }

    private static int atLeastOne(int count) {
        if (count < 1) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "a batch takes at least one offset: count=" + count);
        }
        return count;
    }

    /** The same, acknowledged at this durability instead of the log's default. */
    public AppendRequest withDurability(Durability newDurability) {
        return new AppendRequest(
                shape,
                payload,
                count,
                newDurability,
                expectedOffset,
                hasChecksum,
                checksum,
                timeout,
                producer,
                sequence);
    }

    /** The same, accepted only if the log's end is exactly this offset: else {@code OFFSET_MISMATCH}. */
    public AppendRequest withExpectedOffset(long offset) {
        if (offset < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "an expected offset is not negative: offset=" + offset);
        }
        return new AppendRequest(
                shape, payload, count, durability, offset, hasChecksum, checksum, timeout, producer, sequence);
    }

    /**
     * The same with the payload's CRC-32C as its producer computed it: verified before the append is accepted, stored,
     * and handed on unchanged. Not for {@link Shape#RECORDS}: the log makes their bytes, or they came with a checksum.
     */
    public AppendRequest withChecksum(int crc32c) {
        if (shape == Shape.RECORDS) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "a checksum can be given for a value or an opaque batch: shape=" + shape);
        }
        return new AppendRequest(
                shape, payload, count, durability, expectedOffset, true, crc32c, timeout, producer, sequence);
    }

    /** The same with a deadline of its own for the waits of the call: 0 to 1 h. */
    public AppendRequest withTimeout(Duration newTimeout) {
        if (newTimeout.isNegative() || newTimeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "a timeout is PT0S to PT1H: timeout=" + newTimeout);
        }
        return new AppendRequest(
                shape,
                payload,
                count,
                durability,
                expectedOffset,
                hasChecksum,
                checksum,
                newTimeout,
                producer,
                sequence);
    }

    /**
     * The same as one of a producer's numbered appends: when it is repeated, it is not written again, and the repeat gets the offset
     * of the original, at the durability that the repeat asks for. A repeat has the same sequence and the same count; its payload is
     * not looked at. That holds for the last {@value #REPEATABLE_APPENDS} appends of a producer, and for as long as the log remembers the
     * producer ({@link WalConfig#producerExpiry()}).
     *
     * <p>A refusal ({@link AppendRefusedException}) speaks of this call: when it was a repeat, the original stays what it is. So
     * it is always safe to append the same again under the same sequence.
     *
     * @param firstSequence of its first record: 0 for a producer's first append in each epoch, then where the append before ended
     */
    public AppendRequest withProducer(ProducerIdentity newProducer, long firstSequence) {
        if (firstSequence < 0 || firstSequence > Long.MAX_VALUE - count) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "sequences are 0 and up and do not wrap, a higher epoch begins at 0 again: sequence="
                            + firstSequence + " count=" + count);
        }
        return new AppendRequest(
                shape,
                payload,
                count,
                durability,
                expectedOffset,
                hasChecksum,
                checksum,
                timeout,
                Objects.requireNonNull(newProducer),
                firstSequence);
    }

    /** What the payload is. */
    public Shape shape() {
        return shape;
    }

    /**
     * A {@code byte[]}, a {@code ByteBuffer} or a {@code ByteBuf}; for {@link Shape#RECORDS} a {@code List} of {@code WalRecord}, or a {@code ByteBuf} that holds them
     * encoded.
     */
    public Object payload() {
        return payload;
    }

    /** How many offsets it takes. */
    public int count() {
        return count;
    }

    /** The durability asked for, or that of the log. */
    public Durability durability(Durability ofTheLog) {
        Durability own = durability;
        return own == null ? ofTheLog : own;
    }

    /** The offset expected, or -1. */
    public long expectedOffset() {
        return expectedOffset;
    }

    /** Whether a checksum came with the payload. */
    public boolean hasChecksum() {
        return hasChecksum;
    }

    /** The checksum that came with the payload; meaningless without {@link #hasChecksum()}. */
    public int checksum() {
        return checksum;
    }

    /** The deadline for the waits of the call, or that of the log. */
    public Duration timeout(Duration ofTheLog) {
        Duration own = timeout;
        return own == null ? ofTheLog : own;
    }

    /** Whose append it is, if the log is to recognise a repeat of it. */
    public Optional<ProducerIdentity> producer() {
        return Optional.ofNullable(producer);
    }

    /** The sequence of its first record; meaningless without a {@link #producer()}. */
    public long sequence() {
        return sequence;
    }
}
