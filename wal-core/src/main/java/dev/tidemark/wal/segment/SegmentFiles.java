package dev.tidemark.wal.segment;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open segment files of a store, of which about {@code maxOpen} are kept open, the ones used most and last.
 *
 * <p>Whoever needs a file takes it with {@link #acquire} for the time of one operation and releases it; a writer keeps it while it has
 * unforced bytes. A file in use is never closed. So the bound is soft in one direction only: when more than {@code maxOpen} files are in
 * use at the same moment, those above it are open too, and are closed as soon as they are released. When the operating system
 * has no descriptor left, idle files are closed and the opening is tried once more.
 *
 * <p><b>Threads.</b> Any. The cache does its upkeep in the calling threads; files are closed outside of its locks.
 *
 * <p><b>Ordering.</b> The cache owns one reference of every file it holds, given back after the file has left the cache. Whoever finds a
 * file there and cannot retain it came too late, and looks again. {@code closed} is set before the cache is emptied and read after a file
 * was put into it, so one of the two threads sees the other: nothing stays behind in a closed cache.
 *
 * <p><b>Crash.</b> Nothing here is stored, and nothing is forced.
 */
public final class SegmentFiles implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SegmentFiles.class);

    /** How many of the least used files are looked at when one has to be closed ahead of its time. */
    private static final int COLDEST_LOOKED_AT = 64;

    private final Disk disk;
    private final int maxOpen;
    private final Disk.Access access;
    private final Cache<Segment, OpenSegment> cache;
    private final Queue<OpenSegment> dropped = new ConcurrentLinkedQueue<>();
    private final AtomicInteger openFiles = new AtomicInteger();
    private volatile boolean closed;

    /**
     * For one store.
     *
     * @param maxOpen how many files may stay open that nobody uses at the moment
     * @param readOnly whether files are opened for reading only
     */
    public SegmentFiles(Disk disk, int maxOpen, boolean readOnly) {
        if (maxOpen < 1) {
            throw new IllegalArgumentException("at least one file must be open: maxOpen=" + maxOpen);
        }
        this.disk = disk;
        this.maxOpen = maxOpen;
        this.access = readOnly ? Disk.Access.READ : Disk.Access.READ_WRITE;
        // The default executor is a pool of the whole JVM, in which others' tasks may keep our files open for long. A
        // listener runs under a lock of the cache: it only notes what is to be closed.
        this.cache = Caffeine.newBuilder()
                .maximumSize(maxOpen)
                .executor(Runnable::run)
                .removalListener(this::drop)
                .build();
    }

    /**
     * The open file of a segment, retained: the caller releases it. Afterwards the segment's header is known.
     *
     * @param segment retained by the caller, so that its file is there
     * @param owner to whom the segment must belong, if its header was not read before
     * @throws DamageException if the file is not the segment that its name says
     * @throws UnavailableException if a newer version wrote it, or after {@link #close}
     */
    public OpenSegment acquire(Segment segment, SegmentOwner owner) throws IOException {
        OpenSegment known = retainCached(segment);
        return known != null ? known : keep(opened(segment, owner));
    }

    /** As {@link #acquire(Segment, SegmentOwner)}, for a segment whose header is known. */
    public OpenSegment acquire(Segment segment) throws IOException {
        OpenSegment known = retainCached(segment);
        return known != null ? known : keep(opened(segment, null));
    }

    /** Takes over a file that the caller has opened for reading and writing, in place of one that is open already; returned retained. */
    public OpenSegment adopt(Segment segment, DiskFile alreadyOpen) {
        makeRoom();
        openFiles.incrementAndGet();
        OpenSegment adopted = new OpenSegment(this, segment, alreadyOpen);
        retainForCache(adopted);
        cache.asMap().put(segment, adopted);
        afterPut(segment);
        return adopted;
    }

    /** Lets go of a segment's file, if it is open: it is closed as soon as nobody uses it. */
    public void forget(Segment segment) {
        cache.invalidate(segment);
        releaseDropped();
    }

    /** Closes some of the files that nobody uses, the coldest; says whether there were any. For who needs a descriptor and has none. */
    public boolean closeIdle() {
        return releaseIdle(COLDEST_LOOKED_AT) > 0;
    }

    /** How many files are open at the moment, in use or not. */
    public int openFiles() {
        return openFiles.get();
    }

    /** Opens nothing any more. Files in use are closed when they are released. Closing twice does nothing. */
    @Override
    public void close() {
        closed = true;
        cache.invalidateAll();
        releaseDropped();
    }

    private void drop(@Nullable Segment segment, @Nullable OpenSegment file, RemovalCause cause) {
        if (file != null) {
            dropped.add(file);
        }
    }

    private @Nullable OpenSegment retainCached(Segment segment) {
        while (true) {
            OpenSegment known = cache.getIfPresent(segment);
            if (known == null || known.tryRetain()) {
                // A lookup may have done the upkeep that an earlier opening left undone.
                releaseDropped();
                return known;
            }
        }
    }

    /** Shares a file that was just opened; or takes the one that another thread has opened at the same time. */
    private OpenSegment keep(OpenSegment fresh) {
        Segment segment = fresh.segment();
        while (true) {
            retainForCache(fresh);
            OpenSegment present = cache.asMap().putIfAbsent(segment, fresh);
            if (present == null) {
                afterPut(segment);
                return fresh;
            }
            fresh.release();
            if (present.tryRetain()) {
                fresh.release();
                return present;
            }
        }
    }

    private static void retainForCache(OpenSegment file) {
        if (!file.tryRetain()) {
            throw new IllegalStateException("file is closed already: file=" + file.segment());
        }
    }

    private void afterPut(Segment segment) {
        if (closed) {
            cache.invalidate(segment);
        }
        releaseDropped();
    }

    private OpenSegment opened(Segment segment, @Nullable SegmentOwner owner) throws IOException {
        if (closed) {
            throw new UnavailableException(ErrorCode.STORE_CLOSED, "store is closed: file=" + segment.displayName());
        }
        DiskFile file = openFile(segment);
        openFiles.incrementAndGet();
        OpenSegment opened = new OpenSegment(this, segment, file);
        boolean isGood = false;
        try {
            if (owner != null) {
                segment.load(file, owner);
            } else if (!segment.isLoaded()) {
                throw new IllegalStateException("the owner of an unknown segment must be told: file=" + segment);
            }
            isGood = true;
            return opened;
        } finally {
            if (!isGood) {
                opened.release();
            }
        }
    }

    private DiskFile openFile(Segment segment) throws IOException {
        makeRoom();
        try {
            return openWhereItLies(segment);
        } catch (IOException e) {
            if (!DiskErrors.isTooManyOpenFiles(e)) {
                throw e;
            }
            // Also when there is none to close: another thread in the same need may just have closed them all.
            closeIdle();
            return openWhereItLies(segment);
        }
    }

    /** The partition may be deleted meanwhile: then the file moves, and another partition may get the old name afterwards. */
    private DiskFile openWhereItLies(Segment segment) throws IOException {
        Path path = segment.path();
        try {
            DiskFile file = disk.open(path, access);
            if (segment.path().equals(path)) {
                // Nobody was told of another place yet, so the name was still this one's; or it is the new place.
                return file;
            }
            file.close();
        } catch (NoSuchFileException e) {
            Optional<Path> before = segment.pathBefore();
            if (before.isEmpty()) {
                throw e;
            }
        }
        return openMoved(segment);
    }

    /** The name changes once: who finds it at neither place has looked at the old one too late, or else it is gone. */
    private DiskFile openMoved(Segment segment) throws IOException {
        try {
            return disk.open(segment.path(), access);
        } catch (NoSuchFileException notYet) {
            try {
                DiskFile file = disk.open(segment.pathBefore().orElseThrow(() -> notYet), access);
                if (!disk.exists(segment.path())) {
                    // Not renamed yet, so the old name was not another's.
                    return file;
                }
                file.close();
            } catch (NoSuchFileException renamedMeanwhile) {
                return disk.open(segment.path(), access);
            }
            return disk.open(segment.path(), access);
        }
    }

    /** The cache counts its own files; those it has let go of while they were in use count as well. */
    private void makeRoom() {
        int tooMany = openFiles.get() + 1 - maxOpen;
        if (tooMany > 0) {
            releaseIdle(tooMany);
        }
    }

    /** Closes up to so many files that nobody uses, coldest first. Returns how many left the cache. */
    private int releaseIdle(int wanted) {
        Policy.Eviction<Segment, OpenSegment> eviction =
                cache.policy().eviction().orElseThrow();
        int released = 0;
        for (OpenSegment file : eviction.coldest(COLDEST_LOOKED_AT).values()) {
            if (released < wanted && file.isIdle() && cache.asMap().remove(file.segment(), file)) {
                released++;
            }
        }
        releaseDropped();
        return released;
    }

    private void releaseDropped() {
        OpenSegment file;
        while ((file = dropped.poll()) != null) {
            file.release();
        }
    }

    /** By the last release. */
    void closeFile(OpenSegment unused) {
        openFiles.decrementAndGet();
        if (unused.segment().isSealed()) {
            // So the memory of indexes is bounded together with the files: a store has any number of sealed segments.
            unused.segment().index().unload();
        }
        try {
            unused.file().close();
        } catch (IOException e) {
            // Nothing was left to force, so nothing is lost; the descriptor is gone in any case.
            LOG.warn("file did not close: file={}", unused.segment().displayName(), e);
        }
    }
}
