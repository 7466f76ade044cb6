package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.io.Clock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Lays frames down in a round's memory: payload, checksum, and the header but for what is known only when it is written. Keeps the
 * memory of some rounds for the next.
 *
 * <p><b>Threads.</b> Laying down happens under the partition lock. Memory is given back by any thread.
 *
 * <p><b>Ordering.</b> A frame becomes part of the round by the last step, when nothing can fail any more.
 */
final class FrameLayout {
    private static final byte[] PROOF = ControlPayload.Proof.INSTANCE.encode();

    /** How long the frame of a proof is. */
    static final int PROOF_FRAME_BYTES = FrameCodec.frameBytes(PROOF.length, 0);

    /** While one round is written, some may gather. */
    private static final int MOST_SPARE = 4;

    /** A slab counts in the store's budget while frames are laid down in it; where that is small, there is none. */
    private static final long SLABS_IN_BUDGET = 8;

    /** For so long none is tried after there was no memory for one: before it says so, the JDK has the collector run and sleeps half a second. */
    private static final long SHORT_OF_MEMORY_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final PartitionId id;
    private final PartitionLife life;
    private final ByteBufAllocator allocator;
    private final MemoryBudget budget;
    private final Clock clock;
    private final CRC32C scratch = new CRC32C();
    private final AtomicReferenceArray<@Nullable RoundMemory> spareMemory = new AtomicReferenceArray<>(MOST_SPARE);
    private final AtomicReference<@Nullable Slab> spareSlab = new AtomicReference<>();
    private final AtomicReference<@Nullable CRC32C> spareChecksum = new AtomicReference<>();
    private volatile long memoryWasShortAtNanos;
    private volatile boolean wasMemoryShort;
    private long lastTimestampMillis;

    FrameLayout(PartitionServices services, PartitionId id, PartitionLife life, long lastTimestampMillis) {
        this.id = id;
        this.life = life;
        this.allocator = services.memory();
        this.budget = services.budget();
        this.clock = services.environment().clock();
        this.lastTimestampMillis = lastTimestampMillis;
    }

    // ---------------------------------------------------------------- memory

    /** Memory for a round of about this size. */
    RoundMemory memory(int expectedBytes) {
        RoundMemory memory = null;
        for (int i = 0; i < MOST_SPARE && memory == null; i++) {
            memory = spareMemory.getAndSet(i, null);
        }
        if (memory == null) {
            memory = new RoundMemory(allocator);
        }
        memory.expect(expectedBytes);
        return memory;
    }

    /** A round is written or given up: its memory goes back to the pool, and the rest of it serves the next round. */
    void recycle(Round round) {
        RoundMemory memory = round.takeMemory();
        if (memory != null) {
            memory.release();
            if (round.appends == 0) {
                // A proof: whoever writes one has just become quiet.
                memory.close();
            } else {
                keep(memory);
            }
        }
    }

    private void keep(RoundMemory memory) {
        for (int i = 0; i < MOST_SPARE && life.isOpen(); i++) {
            if (spareMemory.compareAndSet(i, null, memory)) {
                if (!life.isOpen()) {
                    // Closing may have looked into the slot before.
                    becomeQuiet();
                }
                return;
            }
        }
        memory.close();
    }

    /** Nothing comes for a while: the memory kept for the next round goes back to the pool. */
    void becomeQuiet() {
        for (int i = 0; i < MOST_SPARE; i++) {
            RoundMemory memory = spareMemory.getAndSet(i, null);
            if (memory != null) {
                memory.close();
            }
        }
        Slab slab = spareSlab.getAndSet(null);
        if (slab != null) {
            drop(slab);
        }
    }

    /**
     * The slab for a large frame, which belongs to the caller until it is {@linkplain #giveBack given back}; null where the frame is to have memory of its own.
     */
    @Nullable
    Slab takeSlab(int frameBytes) {
        if (frameBytes > Slab.MOST_FRAME_BYTES || !life.isOpen() || isMemoryShort()) {
            return null;
        }
        Slab slab = spareSlab.getAndSet(null);
        if (slab != null && slab.hasRoomFor(frameBytes)) {
            return slab;
        }
        boolean isPaid = slab != null;
        if (slab != null) {
            slab.close();
        }
        if (!isPaid && (budget.limitBytes() < SLABS_IN_BUDGET * Slab.BYTES || !budget.tryTake(Slab.BYTES))) {
            return null;
        }
        boolean isMade = false;
        try {
            slab = new Slab(allocator.directBuffer(Slab.BYTES, Slab.BYTES));
            isMade = true;
            return slab;
        } catch (OutOfMemoryError e) {
            // A frame of its own needs less, and says so if there is none for that either.
            memoryWasShortAtNanos = clock.nanos();
            wasMemoryShort = true;
            return null;
        } finally {
            if (!isMade) {
                budget.give(Slab.BYTES);
            }
        }
    }

    private boolean isMemoryShort() {
        return wasMemoryShort && clock.nanos() - memoryWasShortAtNanos < SHORT_OF_MEMORY_NANOS;
    }

    /** The next frame may be laid down behind the one that was. */
    void giveBack(Slab slab) {
        if (!spareSlab.compareAndSet(null, slab)) {
            drop(slab);
        } else if (!life.isOpen()) {
            // Closing may have looked into the slot before.
            becomeQuiet();
        }
    }

    private void drop(Slab slab) {
        slab.close();
        budget.give(Slab.BYTES);
    }

    // ---------------------------------------------------------------- frames

    /**
     * Makes sure of room for a frame, which {@link #layDown} then lays down.
     *
     * @throws OutOfMemoryError when direct memory is exhausted; nothing has changed then
     */
    void reserve(Round round, int frameBytes, int headerBytes, Payloads.Place place) {
        switch (place) {
            case IN_ROUND -> round.memory().reserve(frameBytes);
            case IN_OWN_FRAME, IN_SLAB -> round.memory().reserveForFrame();
            case WHERE_IT_IS -> round.memory().reserve(headerBytes);
        }
    }

    /** Lays a frame down behind the others of the round; a payload outside of it belongs to the round afterwards. */
    void layDown(
            FrameKind kind,
            Object payload,
            int length,
            long offset,
            int count,
            long checksum,
            @Nullable SequencedAppend sequenced,
            Payloads.Place place,
            Round round) {
        RoundMemory memory = round.memory();
        int extensionBytes = extensionBytes(sequenced);
        int headerBytes = FrameCodec.HEADER_BYTES + extensionBytes;
        int frameBytes = FrameCodec.frameBytes(length, extensionBytes);
        ByteBuffer target = switch (place) {
            case IN_OWN_FRAME -> Payloads.view((ByteBuf) payload, 0, frameBytes);
            case IN_SLAB -> ((Slab) payload).filling();
            case IN_ROUND, WHERE_IT_IS -> memory.chunk();
        };
        int at = switch (place) {
            case IN_OWN_FRAME -> target.position();
            case IN_SLAB -> ((Slab) payload).frameAt();
            case IN_ROUND, WHERE_IT_IS -> memory.at();
        };
        int payloadCrc = place == Payloads.Place.IN_ROUND
                ? copied(payload, length, checksum, target, at + headerBytes)
                : (int) checksum;
        lastTimestampMillis = nowMillis();
        FrameCodec.putHeader(
                target,
                at,
                length,
                offset,
                FrameCodec.stamp(
                        lastTimestampMillis,
                        kind,
                        sequenced == null ? FrameCodec.NO_EXTENSION : FrameCodec.PRODUCER_EXTENSION),
                count,
                payloadCrc);
        if (sequenced != null) {
            FrameCodec.putProducer(target, at, sequenced.producerId, sequenced.epoch, sequenced.firstSequence);
        }
        switch (place) {
            case IN_ROUND -> {
                FrameCodec.putPadding(target, at);
                memory.commit(frameBytes);
            }
            case IN_OWN_FRAME -> {
                FrameCodec.putPadding(target, at);
                memory.commitFrame((ByteBuf) payload, target, frameBytes);
            }
            case IN_SLAB -> {
                FrameCodec.putPadding(target, at);
                memory.commitFrame((Slab) payload, frameBytes);
            }
            case WHERE_IT_IS -> memory.commitLarge(headerBytes, (ByteBuf) payload, frameBytes);
        }
        round.grow(frameBytes);
    }

    /** How much longer the header is with what came beside the payload. */
    static int extensionBytes(@Nullable SequencedAppend sequenced) {
        return sequenced == null ? 0 : FrameCodec.PRODUCER_EXTENSION_BYTES;
    }

    /** The log's time, which never goes back. */
    long nowMillis() {
        return Math.min(FrameCodec.MAX_TIMESTAMP_MILLIS, Math.max(lastTimestampMillis, clock.millis()));
    }

    /** The time of the frame that was laid down last. */
    long lastTimestampMillis() {
        return lastTimestampMillis;
    }

    private int copied(Object payload, int length, long givenChecksum, ByteBuffer chunk, int payloadAt) {
        Payloads.copy(payload, chunk, payloadAt, length);
        int computed = FrameCodec.crcOf(chunk, payloadAt, length, scratch);
        return checked(givenChecksum, computed, length);
    }

    /** The checksum of a payload outside of the round; without the partition lock, by several threads at once. */
    int checksum(ByteBuf large) {
        CRC32C crc = takeChecksum();
        int computed = Payloads.checksum(large, crc);
        spareChecksum.set(crc);
        return computed;
    }

    /** The same for one in a slab. */
    int checksum(Slab slab, int length, int headerBytes) {
        CRC32C crc = takeChecksum();
        int computed = slab.checksum(headerBytes, length, crc);
        spareChecksum.set(crc);
        return computed;
    }

    private CRC32C takeChecksum() {
        CRC32C spare = spareChecksum.getAndSet(null);
        return spare == null ? new CRC32C() : spare;
    }

    /** The computed checksum, unless another one came with the payload. */
    int checked(long given, int computed, int length) {
        if (given != Intake.NO_CHECKSUM && given != Integer.toUnsignedLong(computed)) {
            throw new AppendRefusedException(
                    ErrorCode.CHECKSUM_MISMATCH,
                    String.format(
                            "payload does not match the checksum that came with it: partition=%s bytes=%d crcGiven=0x%08x"
                                    + " crcComputed=0x%08x",
                            id, length, given, computed));
        }
        return computed;
    }

    /** Lays down a frame that says how far the log is durable. Its time is that of the frame before. */
    void layDownProof(Round round, long offset) {
        RoundMemory memory = round.memory();
        memory.reserve(PROOF_FRAME_BYTES);
        ByteBuffer chunk = memory.chunk();
        int at = memory.at();
        chunk.put(at + FrameCodec.HEADER_BYTES, PROOF);
        FrameCodec.putHeader(
                chunk,
                at,
                PROOF.length,
                offset,
                FrameCodec.stamp(lastTimestampMillis, FrameKind.CONTROL, FrameCodec.NO_EXTENSION),
                0,
                FrameCodec.crcOf(chunk, at + FrameCodec.HEADER_BYTES, PROOF.length, scratch));
        FrameCodec.putPadding(chunk, at);
        memory.commit(PROOF_FRAME_BYTES);
        round.grow(PROOF_FRAME_BYTES);
    }
}
