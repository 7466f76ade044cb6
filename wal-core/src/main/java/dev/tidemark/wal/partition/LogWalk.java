package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.segment.FrameWindow;
import dev.tidemark.wal.segment.OpenSegment;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SparseIndex;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Comparator;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Walks over a log from frame to frame, and from segment to segment, up to the visible end: what cursors and slices have in common.
 *
 * <p>It is told what is wanted: the first frame that reaches beyond an offset and is not older than a time. {@link #find} goes there, by the index and
 * then frame by frame. Frames on the way are stepped over by their headers; frames without records (proofs, snapshots, padding) are tested whole. A
 * seal is never looked at: a sealed segment says itself where it ends.
 *
 * <p><b>Threads.</b> One at a time.
 *
 * <p><b>Ordering.</b> The end is loaded before any byte is read, and a frame is looked at only if something at or behind it lies below that end. What
 * was read goes no further: when the end is reached, it is loaded anew and the bytes behind it are read anew. So bytes that the writer may
 * still be changing are never believed, not even to be zeros. See {@link ReadView} for the order in which a writer publishes.
 *
 * <p>A frame that fails a test may have been read from a segment that has been cut or replaced meanwhile. So the end and the list of segments
 * are loaded once more and the bytes read once more before it is called damage.
 *
 * <p><b>Crash.</b> Changes nothing on disk, but that an index which does not fit is written again.
 */
final class LogWalk implements AutoCloseable {

    /** Older than any frame. */
    static final long ANY_TIME = Long.MIN_VALUE;

    private static final long TO_BE_LOCATED = -1;
    private static final int SEARCH_BYTES = 256 << 10;

    private final ReadView view;
    private final Durability visibility;
    private final FrameWindow window;

    private long wanted;
    private long wantedMillis = ANY_TIME;
    /** Loaded before anything that is in the window was read. */
    private long end;

    /** Retained; null before the first one. */
    private @Nullable Segment segment;
    /** Where the next frame to be looked at begins. */
    private long position = TO_BE_LOCATED;
    /** The offset at which that frame must begin; not known where the index alone says that there is a frame. */
    private long offset;

    private boolean isOffsetKnown;
    /** While that is not known: the offset that the frame has by the index. */
    private long indexedOffset;

    private boolean isIndexDoubted;
    private boolean isDoubted;

    /** How many truncations there had been when what this walk knows was loaded. */
    private long truncationsSeen;

    /** What must be visible before {@link #find} can find more than the last time. */
    private long awaited;

    /** At the beginning of everything visible; say what is wanted before {@link #find}. */
    LogWalk(ReadView view, Durability visibility, int readAheadBytes) {
        this.view = view;
        this.visibility = visibility;
        this.window = new FrameWindow(view.files(), view.memory(), readAheadBytes);
        this.truncationsSeen = view.truncations().count();
    }

    // ---------------------------------------------------------------- where to

    /** The first frame that reaches beyond this offset. It is not below where the walk has come to. */
    void want(long newWanted) {
        wanted = newWanted;
        wantedMillis = ANY_TIME;
    }

    /** The offset that is wanted, or where the search for a time has come to. */
    long wanted() {
        return wanted;
    }

    /** After a {@link #find} that found nothing: the offset that has to become visible first. */
    long awaited() {
        return awaited;
    }

    /** The segment that holds what is wanted, if that is visible already: pinned from now on, so that trimming cannot take it away. */
    void pinWanted() {
        while (true) {
            end = view.visibleEnd(visibility);
            try {
                if (wanted < end) {
                    goTo(wanted);
                }
                return;
            } catch (DamageException e) {
                if (!wentBack()) {
                    throw e;
                }
            }
        }
    }

    /** From now on, the first frame that is not older than this. Begins in the segment in which that frame lies, or will lie. */
    void wantTime(long millis) {
        end = view.visibleEnd(visibility);
        wanted = view.start();
        wantedMillis = millis;
        while (wanted < end) {
            SegmentList segments = view.segments();
            Segment found = segments.get(indexByTime(segments, millis));
            if (found.tryRetain()) {
                pass(found);
                wanted = Math.max(view.start(), found.baseOffset());
                return;
            }
            throwFailure();
        }
    }

    // ---------------------------------------------------------------- walking

    /**
     * Goes to the wanted frame. Afterwards the {@link #window} is at that frame, whose header is good, and payload too if that was asked for.
     *
     * @return false if it is not visible yet
     * @throws InvalidCallException {@code OFFSET_TRUNCATED} when the log's end went back below what is wanted since this walk began
     */
    boolean find(boolean withPayload) {
        long began = wanted;
        while (true) {
            try {
                boolean isFound = findUndisturbed(withPayload);
                // Looked at after everything was read: as long as the count is the same, it was read from the log as it
                // was.
                if (!wentBack()) {
                    return isFound;
                }
            } catch (DamageException e) {
                view.lookWhetherChanged();
                // Behind a gap now; but the gap may be gone with what was truncated, and the walk was not behind it
                // then.
                long behind = wanted;
                wanted = e.code() == ErrorCode.RECORDS_LOST ? began : wanted;
                if (!wentBack()) {
                    wanted = behind;
                    throw e;
                }
            } catch (WalException e) {
                if (!wentBack()) {
                    throw e;
                }
            }
        }
    }

    /** Whether the log was truncated since; then everything is loaded anew, unless what is wanted lies behind the new end: that is told. */
    private boolean wentBack() {
        long count = view.truncations().count();
        if (count == truncationsSeen) {
            return false;
        }
        requireNotTruncated();
        truncationsSeen = count;
        leave();
        window.forget();
        position = TO_BE_LOCATED;
        isOffsetKnown = false;
        isDoubted = false;
        end = view.visibleEnd(visibility);
        return true;
    }

    /** Passes unless the log's end went back below what is wanted. */
    void requireNotTruncated() {
        long lowest = view.truncations().lowestSince(truncationsSeen);
        if (wanted > lowest) {
            throw ReadErrors.truncated(view.id(), wanted, lowest);
        }
    }

    /** Whether there was a truncation that {@link #find} has not looked at yet. */
    boolean isOutdated() {
        return view.truncations().count() != truncationsSeen;
    }

    private boolean findUndisturbed(boolean withPayload) {
        while (wanted < end || lookFurther()) {
            FrameVerdict verdict;
            try {
                verdict = test(withPayload);
            } catch (IOException e) {
                doubt(e);
                continue;
            }
            if (!verdict.isValid()) {
                doubt(verdict);
                continue;
            }
            isDoubted = false;
            offset = window.offset();
            isOffsetKnown = true;
            if (window.endOffset() > end) {
                // The visible end lies within the frame: whoever moves it may think in offsets, not in frames.
                if (!lookFurther()) {
                    awaited = window.endOffset() - 1;
                    return false;
                }
            } else if (isWanted()) {
                return true;
            } else {
                stepOver();
            }
        }
        awaited = wanted;
        return false;
    }

    /** Goes behind the frame that the window is at. */
    void stepOver() {
        position = window.nextPosition();
        offset = window.endOffset();
        if (wantedMillis != ANY_TIME) {
            wanted = Math.max(wanted, offset);
        }
    }

    /** At the frame that was found. */
    FrameWindow window() {
        return window;
    }

    /** The segment of the frame that was found, retained for as long as the walk is in it. */
    Segment segment() {
        Segment current = segment;
        if (current == null) {
            throw new IllegalStateException("nothing was found yet");
        }
        return current;
    }

    /** Lets go of the segment and of the memory. */
    @Override
    public void close() {
        window.close();
        leave();
    }

    /** Loads the end anew. False if what is wanted is still not visible. */
    private boolean lookFurther() {
        long now = view.visibleEnd(visibility);
        if (now == end) {
            view.look();
            now = view.visibleEnd(visibility);
        }
        if (now == end) {
            return false;
        }
        window.forget();
        end = now;
        return wanted < end;
    }

    private FrameVerdict test(boolean withPayload) throws IOException {
        Segment current = goOn();
        if (position == TO_BE_LOCATED) {
            locate(current);
        }
        FrameVerdict verdict = window.header(position, isOffsetKnown ? offset : FrameCodec.ANY_OFFSET);
        if (!verdict.isValid()) {
            return verdict;
        }
        if (window.endOffset() > reachOf(current)) {
            // A signed header that counts what is not there: a reader would leap over records, or take this for the
            // end.
            return FrameVerdict.BAD_COUNT;
        }
        if (window.endOffset() > end) {
            return verdict;
        }
        if (!isOffsetKnown && !isWhereTheIndexSays()) {
            return FrameVerdict.WRONG_OFFSET;
        }
        boolean isPayloadNeeded = window.count() == 0 || (withPayload && isWanted());
        return isPayloadNeeded ? window.payload() : verdict;
    }

    /** No frame of a segment reaches beyond this offset. What the writer has written are whole frames, and the visible end is not above. */
    private long reachOf(Segment current) {
        if (current.isSealed()) {
            return current.endOffset();
        }
        return window.endOffset() <= end ? end : view.visibleEnd(Durability.WRITTEN);
    }

    private boolean isWanted() {
        return window.count() > 0 && window.endOffset() > wanted && window.timestampMillis() >= wantedMillis;
    }

    // ---------------------------------------------------------------- from segment to segment

    private Segment goOn() {
        Segment current = segment;
        if (current == null) {
            return goTo(wanted);
        }
        boolean isBehind = isOffsetKnown && current.isSealed() && offset >= current.endOffset();
        return isBehind ? goTo(offset) : current;
    }

    private Segment goTo(long at) {
        Segment next = view.pin(at);
        if (next.isSealed() && at >= next.endOffset()) {
            DamageException gap = ReadErrors.missingAfter(view.id(), next, at);
            next.release();
            throw gap;
        }
        pass(next);
        if (at == next.baseOffset()) {
            atFirstFrame(next);
        }
        return next;
    }

    /** Leaves the present segment for this one, which is retained. */
    private void pass(Segment next) {
        leave();
        segment = next;
        window.enter(next, view.owner());
        position = TO_BE_LOCATED;
        isOffsetKnown = false;
        isIndexDoubted = false;
    }

    private void leave() {
        Segment current = segment;
        if (current != null) {
            segment = null;
            current.release();
        }
    }

    private void atFirstFrame(Segment current) {
        position = SparseIndex.FIRST_FRAME;
        offset = current.baseOffset();
        isOffsetKnown = true;
    }

    // ---------------------------------------------------------------- by the index

    private void locate(Segment current) throws IOException {
        SparseIndex index = current.index();
        boolean byTime = wantedMillis != ANY_TIME;
        boolean isNear = byTime ? index.isNearByTime(wantedMillis, end) : index.isNear(wanted);
        if (!isNear) {
            view.indexes().load(current, view.owner(), end);
        }
        SparseIndex.Place place = byTime ? index.floorByTime(wantedMillis, end) : index.floor(wanted);
        position = place.filePosition();
        indexedOffset = place.offset();
        if (position == SparseIndex.FIRST_FRAME) {
            atFirstFrame(current);
        }
    }

    /**
     * An index is believed only as far as the frame that it leads to bears it out: with the offset that the index has for it, which is not above what is
     * wanted, and older than the time that is. And so the frame is believed, before which none was looked at that would show whether it follows.
     */
    private boolean isWhereTheIndexSays() {
        return window.offset() == indexedOffset
                && (wantedMillis == ANY_TIME || window.timestampMillis() < wantedMillis);
    }

    /** The segment in which the first frame lies that is not older: the first whose successor begins at that time or later, else the last. */
    private int indexByTime(SegmentList segments, long millis) {
        int low = 0;
        int high = segments.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (lastMillisBefore(view, segments.get(middle + 1)) >= millis) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The time of the last record before a segment. A segment that was trimmed meanwhile is older than all that count. */
    static long lastMillisBefore(ReadView view, Segment candidate) {
        if (!candidate.tryRetain()) {
            return ANY_TIME;
        }
        try {
            if (!candidate.isLoaded()) {
                view.files().acquire(candidate, view.owner()).release();
            }
            return candidate.header().firstTimestampMillis();
        } catch (IOException e) {
            throw ReadErrors.unreadable(view.id(), candidate, 0, candidate.baseOffset(), e);
        } finally {
            candidate.release();
        }
    }

    // ---------------------------------------------------------------- what looks wrong

    private void doubt(FrameVerdict verdict) {
        Segment current = segment();
        if (!isOffsetKnown) {
            doubtIndex(current);
        } else if (isDoubted) {
            DamageException damage = ReadErrors.badFrame(view.id(), current, window, verdict, offset);
            if (!isCrossed(current)) {
                throw damage;
            }
        } else {
            lookAgain(current);
        }
    }

    private void doubt(IOException failure) {
        Segment current = segment();
        if (isDoubted) {
            if (failure instanceof NoSuchFileException && isBeforeStart(current)) {
                throw ReadErrors.trimmed(view.id(), Math.max(offset, wanted), view.start());
            }
            throw ReadErrors.unreadable(view.id(), current, Math.max(position, 0), Math.max(offset, wanted), failure);
        }
        lookAgain(current);
    }

    /**
     * Goes behind a hole: one that is on record, or one in which no record was, as a later frame shows that has the offset which must follow.
     *
     * @return false if it is neither
     * @throws DamageException for one that is on record, unless all of it lies before what is wanted; the walk is behind it then
     */
    private boolean isCrossed(Segment current) {
        Optional<Loss> loss = view.recordedLosses().stream()
                .filter(lost -> lost.firstOffset() <= offset && offset < lost.endOffset())
                .max(Comparator.comparingLong(Loss::endOffset));
        long behind = loss.map(Loss::endOffset).orElse(offset);
        long hole = position;
        boolean isInNext = current.isSealed() && behind >= current.endOffset();
        if (!isInNext) {
            long next = nextGood(current, behind);
            if (next < 0) {
                return false;
            }
            position = next;
        }
        window.forget();
        isDoubted = false;
        offset = behind;
        long wantedBefore = wanted;
        wanted = Math.max(wanted, behind);
        if (loss.isPresent() && behind > wantedBefore) {
            throw ReadErrors.lost(view.id(), current, hole, loss.get());
        }
        return true;
    }

    /** Where behind the present place the frame begins that has exactly this offset, or -1. */
    private long nextGood(Segment current, long nextOffset) {
        ByteBuf memory = view.memory().directBuffer(SEARCH_BYTES, SEARCH_BYTES);
        try {
            OpenSegment open = view.files().acquire(current, view.owner());
            try {
                SegmentScan scan =
                        new SegmentScan(open.file(), current.salt(), memory.nioBuffer(0, SEARCH_BYTES), Long.MAX_VALUE);
                boolean isFound = scan.findVerified(position + FrameCodec.ALIGNMENT, nextOffset)
                        && scan.frame().offset() == nextOffset
                        && scan.frame().kind() != FrameKind.SEAL;
                return isFound ? scan.frame().position() : -1;
            } finally {
                open.release();
            }
        } catch (IOException e) {
            throw ReadErrors.unreadable(view.id(), current, Math.max(position, 0), offset, e);
        } finally {
            memory.release();
        }
    }

    /** Another process trims without asking who reads. */
    private boolean isBeforeStart(Segment current) {
        view.lookAtStart();
        return current.isSealed() && current.endOffset() <= view.start();
    }

    /** Not the frame's fault, as far as we know: the index led to a wrong place. */
    private void doubtIndex(Segment current) {
        window.forget();
        if (isIndexDoubted) {
            atFirstFrame(current);
            return;
        }
        isIndexDoubted = true;
        position = TO_BE_LOCATED;
        try {
            view.indexes().reload(current, view.owner(), end);
        } catch (IOException e) {
            doubt(e);
        }
    }

    /** Everything anew, once: the end, whether the log can be read, the segment, the bytes. */
    private void lookAgain(Segment current) {
        isDoubted = true;
        window.forget();
        end = view.visibleEnd(visibility);
        throwFailure();
        SegmentList now = view.segments();
        long at = isOffsetKnown ? offset : wanted;
        // One that was trimmed is not in the list either, but is as good as ever for whoever has it pinned.
        if (at >= now.first().baseOffset() && at < end && now.floor(at) != current) {
            leave();
            wanted = Math.max(wanted, at);
        }
    }

    private void throwFailure() {
        view.readFailure().ifPresent(failure -> {
            throw failure;
        });
    }
}
