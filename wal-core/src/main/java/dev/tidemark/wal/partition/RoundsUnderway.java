package dev.tidemark.wal.partition;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The places in which a round can be between the intake and its outcome: being written, refused by the disk, written and not
 * forced, being forced. Each round is in one of them at a time, and whoever takes it out of there settles it.
 *
 * <p><b>Threads.</b> The holder of the write right puts rounds in hand, the holder of the force right takes what is unforced in
 * hand. Any thread may take out what is left, once the partition has stopped.
 *
 * <p><b>Ordering.</b> A holder puts a round in its place first and looks afterwards whether the partition has stopped; whoever
 * stops it changes the state first and looks into the places afterwards. At least one sees the other, so no round stays
 * behind; and taking out is atomic, so no round is settled by two.
 *
 * <p><b>Crash.</b> Nothing here is stored. Of rounds in these places any subset of sectors may be on the disk.
 */
final class RoundsUnderway {
    /**
     * A round whose write was refused, and why.
     *
     * @param entered the segment it was to be written to, still {@linkplain ActiveSegment#enter entered}: undoing the write must not need
     *     a descriptor that may not be there. Null where the write did not begin.
     */
    record Refused(Round round, IOException cause, @Nullable ActiveSegment entered) {
        /** What was begun is undone, or never will be. */
        void leave() {
            if (entered != null) {
                entered.leave();
            }
        }
    }

    private final AtomicReference<@Nullable Round> beingWritten = new AtomicReference<>();
    private final AtomicReference<@Nullable Refused> refused = new AtomicReference<>();
    /** The newest on top; linked through the rounds themselves, and only ever taken as a whole. */
    private final AtomicReference<@Nullable Round> unforced = new AtomicReference<>();

    private final AtomicReference<@Nullable List<Round>> beingForced = new AtomicReference<>();

    // ---------------------------------------------------------------- being written

    void beginWrite(Round round) {
        beingWritten.set(round);
    }

    /** The write is over. False where the round was given up meanwhile: then only its memory was still in use. */
    boolean endWrite(Round round) {
        return beingWritten.compareAndSet(round, null);
    }

    /** Takes the round that is being written out of its writer's hands. */
    @Nullable
    Round takeBeingWritten() {
        return beingWritten.getAndSet(null);
    }

    // ---------------------------------------------------------------- refused

    void addRefused(Refused round) {
        refused.set(round);
    }

    boolean hasRefused() {
        return refused.get() != null;
    }

    @Nullable
    Refused takeRefused() {
        return refused.getAndSet(null);
    }

    // ---------------------------------------------------------------- written and not forced

    void addUnforced(Round round) {
        Round below;
        do {
            below = unforced.get();
            round.next = below;
        } while (!unforced.compareAndSet(below, round));
    }

    boolean hasUnforced() {
        return unforced.get() != null;
    }

    /** Takes them out, the oldest first, and adds them to an empty list. */
    void takeUnforced(List<Round> into) {
        for (Round round = unforced.getAndSet(null); round != null; ) {
            into.add(round);
            Round older = round.next;
            round.next = null;
            round = older;
        }
        Collections.reverse(into);
    }

    // ---------------------------------------------------------------- being forced

    void beginForce(List<Round> covered) {
        beingForced.set(covered);
    }

    /** The force is over. False where the rounds were given up meanwhile. */
    boolean endForce(List<Round> covered) {
        return beingForced.compareAndSet(covered, null);
    }

    /** Takes the rounds that are being forced out of the forcing thread's hands. */
    List<Round> takeBeingForced() {
        List<Round> taken = beingForced.getAndSet(null);
        return taken == null ? List.of() : taken;
    }
}
