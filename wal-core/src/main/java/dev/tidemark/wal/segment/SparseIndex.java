package dev.tidemark.wal.segment;

import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.IndexHeader;
import dev.tidemark.wal.format.SegmentHeader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where in one segment's file to begin looking for an offset or a time: an entry for the first frame of about every 4 KiB of log. It
 * answers with a place at or before the one asked for; the reader walks on from there.
 *
 * <p>It has two parts that never overlap. The <em>written</em> part is what this process appended, added frame by frame. The
 * <em>loaded</em> part is what was in the segment before: read from the {@code .idx} file or from the frames' headers when somebody needs it first
 * ({@link IndexLoader}), and dropped when it turns out not to fit the frames. A segment that this process began has no loaded part, and one
 * that it has never written to no written part. Both are given back when nobody has had a sealed segment's file open for a while.
 *
 * <p><b>Threads.</b> One writer adds and cuts. Any thread that has retained the segment looks up.
 *
 * <p><b>Ordering.</b> Entries are never changed. {@link IndexMemory} publishes each with a release store of its size; a part is published, exchanged
 * (by a cut) or withdrawn by one volatile store, after which its reference is given back. A reader retains a part before it looks, and looks
 * again for the part if it came too late. A reader asks only for offsets below the end that it has loaded, and times it limits by that end; entries
 * at or above it may come and go beside it, and it never picks one of them. The writer adds a frame before it publishes the end that
 * covers it.
 *
 * <p><b>Crash.</b> Nothing here is stored; the {@code .idx} file can always be rebuilt.
 */
public final class SparseIndex {

    /** Said by lookups when there is nothing near: the first frame of a segment. */
    public static final long FIRST_FRAME = SegmentHeader.BYTES;

    /** Beyond that many, lookups begin at the last entry and walk. */
    static final int MAX_ENTRIES = IndexHeader.MAX_ENTRIES;

    static final int DEFAULT_INTERVAL_BYTES = 4 << 10;

    static final int OFFSET = 0;
    static final int POSITION = 1;
    static final int TIME = 2;

    private static final VarHandle LOADING;

    static {
        try {
            LOADING = MethodHandles.lookup().findVarHandle(SparseIndex.class, "loading", Semaphore.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final IntFunction<IndexMemory> newMemory;
    private final AtomicReference<@Nullable IndexMemory> written = new AtomicReference<>();
    private final AtomicReference<@Nullable IndexMemory> loaded = new AtomicReference<>();

    /** Whoever has it reads or builds the loaded part. Null until somebody wants to; then this one for good. */
    private volatile @Nullable Semaphore loading;

    // The writer's own.
    private int intervalBytes = DEFAULT_INTERVAL_BYTES;
    private long lastPosition;

    /** Empty, with an entry every 4 KiB. */
    public SparseIndex() {
        this(maxEntries -> BytesChoice.current().newIndexMemory(maxEntries));
    }

    /** Empty, in memory of this kind. */
    SparseIndex(IntFunction<IndexMemory> newMemory) {
        this.newMemory = newMemory;
    }

    /** How much log lies between two entries that the writer adds. */
    public void keepEvery(int newIntervalBytes) {
        intervalBytes = newIntervalBytes;
    }

    // ---------------------------------------------------------------- by the writer

    /** Takes note of the next frame. Called for each, in order; keeps the first one of every interval. */
    public void add(long offset, long filePosition, long timestampMillis) {
        assert filePosition >= FIRST_FRAME : filePosition;
        IndexMemory part = written.get();
        if (part == null) {
            // The first frame is always kept: it tells where the written part begins. So without memory for it there is
            // no such part
            // yet, and the next frame tries again.
            IndexMemory begun = newMemory.apply(MAX_ENTRIES);
            if (begun.append(offset, filePosition, timestampMillis)) {
                lastPosition = filePosition;
                written.set(begun);
            } else {
                begun.release();
            }
        } else if (filePosition - lastPosition >= intervalBytes) {
            // A full index, or no memory for more, is no error: lookups walk from its last entry.
            part.append(offset, filePosition, timestampMillis);
            lastPosition = filePosition;
        }
    }

    /**
     * Forgets the frames from this offset on, which a refused write has taken back. Readers never look that high, so nobody waits; the
     * entries that stay are copied, because those that a reader sees are never changed.
     */
    public void cutTo(long endOffset) {
        IndexMemory part = written.get();
        if (part == null || part.get(part.size() - 1, OFFSET) < endOffset) {
            return;
        }
        IndexMemory kept = newMemory.apply(MAX_ENTRIES);
        for (int i = 0; i < part.size() && part.get(i, OFFSET) < endOffset; i++) {
            if (!kept.append(part.get(i, OFFSET), part.get(i, POSITION), part.get(i, TIME))) {
                break;
            }
            lastPosition = part.get(i, POSITION);
        }
        if (kept.size() == 0) {
            kept.release();
            written.set(null);
        } else {
            written.set(kept);
        }
        part.release();
    }

    // ---------------------------------------------------------------- by readers

    /**
     * Where a frame begins, and the offset that it has to have: a frame that stands there with another one is not what was indexed.
     *
     * @param filePosition {@link #FIRST_FRAME} also when there is nothing near
     * @param offset not known, and {@link FrameCodec#ANY_OFFSET}, when there is nothing near
     */
    public record Place(long filePosition, long offset) {
        private static final Place FIRST = new Place(FIRST_FRAME, FrameCodec.ANY_OFFSET);
    }

    /** A place at or before the frame that holds {@code offset}, which is in this segment and below the end that the caller has loaded. */
    public Place floor(long offset) {
        return floor(offset, Long.MAX_VALUE);
    }

    /** As {@link #floor(long)}, for who tests the frames there in another way. */
    public long floorPosition(long offset) {
        return floor(offset).filePosition();
    }

    /**
     * A place at or before the first frame whose timestamp is {@code millis} or later; if there is none below {@code belowOffset}, at or
     * before that offset.
     *
     * @param belowOffset the end that the caller has loaded: frames from there on do not count
     */
    public Place floorByTime(long millis, long belowOffset) {
        return floor(belowOffset - 1, millis);
    }

    /** Whether the place that {@link #floor(long)} tells is near, as far as an index can say. */
    public boolean isNear(long offset) {
        return isNear(offset, Long.MAX_VALUE);
    }

    /** Whether the place that {@link #floorByTime} tells is near, as far as an index can say. */
    public boolean isNearByTime(long millis, long belowOffset) {
        return isNear(belowOffset - 1, millis);
    }

    private Place floor(long offset, long beforeMillis) {
        Place found = floorOf(written, offset, beforeMillis);
        if (found.equals(Place.FIRST)) {
            found = floorOf(loaded, offset, beforeMillis);
        }
        return found;
    }

    private boolean isNear(long offset, long beforeMillis) {
        IndexMemory part = retain(written);
        if (part != null) {
            try {
                if (part.get(0, POSITION) == FIRST_FRAME || isAtOrBefore(part, 0, offset, beforeMillis)) {
                    return true;
                }
            } finally {
                part.release();
            }
        }
        return loaded.get() != null;
    }

    /** The last entry at or before. */
    private static Place floorOf(AtomicReference<@Nullable IndexMemory> reference, long offset, long beforeMillis) {
        IndexMemory part = retain(reference);
        if (part == null) {
            return Place.FIRST;
        }
        try {
            int low = 0;
            int high = part.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (isAtOrBefore(part, middle, offset, beforeMillis)) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low == 0 ? Place.FIRST : new Place(part.get(low - 1, POSITION), part.get(low - 1, OFFSET));
        } finally {
            part.release();
        }
    }

    private static boolean isAtOrBefore(IndexMemory part, int entry, long offset, long beforeMillis) {
        return part.get(entry, OFFSET) <= offset && part.get(entry, TIME) < beforeMillis;
    }

    private static @Nullable IndexMemory retain(AtomicReference<@Nullable IndexMemory> reference) {
        while (true) {
            IndexMemory part = reference.get();
            if (part == null || part.tryRetain()) {
                return part;
            }
        }
    }

    // ---------------------------------------------------------------- by the loader

    /** Waits a moment for the right to load. */
    boolean tryBeginLoading(long waitMillis) throws InterruptedException {
        if (loading == null) {
            LOADING.compareAndSet(this, null, new Semaphore(1));
        }
        return Objects.requireNonNull(loading).tryAcquire(waitMillis, TimeUnit.MILLISECONDS);
    }

    void endLoading() {
        Objects.requireNonNull(loading).release();
    }

    IndexMemory newPart() {
        return newMemory.apply(MAX_ENTRIES);
    }

    /** Publishes the loaded part, which belongs to this object from now on. By the one who loads. */
    void publishLoaded(IndexMemory part) {
        IndexMemory before = loaded.getAndSet(part);
        if (before != null) {
            before.release();
        }
    }

    boolean isLoaded() {
        return loaded.get() != null;
    }

    /** The loaded part does not fit the frames. */
    void dropLoaded() {
        drop(loaded);
    }

    /** Where the written part begins, or -1 if there is none: the loaded part ends there. */
    long writtenFrom() {
        IndexMemory part = retain(written);
        if (part == null) {
            return -1;
        }
        try {
            return part.get(0, POSITION);
        } finally {
            part.release();
        }
    }

    /** Takes everything there is, from the first frame on, to a visitor; false, without calling it, when something is missing. */
    boolean visitAll(Visitor visitor) {
        IndexMemory first = retain(loaded);
        IndexMemory second = retain(written);
        try {
            boolean isWhole = startsAtFirstFrame(first) || startsAtFirstFrame(second);
            if (isWhole) {
                visit(first, visitor);
                visit(second, visitor);
            }
            return isWhole;
        } finally {
            release(first);
            release(second);
        }
    }

    private static boolean startsAtFirstFrame(@Nullable IndexMemory part) {
        return part != null && part.size() > 0 && part.get(0, POSITION) == FIRST_FRAME;
    }

    private static void visit(@Nullable IndexMemory part, Visitor visitor) {
        if (part != null) {
            int size = part.size();
            for (int i = 0; i < size; i++) {
                visitor.entry(part.get(i, OFFSET), part.get(i, POSITION), part.get(i, TIME));
            }
        }
    }

    /** Sees one entry after the other. */
    interface Visitor {
        void entry(long offset, long filePosition, long timestampMillis);
    }

    // ---------------------------------------------------------------- life

    /** Entries at present, for tests and people. */
    public int size() {
        IndexMemory[] parts = {retain(loaded), retain(written)};
        int size = 0;
        for (IndexMemory part : parts) {
            size += part == null ? 0 : part.size();
            release(part);
        }
        return size;
    }

    /**
     * Gives the memory back. Called for a sealed segment that nobody has open any more (whoever needs it later loads it again), and when
     * the segment itself goes.
     */
    void unload() {
        drop(loaded);
        drop(written);
    }

    private static void drop(AtomicReference<@Nullable IndexMemory> reference) {
        release(reference.getAndSet(null));
    }

    private static void release(@Nullable IndexMemory part) {
        if (part != null) {
            part.release();
        }
    }
}
