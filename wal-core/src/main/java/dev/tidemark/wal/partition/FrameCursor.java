package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.RecordsReader;
import dev.tidemark.wal.segment.FrameWindow;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the frames of a log: hands out what is visible, in order, after its checksums were tested.
 *
 * <p>It holds the segment it reads, and a piece of it in memory; never an open file, and never a lock. What the accessors give is read from that
 * piece when it is asked for, so going from one value to the next allocates nothing.
 *
 * <p><b>Threads.</b> One at a time.
 *
 * <p><b>Ordering.</b> See {@link LogWalk}; this class adds none.
 *
 * <p><b>Crash.</b> With {@code SYNCED} visibility nothing that was handed out can be lost by a crash.
 */
final class FrameCursor implements Cursor {

    private final ReadView view;
    private final ReadOptions options;
    private final LogWalk walk;
    private final FrameWindow window;
    private final RecordsReader records = new RecordsReader();

    /** The offset of the entry that comes next. */
    private long nextOffset;
    /** The offset behind the batch of records that the cursor is in; not above {@link #nextOffset} when it is in none. */
    private long batchEnd;

    private boolean isClosed;

    /** A loss that opening the cursor has met. */
    private @Nullable DamageException untold;

    // The present entry. It is in the window, so it is gone when that has been filled anew.
    private long entryFill = -1;
    private EntryKind kind = EntryKind.RAW;
    private long offset;
    private int count;
    private long timestampMillis;
    private long frameMillis;
    private int valueAt;
    private int valueBytes;

    private FrameCursor(ReadView view, ReadOptions options) {
        this.view = view;
        this.options = options;
        this.walk = new LogWalk(view, options.visibility(), options.readAheadBytes());
        this.window = walk.window();
    }

    /**
     * A cursor at the given place.
     *
     * @throws InvalidCallException {@code OFFSET_TRIMMED} or {@code OFFSET_BEYOND_END}
     */
    static FrameCursor open(ReadView view, From from, ReadOptions options) {
        throwFailure(view);
        FrameCursor cursor = new FrameCursor(view, options);
        boolean isGood = false;
        try {
            cursor.begin(from);
            isGood = true;
            return cursor;
        } finally {
            if (!isGood) {
                cursor.close();
            }
        }
    }

    private void begin(From from) {
        if (from instanceof From.Offset at) {
            beginAt(at.offset());
        } else if (from instanceof From.Timestamp time) {
            walk.wantTime(time.millis());
            // A search that finds nothing goes on with what is appended later.
            beginAtTime();
        } else if (from instanceof From.Start) {
            beginAtStart();
        } else {
            beginAt(view.visibleEnd(options.visibility()));
        }
    }

    private void beginAtTime() {
        try {
            nextOffset = walk.find(false) ? Math.max(walk.wanted(), window.offset()) : walk.wanted();
        } catch (DamageException e) {
            if (e.code() != ErrorCode.RECORDS_LOST) {
                throw e;
            }
            // What is wanted may have been among them. A cursor there can be had; its first step tells.
            untold = e;
            nextOffset = e.damage().firstOffset();
        }
    }

    private void beginAt(long at) {
        if (at < view.start()) {
            throw ReadErrors.trimmed(view.id(), at, view.start());
        }
        if (at > view.visibleEnd(options.visibility())) {
            view.look();
            long end = view.visibleEnd(options.visibility());
            if (at > end) {
                throw ReadErrors.beyondEnd(view.id(), at, end);
            }
        }
        nextOffset = at;
        walk.want(at);
        walk.pinWanted();
    }

    /** The start may move up before its segment is pinned. */
    private void beginAtStart() {
        while (true) {
            long start = view.start();
            try {
                beginAt(start);
                return;
            } catch (InvalidCallException e) {
                if (view.start() == start) {
                    throw e;
                }
            }
        }
    }

    // ---------------------------------------------------------------- moving

    @Override
    public boolean next() {
        if (isClosed) {
            throw ReadErrors.closedHandle("cursor", view.id());
        }
        throwFailure(view);
        if (nextOffset < batchEnd) {
            walk.requireNotTruncated();
            nextRecord();
            return true;
        }
        tellFirst();
        if (!isFound(true)) {
            nextOffset = walk.wanted();
            return false;
        }
        takeFrame();
        return true;
    }

    /** Where records are lost the walk goes behind them and says so. */
    private boolean isFound(boolean withPayload) {
        try {
            return walk.find(withPayload);
        } catch (DamageException e) {
            if (e.code() == ErrorCode.RECORDS_LOST) {
                nextOffset = walk.wanted();
            }
            throw e;
        }
    }

    private void tellFirst() {
        DamageException lost = untold;
        if (lost != null) {
            untold = null;
            nextOffset = walk.wanted();
            throw lost;
        }
    }

    @Override
    public boolean next(Duration deadline) {
        long waitNanos = nanosOf(deadline);
        long began = view.clock().nanos();
        while (!next()) {
            long left = waitNanos - (view.clock().nanos() - began);
            try {
                if (!view.awaitVisible(walk.awaited(), options.visibility(), left) && !walk.isOutdated()) {
                    return false;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UnavailableException(
                        ErrorCode.INTERRUPTED,
                        "interrupted while waiting at the end of the log: partition=" + view.id() + " offset="
                                + nextOffset,
                        e);
            }
        }
        return true;
    }

    private static long nanosOf(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException tooLong) {
            return duration.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    private void takeFrame() {
        offset = window.offset();
        count = window.count();
        frameMillis = window.timestampMillis();
        valueAt = window.payloadAt();
        valueBytes = window.payloadBytes();
        switch (window.kind()) {
            case RAW -> takeWhole(EntryKind.RAW);
            case OPAQUE -> takeWhole(EntryKind.OPAQUE);
            case RECORDS -> takeBatch();
            default -> throw new IllegalStateException("a frame without records was found: kind=" + window.kind());
        }
    }

    private void takeWhole(EntryKind newKind) {
        kind = newKind;
        timestampMillis = frameMillis;
        entryFill = window.fills();
        leaveFrame(window.endOffset());
    }

    private void takeBatch() {
        kind = EntryKind.RECORD;
        long first = offset;
        long wanted = Math.max(first, nextOffset);
        records.open(window.bytes(), valueAt, valueBytes, count);
        count = 1;
        for (long skipped = first; skipped < wanted; skipped++) {
            requireRecord();
        }
        nextOffset = wanted;
        batchEnd = window.endOffset();
        nextRecord();
        leaveFrame(nextOffset);
    }

    /** The window stays at the frame until the cursor looks for the next one; the walk is behind it already. */
    private void leaveFrame(long newNextOffset) {
        walk.stepOver();
        walk.want(Math.max(newNextOffset, batchEnd));
        nextOffset = newNextOffset;
    }

    private void nextRecord() {
        requireRecord();
        offset = nextOffset;
        nextOffset++;
        timestampMillis = records.hasTimestamp() ? records.timestampMillis() : frameMillis;
        entryFill = window.fills();
    }

    /** The checksum may have come with the payload from an encoder that is not ours. */
    private void requireRecord() {
        if (records.next()) {
            return;
        }
        entryFill = -1;
        String file = walk.segment().displayName();
        throw new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "batch with a good checksum is malformed: file=" + file + " at=" + window.framePosition() + " offset="
                        + window.offset() + " (" + records.problem() + ")",
                new Damage(view.id().toString(), file, window.framePosition(), window.offset(), window.endOffset()),
                null);
    }

    private static void throwFailure(ReadView view) {
        if (view.readFailure().isPresent()) {
            throw view.readFailure().get();
        }
    }

    // ---------------------------------------------------------------- the present entry

    @Override
    public long offset() {
        requireEntry();
        return offset;
    }

    @Override
    public int count() {
        requireEntry();
        return count;
    }

    @Override
    public long nextOffset() {
        return nextOffset;
    }

    @Override
    public long timestampMillis() {
        requireEntry();
        return timestampMillis;
    }

    @Override
    public EntryKind kind() {
        requireEntry();
        return kind;
    }

    @Override
    public byte[] value() {
        requireEntry();
        if (kind == EntryKind.RECORD) {
            return records.value();
        }
        byte[] value = new byte[valueBytes];
        window.bytes().get(valueAt, value);
        return value;
    }

    @Override
    public ByteBuffer buffer() {
        requireEntry();
        return kind == EntryKind.RECORD ? view(records.valueAt(), records.valueLength()) : view(valueAt, valueBytes);
    }

    private ByteBuffer view(int at, int length) {
        return window.bytes().slice(at, length).asReadOnlyBuffer();
    }

    @Override
    public Optional<byte[]> key() {
        requireEntry();
        return kind == EntryKind.RECORD ? records.key() : Optional.empty();
    }

    @Override
    public List<Header> headers() {
        requireEntry();
        return kind == EntryKind.RECORD ? records.headers() : List.of();
    }

    private void requireEntry() {
        if (isClosed) {
            throw ReadErrors.closedHandle("cursor", view.id());
        }
        if (entryFill != window.fills()) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "cursor is at no entry; call next first: partition=" + view.id());
        }
    }

    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            walk.close();
        }
    }
}
