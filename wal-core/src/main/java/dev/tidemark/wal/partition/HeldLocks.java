package dev.tidemark.wal.partition;

import dev.tidemark.wal.io.ThreadRules;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which ranks the current thread holds. Used only in assertions, so without them nothing of this runs and no thread-local
 * is made.
 *
 * <p><b>Threads.</b> Each sees its own.
 */
final class HeldLocks {
    private static final ThreadLocal<Set<LockRank>> HELD =
            ThreadLocal.withInitial(() -> EnumSet.noneOf(LockRank.class));

    private HeldLocks() {}

    /** Whether a lock of this rank may be taken now: nothing of its rank or a later one is held. */
    static boolean mayTake(LockRank rank) {
        for (LockRank held : HELD.get()) {
            if (held.compareTo(rank) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Notes that it was taken; always true. */
    static boolean taken(LockRank rank) {
        HELD.get().add(rank);
        return rank.allowsIo() || ThreadRules.beginNoIo();
    }

    /** Notes that it was given back; false when it was not held. */
    static boolean released(LockRank rank) {
        return HELD.get().remove(rank) && (rank.allowsIo() || ThreadRules.endNoIo());
    }

    static String describe() {
        return HELD.get().stream().map(LockRank::label).collect(Collectors.joining(","));
    }
}
