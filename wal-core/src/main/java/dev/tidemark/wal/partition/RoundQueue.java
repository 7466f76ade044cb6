package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.SegmentHeader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rounds that are staged and not yet taken for writing, in order, and the place of the next frame: its offset, its position,
 * and whether it needs another segment.
 *
 * <p><b>Threads.</b> Everything is guarded by the partition lock, but for the hints.
 *
 * <p><b>Ordering.</b> The hints are for those who do not hold the lock. They are stored (volatile) before the stager looks whether
 * the write right is free, and the right is released before its holder looks at them.
 *
 * <p><b>Crash.</b> Nothing here is on the disk.
 */
final class RoundQueue {
    private final WalConfig config;
    private final Positions positions;
    private final ArrayDeque<Round> rounds = new ArrayDeque<>(1);
    private long logEnd;
    /** Where the next frame goes, once everything staged is written. */
    private long nextPosition;

    private boolean mustRotate;
    private long lastRoundNumber;
    private long countedBytes;
    private int lastRoundBytes;
    private Prefill prefill;
    /** The offset at which the segment begins that the next frame goes into. */
    private long nextSegmentBase;

    private volatile long stagedBytes;
    private volatile int stagedRounds;
    private volatile boolean wantsWritten;
    private volatile boolean firstRotates;
    private volatile long lastOpenedNanos;

    RoundQueue(WalConfig config, Positions positions, ActiveSegment active, boolean mustRotate) {
        this.config = config;
        this.positions = positions;
        this.logEnd = positions.logEnd();
        this.nextPosition = active.endPosition();
        this.mustRotate = mustRotate;
        this.prefill = active.prefill;
        this.nextSegmentBase = active.segment.baseOffset();
    }

    // ---------------------------------------------------------------- the next frame

    /** The offset of the next record. */
    long logEnd() {
        return logEnd;
    }

    /** Whether a frame of this size needs a segment of its own, or the next frame does anyway. */
    boolean rotatesFor(int frameBytes) {
        boolean fits = nextPosition + frameBytes <= config.segmentBytes() || nextPosition == SegmentHeader.BYTES;
        return mustRotate || !fits;
    }

    /** Whether there is nothing in the segment that the next frame goes into. */
    boolean isNextSegmentEmpty() {
        return logEnd == nextSegmentBase;
    }

    /** Where the next frame goes. */
    int nextPosition(boolean rotates) {
        return rotates ? SegmentHeader.BYTES : Math.toIntExact(nextPosition);
    }

    /** Whether zeros are there to write a frame of this size over. */
    boolean isFilledFor(int frameBytes, boolean rotates) {
        return !rotates && nextPosition + frameBytes <= prefill.filledEnd();
    }

    // ---------------------------------------------------------------- in

    /** The round that frames are added to; null when the next frame needs a new one. */
    @Nullable
    Round last() {
        return rounds.peekLast();
    }

    boolean isEmpty() {
        return rounds.isEmpty();
    }

    /** How large the round was that was taken last: the next one may be like it. */
    int lastRoundBytes() {
        return lastRoundBytes;
    }

    /** The number for the next round. */
    long nextRoundNumber() {
        return lastRoundNumber + 1;
    }

    void add(Round round, long nowNanos) {
        lastOpenedNanos = nowNanos;
        if (round.rotatesFirst) {
            nextSegmentBase = logEnd;
            mustRotate = false;
        }
        rounds.add(round);
        nextPosition = round.filePosition;
        lastRoundNumber = round.number;
        noteFirst(rounds.peekFirst());
    }

    /** A frame was added to the last round; or an append without one, of 0 bytes. */
    void staged(Round round, int count, int frameBytes) {
        logEnd += count;
        nextPosition += frameBytes;
        if (count > 0) {
            positions.accepted(logEnd);
        }
        if (round.wantsWritten) {
            wantsWritten = true;
        }
        stagedRounds = rounds.size();
        countedBytes += frameBytes;
        stagedBytes = countedBytes;
    }

    // ---------------------------------------------------------------- hints without the lock

    /** Whether there is anything to write. */
    boolean hasStaged() {
        return stagedRounds > 0;
    }

    /** How much waits to be written. */
    long stagedBytes() {
        return stagedBytes;
    }

    /** Whether somebody waits for a write only. */
    boolean wantsWritten() {
        return wantsWritten;
    }

    /** Whether the first round is full, so that waiting for more to gather would gain nothing. */
    boolean hasFullRound() {
        return stagedRounds > 1 || stagedBytes >= config.maxRoundBytes();
    }

    /** When the last round was opened, by the environment's clock. While there is one only, which is the first, that one may linger. */
    long lastOpenedNanos() {
        return lastOpenedNanos;
    }

    /** Whether the next round belongs into a new segment. */
    boolean nextRotates() {
        return firstRotates;
    }

    // ---------------------------------------------------------------- out

    /** See {@link Intake#take}. */
    @Nullable
    Round take(boolean isRotated) {
        Round first = rounds.peekFirst();
        if (first == null || (first.rotatesFirst && !isRotated)) {
            return null;
        }
        rounds.removeFirst();
        lastRoundBytes = first.bytes();
        stagedRounds = rounds.size();
        countedBytes -= first.bytes();
        stagedBytes = countedBytes;
        noteFirst(rounds.peekFirst());
        if (rounds.isEmpty()) {
            wantsWritten = false;
        }
        return first;
    }

    private void noteFirst(@Nullable Round first) {
        firstRotates = first != null && first.rotatesFirst;
    }

    /** Another segment is written to from now on. */
    void segmentChanged(ActiveSegment next) {
        prefill = next.prefill;
    }

    /** See {@link Intake#withdraw}. */
    List<Round> withdraw(@Nullable Round before, ActiveSegment active, boolean rotateNext) {
        if (before != null) {
            logEnd = before.firstOffset;
        }
        List<Round> withdrawn = withdraw(before == null);
        nextPosition = active.endPosition();
        mustRotate = rotateNext;
        prefill = active.prefill;
        nextSegmentBase = active.segment.baseOffset();
        return withdrawn;
    }

    /** See {@link Intake#truncate}. */
    List<Round> truncate(ActiveSegment active, long end) {
        List<Round> withdrawn = withdraw(null, active, true);
        logEnd = end;
        positions.truncated(end);
        return withdrawn;
    }

    /** Whether something is staged that begins below this offset. */
    boolean hasBelow(long offset) {
        Round first = rounds.peekFirst();
        return first != null && first.firstOffset < offset;
    }

    /** Takes everything out when the partition has failed, so that nothing follows. */
    List<Round> withdrawForGood() {
        return withdraw(true);
    }

    private List<Round> withdraw(boolean isFirst) {
        List<Round> withdrawn = new ArrayList<>(rounds);
        if (isFirst && !withdrawn.isEmpty()) {
            logEnd = withdrawn.get(0).firstOffset;
        }
        rounds.clear();
        stagedRounds = 0;
        countedBytes = 0;
        stagedBytes = 0;
        wantsWritten = false;
        firstRotates = false;
        positions.accepted(logEnd);
        return withdrawn;
    }
}
