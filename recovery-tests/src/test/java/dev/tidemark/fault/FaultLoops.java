package dev.tidemark.fault;

import dev.tidemark.mutant.Findings;
import dev.tidemark.mutant.HarnessPart;
import dev.tidemark.wal.io.Operation;
import java.util.ArrayList;
import java.util.List;

/**
 * The loops of {@link FaultLoopTest}, until one promise does not hold. A plan names one loop, and the call at which it begins; without
 * one all loops of one workload run, that begin with an empty disk.
 */
public final class FaultLoops implements HarnessPart {
    private static final long SEED = 1;
    /** Beyond them the calls repeat themselves. */
    private static final long MOST_OF_A_LOOP = 40;

    private long tried;
    private String underWay = "";

    public FaultLoops() {}

    @Override
    public Findings run(String what) {
        List<FaultPlan> loops = what.isEmpty() ? all() : List.of(FaultPlan.parse(what));
        FaultTally tally = new FaultTally();
        try (Watch watch = new Watch()) {
            for (FaultPlan first : loops) {
                loop(first, first.start().make(first.seed()), tally, watch);
            }
            return Findings.passed(tried);
        } catch (RuntimeException | Error caught) {
            return Findings.caught(tried, underWay, caught);
        }
    }

    private void loop(FaultPlan first, Start.Beginning beginning, FaultTally tally, Watch watch) {
        boolean hasStruck = true;
        for (long number = first.number(); hasStruck && number < first.number() + MOST_OF_A_LOOP; number++) {
            FaultPlan plan = first.withNumber(number);
            tried++;
            underWay = plan.toString();
            hasStruck = watch.over(plan, () -> FaultRun.run(plan, beginning, tally));
        }
    }

    private static List<FaultPlan> all() {
        List<FaultPlan> plans = new ArrayList<>();
        for (Way way : Way.values()) {
            for (Operation.Kind kind : way.kinds()) {
                for (Scope scope : Scope.values()) {
                    if (way.canBe(scope, kind)) {
                        plans.add(new FaultPlan(Start.NOTHING, SEED, kind, way, scope, 1));
                    }
                }
            }
        }
        return plans;
    }
}
