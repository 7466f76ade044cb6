package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * One append that a workload handed to the log: what it was, when it was submitted, and what became of it. Times are counts of
 * operations that had returned from the disk.
 *
 * <p><b>Threads.</b> Written by the thread that submitted it and by completions; read when the workload has ended.
 */
public final class Submission {
    /** A time that never came. */
    static final long NEVER = Long.MAX_VALUE;

    static final long NO_OFFSET = -1;

    private final AppendRequest request;
    private final long submittedAt;
    private final int truncationsOver;
    private volatile long offset = NO_OFFSET;
    private volatile long refusedAt = NEVER;

    public Submission(AppendRequest request, long submittedAt) {
        this(request, submittedAt, 0);
    }

    /** One that was submitted when so many truncations of its log were over. */
    Submission(AppendRequest request, long submittedAt, int truncationsOver) {
        this.request = request;
        this.submittedAt = submittedAt;
        this.truncationsOver = truncationsOver;
    }

    AppendRequest request() {
        return request;
    }

    long submittedAt() {
        return submittedAt;
    }

    int truncationsOver() {
        return truncationsOver;
    }

    public long offset() {
        return offset;
    }

    public void tookOffset(long taken) {
        offset = taken;
    }

    /** The log said that it is not in the log and never will be. */
    void refused(long at) {
        refusedAt = at;
    }

    boolean isRefused() {
        return refusedAt != NEVER;
    }

    /** Whose it is, if it has a sequence. */
    ProducerIdentity producer() {
        return request.producer().orElseThrow();
    }

    /** Whether the log must not hold both. */
    boolean hasSameSequence(Submission other) {
        return request.producer().isPresent()
                && request.producer().equals(other.request.producer())
                && request.sequence() == other.request.sequence();
    }

    boolean mayBeThereAt(long boundary) {
        return submittedAt <= boundary && boundary < refusedAt;
    }

    public int count() {
        return request.count();
    }

    public long endOffset() {
        return offset + request.count();
    }

    /** Whether the entry on which the cursor stands is this append's, or one of its records. */
    public boolean isAt(Cursor cursor) {
        switch (request.shape()) {
            case VALUE:
                return cursor.kind() == EntryKind.RAW
                        && cursor.count() == 1
                        && sameBytes((byte[]) request.payload(), cursor.buffer());
            case OPAQUE:
                return cursor.kind() == EntryKind.OPAQUE
                        && cursor.count() == request.count()
                        && sameBytes((byte[]) request.payload(), cursor.buffer());
            case RECORDS:
                return cursor.kind() == EntryKind.RECORD
                        && cursor.count() == 1
                        && cursor.offset() < endOffset()
                        && sameRecord(record(Math.toIntExact(cursor.offset() - offset)), cursor);
        }
        throw new AssertionError(request.shape());
    }

    /** Whether nobody could tell the two apart by what they leave in the log: an empty value, or the same copy of other frames, may be appended twice. */
    boolean hasSameBytes(Submission other) {
        if (request.shape() != other.request.shape() || request.count() != other.request.count()) {
            return false;
        }
        if (request.payload() instanceof byte[] mine) {
            return Arrays.equals(mine, (byte[]) other.request.payload());
        }
        for (int i = 0; i < request.count(); i++) {
            WalRecord mine = record(i);
            WalRecord others = other.record(i);
            if (!Arrays.equals(mine.value(), others.value())
                    || !Arrays.equals(mine.key().orElse(null), others.key().orElse(null))
                    || !mine.headers().equals(others.headers())
                    || !mine.timestampMillis().equals(others.timestampMillis())) {
                return false;
            }
        }
        return true;
    }

    private WalRecord record(int index) {
        return (WalRecord) ((List<?>) request.payload()).get(index);
    }

    private static boolean sameRecord(WalRecord expected, Cursor cursor) {
        return sameBytes(expected.value(), cursor.buffer())
                && Arrays.equals(expected.key().orElse(null), cursor.key().orElse(null))
                && expected.headers().equals(cursor.headers())
                && (expected.timestampMillis().isEmpty()
                        || expected.timestampMillis().getAsLong() == cursor.timestampMillis());
    }

    private static boolean sameBytes(byte[] expected, ByteBuffer found) {
        return ByteBuffer.wrap(expected).equals(found);
    }

    /** What is to be appended, in short. */
    static String words(AppendRequest request) {
        Object payload = request.payload();
        String size =
                payload instanceof byte[] bytes ? bytes.length + " bytes" : ((List<?>) payload).size() + " records";
        return request.shape() + " of " + size
                + request.producer()
                        .map(producer -> " producer=" + producer.id() + " epoch=" + producer.epoch() + " sequence="
                                + request.sequence())
                        .orElse("");
    }

    @Override
    public String toString() {
        return words(request) + " at " + offset + " submittedAt=" + submittedAt
                + (refusedAt == NEVER ? "" : " refusedAt=" + refusedAt);
    }
}
