package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.segment.OpenSegment;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SparseIndex;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The segment a partition writes to: where its frames end, what they add up to, and the open file.
 *
 * <p><b>Threads.</b> End, totals and index belong to the holder of the write right. The file may be entered by several
 * threads at once: the writer, the one that forces, the one that writes zeros ahead.
 *
 * <p><b>Crash.</b> The kernel tells a failed write-back once per open file. So the file is opened when the first of its users
 * enters and let go when the last has left, and every round that was written but not forced counts as a user: a channel with
 * unforced bytes is never closed, and never forced through another one.
 */
final class ActiveSegment implements RoundMemory.FrameSink {
    final Segment segment;
    final SparseIndex index;
    final TotalsCounter totals;
    private final TotalsCounter beforeRound;
    private int roundAppends;
    final Prefill prefill;

    private final SegmentFiles files;
    private final RankedLock usersLock;
    private int users;
    private int unforcedRounds;
    private boolean isAbandoned;
    private @Nullable OpenSegment open;

    private volatile long endPosition;
    private volatile long endOffset;

    ActiveSegment(
            Segment segment,
            TotalsCounter totals,
            SegmentFiles files,
            RankedLock usersLock,
            Prefill prefill,
            long endPosition,
            long endOffset) {
        this.segment = segment;
        this.index = segment.index();
        this.totals = totals;
        this.beforeRound = new TotalsCounter(totals.totals());
        this.files = files;
        this.usersLock = usersLock;
        this.prefill = prefill;
        this.endPosition = endPosition;
        this.endOffset = endOffset;
    }

    /** Where the next frame goes. */
    long endPosition() {
        return endPosition;
    }

    /**
     * How much of the file is in use, if this is the segment that is meant. Otherwise nothing: a rotation is under way, in which a segment is
     * in the list before it is written to, and the bytes of the one before it must not count for both.
     */
    long bytesIf(Segment meant) {
        return segment == meant ? endPosition : 0;
    }

    /** The offset of the next record. */
    long endOffset() {
        return endOffset;
    }

    /** Whether there is any record in it. */
    boolean isEmpty() {
        return endOffset == segment.baseOffset();
    }

    /** A round has been written behind the end. */
    void advance(long newEndPosition, long newEndOffset) {
        endPosition = newEndPosition;
        endOffset = newEndOffset;
    }

    /** Frames of another round follow; until {@link #advance} they can be undone. */
    void beginRound() {
        beforeRound.resetTo(totals);
        roundAppends = 0;
    }

    @Override
    public void frame(ByteBuffer buffer, int at, long filePosition, int headerCrc) {
        int count = FrameCodec.count(buffer, at);
        long timestampMillis = FrameCodec.timestampMillis(buffer, at);
        totals.add(count, FrameCodec.length(buffer, at), timestampMillis, headerCrc);
        if (count > 0) {
            roundAppends++;
            index.add(FrameCodec.offset(buffer, at), filePosition, timestampMillis);
        }
    }

    /** How many appends have laid a frame down in the round: a request to sync or to rotate has none. */
    int roundAppends() {
        return roundAppends;
    }

    /** The round was not written. */
    void undoRound() {
        totals.resetTo(beforeRound);
        index.cutTo(endOffset);
    }

    /** The end, with what is needed to recognise it. */
    SegmentEnd end() {
        return new SegmentEnd(segment.segmentId(), segment.name(), endOffset, endPosition, totals.runningChecksum());
    }

    /** The open file, for use until {@link #leave}. The same channel for as long as anybody uses it. */
    OpenSegment enter() throws IOException {
        usersLock.lockForWork();
        try {
            OpenSegment now = open;
            if (now == null) {
                now = files.acquire(segment);
                open = now;
            }
            users++;
            return now;
        } finally {
            usersLock.unlock();
        }
    }

    /** One use is over. */
    void leave() {
        usersLock.lockForWork();
        try {
            users--;
            letGoIfUnused();
        } finally {
            usersLock.unlock();
        }
    }

    /** One use is over, and leaves a round behind that is written and not forced. */
    void leaveUnforced() {
        usersLock.lockForWork();
        try {
            users--;
            unforcedRounds++;
        } finally {
            usersLock.unlock();
        }
    }

    /** So many rounds are forced now. */
    void forced(int rounds) {
        usersLock.lockForWork();
        try {
            unforcedRounds -= rounds;
            letGoIfUnused();
        } finally {
            usersLock.unlock();
        }
    }

    /** Nothing will be forced any more: the partition has stopped, and is being closed. */
    void abandon() {
        usersLock.lockForWork();
        try {
            isAbandoned = true;
            letGoIfUnused();
        } finally {
            usersLock.unlock();
        }
    }

    private void letGoIfUnused() {
        OpenSegment now = open;
        if (now != null && users == 0 && (unforcedRounds == 0 || isAbandoned)) {
            open = null;
            now.release();
        }
    }
}
