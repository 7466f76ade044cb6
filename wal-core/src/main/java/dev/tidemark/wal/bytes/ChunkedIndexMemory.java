package dev.tidemark.wal.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * {@link IndexMemory} over chunks of memory from one of the two libraries. Each chunk is twice as large as the one before, so that
 * a thousand idle partitions take little and a busy one needs few chunks. Ordering, bounds and life are settled here, once for both.
 *
 * <p><b>Threads, Ordering, Crash.</b> As {@link IndexMemory} says.
 */
final class ChunkedIndexMemory implements IndexMemory {

    /** Memory of a fixed number of longs. Callers stay inside; the implementation need not check. */
    interface Chunk {
        void set(int index, long value);

        long get(int index);

        /** Called once, when nobody reads any more. */
        void free();
    }

    /** Entries of the first chunk: 128 KiB of log at the usual density. */
    static final int FIRST_CHUNK_ENTRIES = 32;
    /** So that no chunk is over the 2 GiB that an int can index: the 19th has 8 Mi entries of 24 bytes. */
    static final int MAX_ENTRIES = 1 << 24;

    private static final int FIRST_CHUNK_SHIFT = Integer.numberOfTrailingZeros(FIRST_CHUNK_ENTRIES);

    private static final VarHandle SIZE;

    static {
        try {
            SIZE = MethodHandles.lookup().findVarHandle(ChunkedIndexMemory.class, "size", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int maxEntries;
    private final IntFunction<Chunk> newChunk;
    /** Only as long as it has to be; replaced by a longer one, never changed but by the writer. */
    private volatile @Nullable Chunk[] chunks = new @Nullable Chunk[1];

    private final AtomicInteger references = new AtomicInteger(1);

    /** Written by the writer with release, read by readers with acquire: only through {@link #SIZE}. */
    @SuppressWarnings("unused")
    private int size;

    /** Where appending ends: {@link #maxEntries}, or earlier when there was no more memory. The writer's own. */
    private int limit;

    private volatile long memoryBytes;

    /** @param newChunk gives memory for so many longs */
    ChunkedIndexMemory(int maxEntries, IntFunction<Chunk> newChunk) {
        if (maxEntries < 0 || maxEntries > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    "entries of an index must be 0 to " + MAX_ENTRIES + ": maxEntries=" + maxEntries);
        }
        this.maxEntries = maxEntries;
        this.limit = maxEntries;
        this.newChunk = newChunk;
    }

    @Override
    public boolean append(long first, long second, long third) {
        requireAlive();
        int entry = (int) SIZE.get(this);
        if (entry == limit) {
            return false;
        }
        Chunk chunk = chunkFor(entry);
        if (chunk == null) {
            limit = entry;
            return false;
        }
        int at = indexInChunk(entry);
        chunk.set(at, first);
        chunk.set(at + 1, second);
        chunk.set(at + 2, third);
        SIZE.setRelease(this, entry + 1);
        return true;
    }

    @Override
    public int size() {
        return (int) SIZE.getAcquire(this);
    }

    @Override
    public long get(int entry, int column) {
        Objects.checkIndex(entry, size());
        Objects.checkIndex(column, COLUMNS);
        requireAlive();
        @Nullable Chunk[] made = chunks;
        int number = chunkOf(entry);
        Chunk chunk = number < made.length ? made[number] : null;
        if (chunk == null) {
            throw new IllegalStateException("entry was published without its memory: entry=" + entry);
        }
        return chunk.get(indexInChunk(entry) + column);
    }

    @Override
    public boolean tryRetain() {
        int seen = references.get();
        while (seen > 0) {
            int found = references.compareAndExchange(seen, seen + 1);
            if (found == seen) {
                return true;
            }
            seen = found;
        }
        return false;
    }

    @Override
    public void release() {
        int seen = references.get();
        while (seen > 0) {
            int found = references.compareAndExchange(seen, seen - 1);
            if (found == seen) {
                if (seen == 1) {
                    free();
                }
                return;
            }
            seen = found;
        }
        throw new IllegalStateException("index memory was released more often than retained");
    }

    @Override
    public long memoryBytes() {
        return memoryBytes;
    }

    /** Called by the one thread that took the count to zero; the others gave their references back before that. */
    private void free() {
        @Nullable Chunk[] all = chunks;
        chunks = new @Nullable Chunk[0];
        for (Chunk chunk : all) {
            if (chunk != null) {
                chunk.free();
            }
        }
        memoryBytes = 0;
    }

    /** The chunk an entry belongs to, made when it is the first in it; null when there is no memory for it. */
    private @Nullable Chunk chunkFor(int entry) {
        int number = chunkOf(entry);
        @Nullable Chunk[] made = chunks;
        Chunk present = number < made.length ? made[number] : null;
        if (present != null) {
            return present;
        }
        int longs = Math.min(FIRST_CHUNK_ENTRIES << number, maxEntries - firstEntryOf(number)) * COLUMNS;
        Chunk added;
        try {
            added = newChunk.apply(longs);
        } catch (OutOfMemoryError noMemory) {
            // Of the direct memory, as a rule, which has its own bound; the heap is not in question. Not tried again:
            // before it gives up,
            // the JDK has the collector run and waits, and that would come back with every frame.
            return null;
        }
        if (number >= made.length) {
            made = Arrays.copyOf(made, number + 1);
        }
        made[number] = added;
        // A reader that has seen an entry finds its chunk: in this array, or in a later one.
        chunks = made;
        memoryBytes = (long) (firstEntryOf(number) * COLUMNS + longs) * Long.BYTES;
        return added;
    }

    private void requireAlive() {
        if (references.get() == 0) {
            throw new IllegalStateException("index memory is used after its last release");
        }
    }

    private static int chunkOf(int entry) {
        return 31 - Integer.numberOfLeadingZeros((entry >>> FIRST_CHUNK_SHIFT) + 1);
    }

    private static int firstEntryOf(int chunk) {
        return ((1 << chunk) - 1) << FIRST_CHUNK_SHIFT;
    }

    private static int indexInChunk(int entry) {
        return (entry - firstEntryOf(chunkOf(entry))) * COLUMNS;
    }
}
