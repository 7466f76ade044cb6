package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.WalException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What gathered while the round before was on its way to the disk: frames that are written together, and the appends that
 * wait for them. A round lies in one segment, and has one outcome for all its appends.
 *
 * <p><b>Threads.</b> While it is the last in the queue, whoever holds the partition lock adds to it. Once taken from the
 * queue it belongs to the holder of the write right, then of the force right. Any thread may read the state.
 *
 * <p><b>Ordering.</b> {@code failure} is stored before {@code state}; the state only moves forward: staged, written,
 * synced, or failed from either of the first two. An append that asked for {@code WRITTEN} and got it keeps its success
 * when the round fails later.
 *
 * <p><b>Crash.</b> Before the write has returned nothing of it need exist; before the force any subset of its sectors may.
 *
 * <p>A lone append has a round to itself, so the fields are as small as their values allow: this is 80 bytes of its garbage.
 */
final class Round implements Runnable {
    private static final byte STAGED = 0;
    private static final byte WRITTEN = 1;
    private static final byte SYNCED = 2;
    private static final byte FAILED = 3;
    private static final byte FAILED_AFTER_WRITTEN = 4;

    /** What is known of the appends of a failed round. */
    enum Doom {
        /** They are not in the log and never will be. */
        REFUSED,
        /** They may or may not be found by the next opening. */
        UNKNOWN
    }

    private record Failure(Doom doom, ErrorCode code, String message, Throwable cause) {}

    /** Rises by one with every round of a partition. */
    final long number;
    /** Whether the segment has to be changed before this round is written. */
    final boolean rotatesFirst;
    /** Where its first frame lies in the segment. */
    final int filePosition;

    final long firstOffset;
    /** Null once the round is written or given up. */
    private @Nullable RoundMemory memory;

    private int bytes;

    long endOffset;
    int appends;
    /** Set by repeats also when the round is in its writer's hands. */
    volatile boolean wantsWritten;

    boolean wantsSynced;
    private int heldBytes;
    /** The round behind it in a stack of {@link RoundsUnderway}; whoever has taken the stack reads it. */
    @Nullable
    Round next;

    /** The appends: the first one, which is often the only one, and those behind it. */
    private @Nullable PendingAppend first;

    private PendingAppend[] pending = NONE;
    private static final PendingAppend[] NONE = new PendingAppend[0];

    private @Nullable Failure failure;
    private volatile byte state = STAGED;
    volatile boolean hasWrittenStages;
    volatile boolean hasDurableStages;

    Round(long number, boolean rotatesFirst, int filePosition, long firstOffset, @Nullable RoundMemory memory) {
        this.number = number;
        this.rotatesFirst = rotatesFirst;
        this.filePosition = filePosition;
        this.firstOffset = firstOffset;
        this.endOffset = firstOffset;
        this.memory = memory;
    }

    /** In place of any that is done and forgotten. */
    static Round durable() {
        Round round = new Round(0, false, 0, 0, null);
        round.state = SYNCED;
        return round;
    }

    /** Adds an append whose frame of so many records has just been staged. */
    void add(PendingAppend append, int count) {
        if (appends == 0) {
            first = append;
        } else {
            if (appends > pending.length) {
                pending = Arrays.copyOf(pending, Math.max(8, 2 * pending.length));
            }
            pending[appends - 1] = append;
        }
        appends++;
        endOffset += count;
        if (append.wanted == Durability.WRITTEN) {
            wakeWhenWritten();
        }
        wantsSynced |= append.wanted == Durability.SYNCED;
    }

    /** Somebody waits for no more than its write, and has said so where {@link #wakeAll} looks. */
    void wakeWhenWritten() {
        if (!wantsWritten) {
            wantsWritten = true;
        }
    }

    /** Bytes of its frames. */
    int bytes() {
        return bytes;
    }

    /** The frames, until {@link #takeMemory}. */
    RoundMemory memory() {
        return Objects.requireNonNull(memory, "memory");
    }

    /** So many bytes of frames were laid down. */
    void grow(int frameBytes) {
        bytes += frameBytes;
    }

    /** The memory, for giving back; null when that was done before. */
    @Nullable
    RoundMemory takeMemory() {
        RoundMemory taken = memory;
        memory = null;
        return taken;
    }

    /** So many bytes of it count against the queues' limits, until they are taken back. */
    void hold(int frameBytes) {
        heldBytes += frameBytes;
    }

    /** The bytes that count against the queues' limits: all of them when asked first, none when asked again. */
    int takeHeldBytes() {
        int held = heldBytes;
        heldBytes = 0;
        return held;
    }

    // ---------------------------------------------------------------- outcome

    boolean isSettled(Durability level) {
        byte now = state;
        return level == Durability.WRITTEN ? now != STAGED : now >= SYNCED;
    }

    boolean hasReached(Durability level) {
        byte now = state;
        return now == SYNCED || (level == Durability.WRITTEN && (now == WRITTEN || now == FAILED_AFTER_WRITTEN));
    }

    /** The write has returned. Whoever waited for that is woken by {@link #wakeAll}, stages by {@link #settleStages}. */
    void markWritten() {
        assert state == STAGED;
        state = WRITTEN;
    }

    /** A force that began after the write has returned. */
    void markSynced() {
        assert state == WRITTEN;
        state = SYNCED;
    }

    /** The round fails as one. Does nothing where the outcome is known already. */
    void markFailed(Doom doom, ErrorCode code, String message, Throwable cause) {
        if (state == SYNCED || state >= FAILED) {
            return;
        }
        failure = new Failure(doom, code, message, cause);
        state = state == WRITTEN ? FAILED_AFTER_WRITTEN : FAILED;
    }

    /** An exception for the append at this offset: the message and the first cause are the round's. */
    WalException failureOf(long offset) {
        Failure why = Objects.requireNonNull(failure, "failure");
        if (why.doom == Doom.REFUSED) {
            return new AppendRefusedException(why.code, why.message, why.cause);
        }
        return new OutcomeUnknownException(why.code, why.message + " offset=" + offset, offset, why.cause);
    }

    /** Whether {@link #settleStages} has anything to do for the present state. */
    boolean hasStagesToSettle() {
        return hasDurableStages || hasWrittenStages;
    }

    /** The round is its own task for the completion pool: another object for it would be garbage of every round. */
    @Override
    public void run() {
        settleStages();
    }

    /** Runs where dependent code may run: completes the stages that exist. */
    void settleStages() {
        PendingAppend only = first;
        if (only != null) {
            only.settleStages();
        }
        for (int i = 0; i < appends - 1; i++) {
            pending[i].settleStages();
        }
    }

    /** Wakes every blocking caller whose outcome is known. */
    void wakeAll() {
        PendingAppend only = first;
        if (only != null) {
            only.wake();
        }
        for (int i = 0; i < appends - 1; i++) {
            pending[i].wake();
        }
    }
}
