package dev.tidemark.wal.engine;

import dev.tidemark.wal.io.Timers;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The direct memory of one store: small buffers come from the pool, large ones are kept when they are given back, and used again.
 *
 * <p>The pool alone would make a chunk for every few large appends and drop it again, with thousands of bytes of heap for each; and a
 * buffer's own object for every one.
 *
 * <p>What is kept is bounded, counts as used memory of the pool, and goes back to it when no large buffer was wanted for a while
 * and when the store is closed. A buffer that is in use by then goes back when it is given back.
 *
 * <p><b>Threads.</b> Any. A timer is armed while something is kept, so a store at rest has none.
 *
 * <p><b>Ordering.</b> A buffer is in one place at a time: with its user, or in a slot from which one compare-and-set takes it. Whoever
 * puts one into a slot looks afterwards whether the store was closed; closing says so first and looks into the slots afterwards.
 */
final class KeptBuffers extends AbstractByteBufAllocator implements AutoCloseable {
    /** Buffers up to this size are left to the pool, and to the rounds that keep them. */
    static final int SMALL_BYTES = 64 << 10;

    /** So much is kept at most. Large frames are held until they are written, so this is some rounds of them. */
    private static final long MOST_KEPT_BYTES = 64L << 20;

    /** Kept buffers have one of so many sizes between a power of two and the next; so a quarter of one is wasted at most. */
    private static final int SIZES_PER_DOUBLING = 4;

    private static final int SLOTS = 256;

    /** After so long without use, or up to twice as long, everything goes back. */
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ByteBufAllocator pool;
    private final Timers timers;
    private final long limitBytes;
    private final AtomicReferenceArray<@Nullable Kept> slots = new AtomicReferenceArray<>(SLOTS);
    private final AtomicLong keptBytes = new AtomicLong();
    private final AtomicBoolean isArmed = new AtomicBoolean();
    private final AtomicLong uses = new AtomicLong();
    private volatile long usesSeen;
    private volatile Timers.@Nullable Cancellable timer;
    private volatile boolean isClosed;

    /**
     * Keeps nothing before the first large buffer was given back.
     *
     * @param queueBytes how much appends may hold: not more than that is kept beside it
     */
    KeptBuffers(ByteBufAllocator pool, long queueBytes, Timers timers) {
        super(true);
        this.pool = pool;
        this.limitBytes = Math.min(MOST_KEPT_BYTES, queueBytes);
        this.timers = timers;
    }

    // ---------------------------------------------------------------- taking

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        // One that may grow would leave its memory for another.
        if (initialCapacity <= SMALL_BYTES || initialCapacity != maxCapacity) {
            return fromPool(initialCapacity, maxCapacity);
        }
        int size = sizeFor(initialCapacity);
        uses.incrementAndGet();
        Kept buffer = size > limitBytes ? null : taken(size);
        if (buffer == null) {
            buffer = new Kept(fromPool(size, size), size);
        }
        buffer.beginUse(initialCapacity);
        return buffer;
    }

    private ByteBuf fromPool(int initialCapacity, int maxCapacity) {
        try {
            return pool.directBuffer(initialCapacity, maxCapacity);
        } catch (OutOfMemoryError e) {
            if (keptBytes.get() == 0) {
                throw e;
            }
            // What is kept for later must not be why there is none now.
            giveBack();
            return pool.directBuffer(initialCapacity, maxCapacity);
        }
    }

    private static int sizeFor(int bytes) {
        int step = Integer.highestOneBit(bytes - 1) / SIZES_PER_DOUBLING;
        return (bytes + step - 1) / step * step;
    }

    private @Nullable Kept taken(int size) {
        for (int i = 0; i < SLOTS && keptBytes.get() > 0; i++) {
            Kept kept = slots.get(i);
            if (kept != null && kept.size == size && slots.compareAndSet(i, kept, null)) {
                keptBytes.addAndGet(-size);
                return kept;
            }
        }
        return null;
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return pool.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
        return true;
    }

    // ---------------------------------------------------------------- keeping

    private void keep(Kept buffer) {
        if (isClosed || !hasRoomFor(buffer)) {
            buffer.free();
            return;
        }
        for (int i = 0; i < SLOTS; i++) {
            if (slots.get(i) == null && slots.compareAndSet(i, null, buffer)) {
                arm();
                if (isClosed) {
                    close();
                }
                return;
            }
        }
        keptBytes.addAndGet(-buffer.size);
        buffer.free();
    }

    private boolean hasRoomFor(Kept buffer) {
        if (keptBytes.addAndGet(buffer.size) <= limitBytes) {
            return true;
        }
        keptBytes.addAndGet(-buffer.size);
        return false;
    }

    private void giveBack() {
        for (int i = 0; i < SLOTS; i++) {
            Kept kept = slots.getAndSet(i, null);
            if (kept != null) {
                keptBytes.addAndGet(-kept.size);
                kept.free();
            }
        }
    }

    /** Bytes that are kept and not in use. */
    long keptBytes() {
        return keptBytes.get();
    }

    private void arm() {
        if (!isArmed.get() && isArmed.compareAndSet(false, true)) {
            timer = timers.schedule(this::look, QUIET_NANOS);
        }
    }

    private void look() {
        isArmed.set(false);
        long now = uses.get();
        if (now == usesSeen || isClosed) {
            giveBack();
        }
        usesSeen = now;
        if (keptBytes.get() > 0) {
            arm();
        }
    }

    /** Everything that is kept goes back, and what is in use when it is given back. */
    @Override
    public void close() {
        isClosed = true;
        giveBack();
        Timers.Cancellable armed = timer;
        if (armed != null) {
            armed.cancel();
        }
    }

    /** A buffer over memory of the pool that goes back to its keeper when the last reference is released. */
    private final class Kept extends UnpooledDirectByteBuf {
        private final ByteBuf memory;
        private final int size;
        /** What is behind the bytes that were asked for. */
        private int unusedBytes;

        Kept(ByteBuf memory, int size) {
            super(KeptBuffers.this, memory.nioBuffer(0, size), size);
            this.memory = memory;
            this.size = size;
        }

        /** As large as was asked for, and empty. */
        void beginUse(int bytes) {
            unusedBytes = size - bytes;
            maxCapacity(bytes);
            if (refCnt() == 0) {
                resetRefCnt();
            }
            setIndex(0, 0);
        }

        @Override
        public int capacity() {
            return super.capacity() - unusedBytes;
        }

        /** Only smaller: {@code maxCapacity} is what it has. */
        @Override
        public ByteBuf capacity(int newCapacity) {
            checkNewCapacity(newCapacity);
            unusedBytes = size - newCapacity;
            setIndex(Math.min(readerIndex(), newCapacity), Math.min(writerIndex(), newCapacity));
            return this;
        }

        @Override
        protected void deallocate() {
            keep(this);
        }

        void free() {
            memory.release();
        }
    }
}
