package dev.tidemark.fault;

import dev.tidemark.wal.io.Operation;

/**
 * One run: what the workload begins with, and what goes wrong.
 *
 * @param number which call of its kind is the first to fail, counted from 1
 */
record FaultPlan(Start start, long seed, Operation.Kind kind, Way way, Scope scope, long number) {

    static FaultPlan parse(String text) {
        String[] parts = text.split(":", -1);
        return new FaultPlan(
                Start.valueOf(parts[0]),
                Long.parseLong(parts[1]),
                Operation.Kind.valueOf(parts[2]),
                Way.valueOf(parts[3]),
                Scope.valueOf(parts[4]),
                Long.parseLong(parts[5]));
    }

    /** Whether the call that fails would have changed something. */
    boolean changesTheDisk() {
        switch (kind) {
            case WRITE, FORCE, TRUNCATE, RENAME, DELETE, FORCE_DIRECTORY, CREATE, CREATE_DIRECTORY:
                return true;
            default:
                return false;
        }
    }

    FaultPlan withNumber(long other) {
        return new FaultPlan(start, seed, kind, way, scope, other);
    }

    /** Says all that is needed to do it again; see {@link #parse}. */
    @Override
    public String toString() {
        return start + ":" + seed + ":" + kind + ":" + way + ":" + scope + ":" + number;
    }
}
