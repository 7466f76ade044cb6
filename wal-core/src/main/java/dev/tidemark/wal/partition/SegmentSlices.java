package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.segment.FrameWindow;
import dev.tidemark.wal.segment.OpenSegment;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A range of whole frames in one segment, which is retained until the slice is closed. The file itself is in use only while it is read.
 *
 * <p><b>Threads.</b> Any. Each read retains the segment for itself, so a close beside it takes nothing away.
 *
 * <p><b>Crash.</b> Only durable frames are in it, unless it was asked for what is only written.
 */
final class SegmentSlices implements Slices {

    private static final int WALK_READ_BYTES = 256 << 10;

    private final ReadView view;
    private final Segment segment;
    private final long filePosition;
    private final int bytes;
    private final int salt;
    private final long firstOffset;
    private final long endOffset;
    private final long truncationsSeen;
    private final AtomicBoolean closed = new AtomicBoolean();

    private SegmentSlices(
            ReadView view,
            Segment segment,
            long filePosition,
            int bytes,
            long firstOffset,
            long endOffset,
            long truncationsSeen) {
        this.view = view;
        this.truncationsSeen = truncationsSeen;
        this.segment = segment;
        this.filePosition = filePosition;
        this.bytes = bytes;
        this.salt = segment.isLoaded() ? segment.salt() : 0;
        this.firstOffset = firstOffset;
        this.endOffset = endOffset;
    }

    /** See {@link dev.tidemark.wal.api.LocalPartition#slices}. */
    static Slices open(ReadView view, long from, int maxBytes, Durability visibility) {
        ReadErrors.requireReadable(visibility);
        if (maxBytes < 1) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "a slice has room for a byte at least: maxBytes=" + maxBytes);
        }
        view.readFailure().ifPresent(failure -> {
            throw failure;
        });
        if (from < view.start()) {
            throw ReadErrors.trimmed(view.id(), from, view.start());
        }
        long truncations = view.truncations().count();
        try (LogWalk walk = new LogWalk(view, visibility, WALK_READ_BYTES)) {
            walk.want(from);
            return walk.find(isOnRecordAsLost(view, from))
                    ? sliceAt(view, walk, maxBytes, visibility, truncations)
                    : emptyAt(view, from, visibility, truncations);
        }
    }

    private static Slices emptyAt(ReadView view, long from, Durability visibility, long truncations) {
        long end = view.visibleEnd(visibility);
        if (from > end) {
            throw ReadErrors.beyondEnd(view.id(), from, end);
        }
        return new SegmentSlices(view, view.pin(from), 0, 0, from, from, truncations);
    }

    /** From the frame that was found on, as many as fit. */
    private static Slices sliceAt(ReadView view, LogWalk walk, int maxBytes, Durability visibility, long truncations) {
        FrameWindow window = walk.window();
        Segment segment = walk.segment();
        long begin = window.framePosition();
        long firstOffset = window.offset();
        long end;
        long endOffset;
        do {
            end = window.nextPosition();
            endOffset = window.endOffset();
        } while (end - begin < maxBytes && isNextIn(view, segment, walk) && window.nextPosition() - begin <= maxBytes);
        if (walk.segment() != segment || !segment.tryRetain()) {
            // The walk has gone on into the next segment, and with it went its hold on this one: take it anew.
            return open(view, firstOffset, Math.toIntExact(Math.max(1, end - begin)), visibility);
        }
        return new SegmentSlices(
                view, segment, begin, Math.toIntExact(end - begin), firstOffset, endOffset, truncations);
    }

    /**
     * Whether records are on record as lost there. Their frame may have a good header, and only its payload tells: elsewhere whoever gets the slice looks at that, but he cannot know what is on
     * record.
     */
    private static boolean isOnRecordAsLost(ReadView view, long offset) {
        for (Loss loss : view.recordedLosses()) {
            if (loss.firstOffset() <= offset && offset < loss.endOffset()) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNextIn(ReadView view, Segment segment, LogWalk walk) {
        long next = walk.window().endOffset();
        walk.stepOver();
        walk.want(next);
        if (segment.isSealed() && next >= segment.endOffset()) {
            return false;
        }
        try {
            return walk.find(isOnRecordAsLost(view, next)) && walk.segment() == segment;
        } catch (DamageException e) {
            // What lies before it is good and is handed out; whoever asks for what follows is told.
            return false;
        }
    }

    @Override
    public Path file() {
        return segment.path();
    }

    @Override
    public long filePosition() {
        return filePosition;
    }

    @Override
    public int bytes() {
        return bytes;
    }

    @Override
    public int salt() {
        return salt;
    }

    @Override
    public long firstOffset() {
        return firstOffset;
    }

    @Override
    public long endOffset() {
        return endOffset;
    }

    @Override
    public int read(ByteBuffer target, int at) {
        Objects.checkFromToIndex(at, bytes, bytes);
        if (closed.get() || !segment.tryRetain()) {
            throw ReadErrors.closedHandle("slice", view.id());
        }
        int wanted = Math.min(target.remaining(), bytes - at);
        int limit = target.limit();
        try {
            OpenSegment open = view.files().acquire(segment, view.owner());
            try {
                target.limit(target.position() + wanted);
                int read = open.file().readFully(target, filePosition + at);
                requireNotTruncated();
                if (read < wanted) {
                    throw ReadErrors.shortFile(view.id(), segment, filePosition + at + read, firstOffset, endOffset);
                }
                return read;
            } finally {
                open.release();
            }
        } catch (IOException e) {
            requireNotTruncated();
            throw ReadErrors.unreadable(view.id(), segment, filePosition + at, firstOffset, e);
        } finally {
            target.limit(limit);
            segment.release();
        }
    }

    /** Behind the new end of a log the file holds something else, or nothing; what was read before that is good. */
    private void requireNotTruncated() {
        long lowest = view.truncations().lowestSince(truncationsSeen);
        if (endOffset > lowest) {
            throw ReadErrors.truncated(view.id(), endOffset, lowest);
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            segment.release();
        }
    }
}
