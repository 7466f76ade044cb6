package dev.tidemark.wal.engine;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocatorMetric;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The direct memory in which appends are staged and pages are read ahead: one pool for all stores of a process, since an
 * allocator keeps a few chunks for good, and a process may open many stores in its life.
 *
 * <p>Few arenas, because few threads allocate at a time, and no caches for threads: appending threads are the caller's, come
 * and go, and would take what they cached with them. How much is in use is bounded by those who allocate: appends by the
 * memory budget, readers by their read-ahead.
 *
 * <p><b>Threads.</b> Any.
 */
final class BufferPool {
    private static final int ARENAS = 4;
    private static final int PAGE_BYTES = 8 << 10;
    /** Chunks of 8 KiB × 2⁹ = 4 MiB; what is larger is not pooled. */
    private static final int CHUNK_ORDER = 9;

    private static final AtomicLong MOST_USED_BYTES = new AtomicLong();

    /** Made when the first store is opened. */
    private static final class Holder {
        static final PooledByteBufAllocator POOL =
                new PooledByteBufAllocator(true, 0, ARENAS, PAGE_BYTES, CHUNK_ORDER, 0, 0, false, 0);
    }

    private BufferPool() {}

    static ByteBufAllocator allocator() {
        return Holder.POOL;
    }

    /** Bytes in buffers that were not released. Reading it walks the pool's chunks. */
    static long usedBytes() {
        // Not the arenas' "active" bytes: those count a chunk as a whole while anything in it is used.
        long used = Holder.POOL.pinnedDirectMemory();
        MOST_USED_BYTES.accumulateAndGet(used, Math::max);
        return used;
    }

    /** The most that a call of {@link #usedBytes} has found. */
    static long mostUsedBytes() {
        usedBytes();
        return MOST_USED_BYTES.get();
    }

    /** Bytes the pool holds, used or not. */
    static long reservedBytes() {
        return metric().usedDirectMemory();
    }

    private static PooledByteBufAllocatorMetric metric() {
        return Holder.POOL.metric();
    }
}
