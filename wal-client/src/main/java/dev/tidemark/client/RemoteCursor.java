package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.RecordsReader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the frames of a log on a server. It asks for a range of them, and while its caller reads that, for the next; what it holds is at most these two.
 *
 * <p>{@code next} must see what was acknowledged before the call. So where the range ends it asks the server, and does not believe that there is nothing because
 * there was nothing a moment ago.
 *
 * <p><b>Threads.</b> One at a time. Answers are put into futures by the I/O thread.
 *
 * <p><b>Crash.</b> Nothing is kept. After a lost connection the same question is asked again, so what was handed out is handed out once.
 */
final class RemoteCursor implements Cursor {
    /** How long one question may be held by the server; the cursor asks again until its own deadline. */
    private static final long MAX_HELD_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** So often in a row a server may answer what brings the cursor no further, as it can happen beside a trim. */
    private static final int MOST_VAIN_ANSWERS = 8;

    private final RemotePartition partition;
    private final ReadOptions options;
    private final boolean isFromStart;
    private final RecordsReader records = new RecordsReader();

    private @Nullable FetchedFrames frames;
    /** The question that is under way, for frames from {@link #askedFrom} on. */
    private @Nullable CompletableFuture<Answer> asked;

    private long askedFrom;
    /** Whether the server holds the answer back until there is something; such a question must not keep {@code next()} waiting. */
    private boolean isAskedToWait;

    private long nextOffset;
    private long batchEnd;
    private boolean hasHandedOut;
    private boolean isClosed;

    private boolean isAtEntry;
    private EntryKind kind = EntryKind.RAW;
    private long offset;
    private int count;
    private long timestampMillis;
    private long frameMillis;
    private int valueAt;
    private int valueBytes;

    /**
     * @param isFromStart whether it follows the start of the log as long as nothing was handed out
     */
    RemoteCursor(RemotePartition partition, ReadOptions options, long from, boolean isFromStart) {
        this.partition = partition;
        this.options = options;
        this.nextOffset = from;
        this.isFromStart = isFromStart;
    }

    // ---------------------------------------------------------------- moving

    @Override
    public boolean next() {
        return next(0, false);
    }

    @Override
    public boolean next(Duration deadline) {
        long waitNanos = nanosOf(deadline);
        long began = System.nanoTime();
        while (true) {
            long left = waitNanos - (System.nanoTime() - began);
            if (next(Math.max(0, left), true)) {
                return true;
            }
            if (left <= 0) {
                return false;
            }
        }
    }

    private static long nanosOf(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException tooLong) {
            return duration.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    /**
     * Moves on, if something can be read now or the server gets something while it holds the question.
     *
     * @param holdNanos how long it may hold it
     */
    private boolean next(long holdNanos, boolean mayHold) {
        if (isClosed) {
            throw ClientErrors.closedCursor(partition.id());
        }
        partition.checkOpen();
        if (nextOffset < batchEnd) {
            nextRecord();
            return true;
        }
        // What fails its checks is asked for once more: it may have been hurt on the way.
        boolean isSecondTry = false;
        for (int answers = 0; answers < MOST_VAIN_ANSWERS; answers++) {
            FrameVerdict verdict = moveInFrames();
            if (verdict == FrameVerdict.VALID) {
                takeFrame();
                return true;
            }
            if (verdict != FrameVerdict.END_OF_FILE) {
                if (isSecondTry) {
                    throw damaged(verdict);
                }
                isSecondTry = true;
                dropFrames();
            }
            if (!fetch(holdNanos, mayHold)) {
                return false;
            }
        }
        dropFrames();
        throw ClientErrors.violated(
                partition.server(),
                "frames that do not hold what was asked for, again and again: partition=" + partition.id() + " offset="
                        + nextOffset);
    }

    /** To the frame that holds the next offset; {@code END_OF_FILE} when the range holds none that was not read. */
    private FrameVerdict moveInFrames() {
        FetchedFrames range = frames;
        if (range == null) {
            return FrameVerdict.END_OF_FILE;
        }
        while (range.hasNext()) {
            FrameVerdict verdict = range.next();
            if (!verdict.isValid()) {
                return verdict;
            }
            if (range.kind().takesOffsets() && range.endOffset() > nextOffset) {
                // Only the first frame of a range may begin before what was asked for.
                return range.offset() <= nextOffset ? FrameVerdict.VALID : FrameVerdict.WRONG_OFFSET;
            }
        }
        return FrameVerdict.END_OF_FILE;
    }

    // ---------------------------------------------------------------- asking

    /** Gets the next range. False when there is nothing. */
    private boolean fetch(long holdNanos, boolean mayHold) {
        boolean wasAskedAhead = asked != null && !isAskedToWait;
        while (true) {
            Answer.Fetched answer = answer(holdNanos, mayHold);
            if (answer == null) {
                return false;
            }
            dropFrames();
            if (answer.frames().isReadable()) {
                frames = new FetchedFrames(answer.head(), answer.frames());
                isAtEntry = false;
                askAhead(answer);
                return true;
            }
            answer.release();
            if (!wasAskedAhead) {
                return false;
            }
            // An answer to a question of some time ago says nothing about now.
            wasAskedAhead = false;
        }
    }

    private Answer.@Nullable Fetched answer(long holdNanos, boolean mayHold) {
        for (int trims = 0; ; trims++) {
            try {
                return answerOnce(holdNanos, mayHold);
            } catch (InvalidCallException e) {
                if (e.code() != ErrorCode.OFFSET_TRIMMED
                        || !isFromStart
                        || hasHandedOut
                        || trims == MOST_VAIN_ANSWERS) {
                    throw partition.told(e);
                }
                // Trimmed since it was opened; the start is where it is now.
                nextOffset = partition.ends().start();
            }
        }
    }

    private Answer.@Nullable Fetched answerOnce(long holdNanos, boolean mayHold) {
        CompletableFuture<Answer> question = asked;
        if (question != null && (askedFrom != nextOffset || (isAskedToWait && !mayHold && !question.isDone()))) {
            forgetQuestion();
            question = null;
        }
        if (question == null) {
            question = ask(Math.min(holdNanos, MAX_HELD_NANOS));
        }
        if (mayHold && isAskedToWait && !isDoneWithin(question, holdNanos)) {
            // It stays, for the next call.
            return null;
        }
        try {
            Answer.Fetched answer = partition.calls().await("fetch", Answer.Fetched.class, question);
            asked = null;
            return answer;
        } catch (WalException e) {
            if (e.code() != ErrorCode.INTERRUPTED) {
                asked = null;
            }
            if (e instanceof DamageException lost && e.code() == ErrorCode.RECORDS_LOST) {
                // Told once, as it is of a log in this process: the next call goes on behind the gap.
                dropFrames();
                nextOffset = Math.max(nextOffset, lost.damage().endOffset());
            }
            throw partition.told(e);
        }
    }

    /** Waits for an answer that the server holds back, not longer than the caller wants. */
    private boolean isDoneWithin(CompletableFuture<Answer> question, long waitNanos) {
        ClientThreads.assertMayBlock();
        try {
            question.get(waitNanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ClientErrors.interruptedWaiting(partition.server(), "fetch", e);
        } catch (java.util.concurrent.ExecutionException e) {
            // It has ended; what with is looked at by who takes the answer.
            return true;
        } catch (java.util.concurrent.TimeoutException e) {
            return question.isDone();
        }
    }

    private CompletableFuture<Answer> ask(long holdNanos) {
        askedFrom = nextOffset;
        isAskedToWait = holdNanos > 0;
        CompletableFuture<Answer> question = partition.fetch(
                nextOffset, options.readAheadBytes(), isAskedToWait ? 1 : 0, holdNanos, options.visibility());
        asked = question;
        return question;
    }

    private void askAhead(Answer.Fetched answer) {
        long from = answer.head().nextOffset();
        if (from > nextOffset && from < visibleEnd(answer.head().ends(), options.visibility())) {
            askedFrom = from;
            isAskedToWait = false;
            asked = partition.fetch(from, options.readAheadBytes(), 0, 0, options.visibility());
        }
    }

    static long visibleEnd(Ends ends, Durability visibility) {
        return visibility == Durability.WRITTEN ? Math.max(ends.written(), ends.readable()) : ends.readable();
    }

    /** What comes for it is given back. */
    private void forgetQuestion() {
        CompletableFuture<Answer> question = asked;
        asked = null;
        if (question != null) {
            var unused = question.thenAccept(Answer::release);
        }
    }

    private void dropFrames() {
        FetchedFrames.release(frames);
        frames = null;
        isAtEntry = false;
    }

    // ---------------------------------------------------------------- entries

    private FetchedFrames range() {
        FetchedFrames range = frames;
        if (range == null) {
            throw new IllegalStateException("an entry without frames");
        }
        return range;
    }

    private void takeFrame() {
        FetchedFrames range = range();
        offset = range.offset();
        count = range.count();
        frameMillis = range.timestampMillis();
        valueAt = range.payloadAt();
        valueBytes = range.payloadBytes();
        switch (range.kind()) {
            case RAW -> takeWhole(EntryKind.RAW);
            case OPAQUE -> takeWhole(EntryKind.OPAQUE);
            case RECORDS -> takeBatch(range);
            default -> throw new IllegalStateException("a frame without records was found: kind=" + range.kind());
        }
    }

    private void takeWhole(EntryKind newKind) {
        kind = newKind;
        timestampMillis = frameMillis;
        nextOffset = range().endOffset();
        batchEnd = 0;
        isAtEntry = true;
        hasHandedOut = true;
    }

    private void takeBatch(FetchedFrames range) {
        kind = EntryKind.RECORD;
        records.open(range.bytes(), valueAt, valueBytes, count);
        count = 1;
        for (long skipped = offset; skipped < nextOffset; skipped++) {
            requireRecord();
        }
        batchEnd = range.endOffset();
        nextRecord();
    }

    private void nextRecord() {
        requireRecord();
        offset = nextOffset;
        nextOffset++;
        timestampMillis = records.hasTimestamp() ? records.timestampMillis() : frameMillis;
        isAtEntry = true;
        hasHandedOut = true;
    }

    private void requireRecord() {
        if (records.next()) {
            return;
        }
        isAtEntry = false;
        batchEnd = 0;
        FetchedFrames range = range();
        throw new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "batch with a good checksum is malformed: partition=" + partition.id() + " at=" + range.framePosition()
                        + " offset=" + range.offset() + " (" + records.problem() + ")",
                new Damage(partition.id().toString(), "", range.framePosition(), range.offset(), range.endOffset()),
                null);
    }

    private DamageException damaged(FrameVerdict verdict) {
        long position = range().framePosition();
        dropFrames();
        return new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "frame fails its checks, twice, at the client: partition=" + partition.id() + " at=" + position
                        + " offset=" + nextOffset + " verdict=" + verdict + " server=" + partition.server()
                        + "; run 'wal verify' at the server",
                new Damage(partition.id().toString(), "", position, nextOffset, -1),
                null);
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
        range().bytes().get(valueAt, value);
        return value;
    }

    @Override
    public ByteBuffer buffer() {
        requireEntry();
        boolean isRecord = kind == EntryKind.RECORD;
        int at = isRecord ? records.valueAt() : valueAt;
        int length = isRecord ? records.valueLength() : valueBytes;
        return range().bytes().slice(at, length).asReadOnlyBuffer();
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
            throw ClientErrors.closedCursor(partition.id());
        }
        if (!isAtEntry) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "cursor is at no entry; call next first: partition=" + partition.id());
        }
    }

    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            forgetQuestion();
            dropFrames();
        }
    }
}
