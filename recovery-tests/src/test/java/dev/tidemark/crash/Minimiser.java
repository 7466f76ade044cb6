package dev.tidemark.crash;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a failing workload small: leaves steps out while it still fails, many at a time first, then fewer, in the end one by one.
 *
 * <p>It need not fail in the same way each time; a smaller failure of another kind is as welcome.
 */
final class Minimiser {
    private final Predicate<Plan> fails;
    private int triesLeft;

    private Minimiser(Predicate<Plan> fails, int mostTries) {
        this.fails = fails;
        this.triesLeft = mostTries;
    }

    /**
     * The smallest that was found; the plan itself if nothing could be left out.
     *
     * @param plan fails
     * @param steps how many steps it has, the failing disk not counted
     */
    static Plan minimise(Plan plan, int steps, int mostTries, Predicate<Plan> fails) {
        return new Minimiser(fails, mostTries).minimise(plan, steps);
    }

    private Plan minimise(Plan plan, int steps) {
        Plan smallest = plan;
        int chunk = Math.max(1, steps / 2);
        boolean goesOn = true;
        while (goesOn && triesLeft > 0) {
            Plan smaller = leaveOut(smallest, steps, chunk);
            boolean hasShrunk = !smaller.equals(smallest);
            smallest = smaller;
            goesOn = chunk > 1 || hasShrunk;
            chunk = Math.max(1, chunk / 2);
        }
        return smallest;
    }

    /** Goes once through all that is left, from the end, so many at a time. */
    private Plan leaveOut(Plan plan, int steps, int chunk) {
        Plan smallest = plan;
        List<Integer> left = new ArrayList<>();
        for (int step = steps; step >= Plan.FAULT; step--) {
            if (plan.has(step)) {
                left.add(step);
            }
        }
        for (int from = 0; from < left.size() && triesLeft > 0; from += chunk) {
            BitSet some = new BitSet();
            left.subList(from, Math.min(left.size(), from + chunk)).forEach(some::set);
            Plan smaller = smallest.without(some);
            triesLeft--;
            if (fails.test(smaller)) {
                smallest = smaller;
            }
        }
        return smallest;
    }
}
