package dev.tidemark.wal.io;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;

/** Picks calls on a simulated disk: by kind, path and number. The count begins when a fault or gate with it is set. */
public final class CallMatch {
    private final Set<Operation.Kind> kinds;
    private final Predicate<Path> where;
    private final long number;
    private final boolean andAllLater;

    private CallMatch(Set<Operation.Kind> kinds, Predicate<Path> where, long number, boolean andAllLater) {
        this.kinds = kinds;
        this.where = where;
        this.number = number;
        this.andAllLater = andAllLater;
    }

    /** The first call of one of these kinds. */
    public static CallMatch on(Operation.Kind first, Operation.Kind... more) {
        return new CallMatch(EnumSet.of(first, more), path -> true, 1, false);
    }

    /** The first call of any kind. */
    public static CallMatch any() {
        return new CallMatch(EnumSet.allOf(Operation.Kind.class), path -> true, 1, false);
    }

    /** Only calls for such paths count. */
    public CallMatch where(Predicate<Path> paths) {
        return new CallMatch(kinds, where.and(paths), number, andAllLater);
    }

    /** Only calls for files and directories whose name ends so count. */
    public CallMatch named(String suffix) {
        return where(path -> DiskState.nameOf(path).endsWith(suffix));
    }

    /** The n-th such call, counted from 1. */
    public CallMatch number(long nth) {
        if (nth < 1) {
            throw new IllegalArgumentException("counted from 1: number=" + nth);
        }
        return new CallMatch(kinds, where, nth, andAllLater);
    }

    /** And every such call after it. */
    public CallMatch andAllLater() {
        return new CallMatch(kinds, where, number, true);
    }

    boolean counts(Operation.Kind kind, Path path) {
        return kinds.contains(kind) && where.test(path);
    }

    boolean hits(long counted) {
        return counted == number || andAllLater && counted > number;
    }

    @Override
    public String toString() {
        return kinds + " number " + number + (andAllLater ? " and all later" : "");
    }
}
