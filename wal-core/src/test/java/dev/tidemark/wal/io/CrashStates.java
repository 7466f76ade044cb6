package dev.tidemark.wal.io;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A walk over what a disk recorded, operation by operation, with all the states a crash could have left behind on the way.
 * Each step applies one operation, so visiting every boundary costs one replay.
 *
 * <p><b>Threads.</b> One.
 */
public final class CrashStates {
    /** So many states of one boundary are handed over at most. */
    public static final int MOST_STATES = 1_000;

    private final SimulatedDisk.Settings settings;
    private final DiskState state;
    private final List<Operation> operations;
    private final long first;
    private int done;

    CrashStates(SimulatedDisk.Settings settings, DiskState start, long first, List<Operation> operations) {
        this.settings = settings;
        this.state = start;
        this.first = first;
        this.operations = operations;
    }

    /** How many operations have returned at this boundary, counted from the first the disk ever logged. */
    public long boundary() {
        return first + done;
    }

    /** Moves behind the next operation that changed anything. Returns {@code false} at the end. */
    public boolean next() {
        while (done < operations.size()) {
            Operation operation = operations.get(done++);
            if (operation.changedTheDisk()) {
                state.apply(operation);
                return true;
            }
        }
        return false;
    }

    /** Moves to a boundary that lies ahead. */
    public CrashStates advanceTo(long boundary) {
        if (boundary < boundary() || boundary > first + operations.size()) {
            throw new IllegalArgumentException("boundary out of range: boundary=" + boundary + " here=" + boundary()
                    + " end=" + (first + operations.size()));
        }
        while (boundary() < boundary) {
            state.apply(operations.get(done++));
        }
        return this;
    }

    /** What was recorded: all that the walk will visit. */
    public List<Operation> operations() {
        return operations;
    }

    /** The operation that returned last. */
    public Operation last() {
        return operations.get(done - 1);
    }

    /** The disk after a loss of power here. */
    public SimulatedDisk powerLoss(CrashPlan plan) {
        return new SimulatedDisk(settings, plan.applyTo(state));
    }

    /** How many states a loss of power can leave here, about: each question of a state times the others. */
    public long losses(NameRule rule) {
        return CrashPlan.answers(state, rule);
    }

    /** The disk after the process was killed here: all that was written can be read; a later loss of power can take it. */
    public SimulatedDisk killed() {
        return new SimulatedDisk(settings, state.copy(), boundary());
    }

    /**
     * The disk after the process was killed in the middle of the next operation. A write may then have happened in part,
     * up to the end of a page; of everything else nothing has happened.
     */
    public SimulatedDisk killedInNext(long seed) {
        DiskState killed = state.copy();
        if (done < operations.size() && operations.get(done).kind() == Operation.Kind.WRITE) {
            Operation write = operations.get(done);
            int firstPages = (int) (Pages.PAGE_BYTES - write.at() % Pages.PAGE_BYTES);
            int boundaries = (Math.max(0, write.bytes() - 1 - firstPages) / Pages.PAGE_BYTES)
                    + (write.bytes() > firstPages ? 1 : 0);
            if (boundaries > 0) {
                int pages = new SplittableRandom(seed).nextInt(boundaries);
                Operation.Call call = new Operation.Call(Operation.Kind.WRITE, write.path());
                call.fileId = write.fileId();
                call.at = write.at();
                call.bytes = firstPages + pages * Pages.PAGE_BYTES;
                call.data = write.data();
                killed.apply(new Operation(write.index(), call, write.began(), Operation.Outcome.DONE));
            }
        }
        return new SimulatedDisk(settings, killed, boundary() + 1);
    }

    /**
     * Hands over every state a loss of power here can leave behind (without remains in fresh space), if its questions have at
     * most {@code limit} answers; otherwise {@code limit} states: none kept, all kept, and a sample with and without remains.
     *
     * <p>How many answers there are is told by the state with everything in it. Where losing a name raises new questions, as beside a deleted directory,
     * there may be millions, so no more than {@link #MOST_STATES} are handed over.
     *
     * @return how many were handed over; some of a sample may be equal
     */
    public int each(NameRule rule, int limit, long seed, Consumer<CrashState> judge) {
        if (CrashPlan.answers(state, rule) <= limit) {
            return all(rule, judge);
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < limit; i++) {
            CrashPlan plan;
            if (i == 0) {
                plan = CrashPlan.keepNothing(rule);
            } else if (i == 1) {
                plan = CrashPlan.keepEverything(rule);
            } else {
                plan = CrashPlan.random(rule, random.nextBoolean(), random.nextLong());
            }
            judge.accept(new CrashState(boundary(), plan, powerLoss(plan)));
        }
        return limit;
    }

    private int all(NameRule rule, Consumer<CrashState> judge) {
        int @Nullable [] answers = {};
        int count = 0;
        while (answers != null && count < MOST_STATES) {
            CrashPlan.Script used = new CrashPlan.Script(answers);
            DiskState after = PowerLoss.of(state, rule, false, used);
            judge.accept(new CrashState(
                    boundary(), CrashPlan.script(rule, false, answers), new SimulatedDisk(settings, after)));
            count++;
            answers = CrashPlan.Script.following(answers, used);
        }
        return count;
    }
}
