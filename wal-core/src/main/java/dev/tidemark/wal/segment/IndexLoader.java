package dev.tidemark.wal.segment;

import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.io.Disk;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Provides the part of an index that this process did not write: from the {@code .idx} file if there is a good one, else from the headers of the
 * frames. Opening a store reads no index, so this happens when a reader needs it first.
 *
 * <p><b>Threads.</b> Any. For each segment one thread loads; the others wait for it, but not for long: a reader gets along without an index.
 *
 * <p><b>Ordering.</b> The caller has loaded an end before. If this process writes to the segment and that end covers what it wrote, then its
 * first entry is there already, and the loaded part stops in front of it. So the two parts never overlap.
 *
 * <p><b>Crash.</b> See {@link IndexFile}.
 */
public final class IndexLoader {

    private static final Logger LOG = LoggerFactory.getLogger(IndexLoader.class);

    private static final int WALK_READ_BYTES = 256 << 10;
    private static final long WAIT_MILLIS = 2_000;

    private final Disk disk;
    private final SegmentFiles files;
    private final ByteBufAllocator memory;
    private final int intervalBytes;
    private final boolean mayWrite;

    /**
     * For one store.
     *
     * @param memory where buffers come from
     * @param intervalBytes how much log lies between two entries that are made from frames
     * @param readOnly whether no file may be written
     */
    public IndexLoader(Disk disk, SegmentFiles files, ByteBufAllocator memory, int intervalBytes, boolean readOnly) {
        this.disk = disk;
        this.files = files;
        this.memory = memory;
        this.intervalBytes = intervalBytes;
        this.mayWrite = !readOnly;
    }

    /**
     * Loads what is missing in the index of a segment. Afterwards lookups are near, unless another thread is still loading, or frames are
     * damaged; then a lookup begins at the last entry before.
     *
     * @param segment retained by the caller
     * @param belowOffset the end that the caller has loaded
     * @throws IOException if the segment cannot be read; an index that cannot be read is made again
     */
    public void load(Segment segment, SegmentOwner owner, long belowOffset) throws IOException {
        load(segment, owner, belowOffset, true);
    }

    /** The loaded part does not fit the frames: makes it again, from them. */
    public void reload(Segment segment, SegmentOwner owner, long belowOffset) throws IOException {
        segment.index().dropLoaded();
        load(segment, owner, belowOffset, false);
    }

    /**
     * Writes the {@code .idx} file of a segment that has just been sealed. Without one it is made when somebody needs it, so a failure is noted
     * and nothing else.
     *
     * @param endPosition where the frames of the segment end
     */
    public void write(Segment segment, long endPosition) {
        if (!mayWrite) {
            return;
        }
        try {
            write(segment, endPosition, memory.directBuffer(IndexFile.CHUNK_BYTES, IndexFile.CHUNK_BYTES));
        } catch (IOException | OutOfMemoryError e) {
            // No room, or no memory off the heap: whoever rotates must not stop because of a file that nobody needs.
            LOG.info("index was not written, it will be made when it is needed: segment={}", segment.displayName(), e);
        }
    }

    private void write(Segment segment, long endPosition, ByteBuf chunk) throws IOException {
        try {
            IndexFile.write(disk, segment, endPosition, intervalBytes, chunk.nioBuffer(0, IndexFile.CHUNK_BYTES));
        } finally {
            chunk.release();
        }
    }

    private void load(Segment segment, SegmentOwner owner, long belowOffset, boolean isFileTrusted) throws IOException {
        SparseIndex index = segment.index();
        boolean mayLoad = false;
        try {
            mayLoad = index.tryBeginLoading(WAIT_MILLIS);
        } catch (InterruptedException e) {
            // Reading is not ended by an interrupt; it goes on without an index.
            Thread.currentThread().interrupt();
        }
        if (!mayLoad) {
            return;
        }
        try {
            if (index.isLoaded()) {
                return;
            }
            // For the header, which says what the file must be; and the memory stays at least as long as the file is
            // open.
            OpenSegment open = files.acquire(segment, owner);
            try {
                if (!isFileTrusted || !readFile(segment)) {
                    walk(segment, owner, belowOffset);
                }
            } finally {
                open.release();
            }
        } finally {
            index.endLoading();
        }
    }

    private boolean readFile(Segment segment) {
        if (!segment.isSealed()) {
            return false;
        }
        IndexMemory part = segment.index().newPart();
        ByteBuf chunk = memory.directBuffer(IndexFile.CHUNK_BYTES, IndexFile.CHUNK_BYTES);
        boolean isGood = false;
        try {
            isGood = IndexFile.read(disk, segment, part, chunk.nioBuffer(0, IndexFile.CHUNK_BYTES));
        } catch (IOException e) {
            LOG.info("index cannot be read and is made again: segment={}", segment.displayName(), e);
        } finally {
            chunk.release();
            if (isGood) {
                segment.index().publishLoaded(part);
            } else {
                part.release();
            }
        }
        return isGood;
    }

    /** From frame to frame by their headers, up to what this process wrote itself, or to the end. */
    private void walk(Segment segment, SegmentOwner owner, long belowOffset) throws IOException {
        SparseIndex index = segment.index();
        long writtenFrom = index.writtenFrom();
        long endPosition = writtenFrom < 0 ? Long.MAX_VALUE : writtenFrom;
        long endOffset = segment.isSealed() ? segment.endOffset() : belowOffset;
        IndexMemory part = index.newPart();
        boolean isPublished = false;
        try (FrameWindow window = new FrameWindow(files, memory, WALK_READ_BYTES)) {
            window.enter(segment, owner);
            long position = SparseIndex.FIRST_FRAME;
            long offset = segment.baseOffset();
            long kept = -1;
            // A frame that is not good ends the index; the reader who comes there says what is wrong.
            while (position < endPosition
                    && offset < endOffset
                    && window.header(position, offset).isValid()) {
                if (kept < 0 || position - kept >= intervalBytes) {
                    part.append(offset, position, window.timestampMillis());
                    kept = position;
                }
                offset = window.endOffset();
                position = window.nextPosition();
            }
            index.publishLoaded(part);
            isPublished = true;
            if (segment.isSealed() && writtenFrom < 0 && offset >= endOffset) {
                write(segment, position);
            }
        } finally {
            if (!isPublished) {
                part.release();
            }
        }
    }
}
