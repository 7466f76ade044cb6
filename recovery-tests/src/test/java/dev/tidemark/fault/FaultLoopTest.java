package dev.tidemark.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.io.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** P1, P2, P3, P7, P8 and P10 while every operation on the disk fails once in each way. */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class FaultLoopTest {

    @Test
    void everyOperationFailsOnceInEachWay_theCallerIsToldAndThePromiseHolds() throws Exception {
        String only = System.getProperty("tidemark.fault");
        if (only != null) {
            FaultPlan plan = FaultPlan.parse(only);
            assertThat(FaultRun.run(plan, plan.start().make(plan.seed()), new FaultTally()))
                    .as("the fault struck")
                    .isTrue();
            return;
        }
        FaultTally tally = new FaultTally();
        long began = System.nanoTime();
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try (Watch watch = new Watch()) {
            List<Future<?>> loops = new ArrayList<>();
            long firstSeed = Long.getLong("tidemark.seed", 1);
            for (long seed = firstSeed; seed < firstSeed + FaultBudget.chosen().seeds(); seed++) {
                for (Start start : Start.values()) {
                    Start.Beginning beginning = start.make(seed);
                    for (FaultPlan first : plans(start, seed)) {
                        loops.add(pool.submit(() -> loop(first, beginning, tally, watch)));
                    }
                }
            }
            requireNoneFailed(loops);
        } finally {
            pool.shutdownNow();
            System.out.print(tally.table((System.nanoTime() - began) / 1_000_000));
        }
        assertEverythingWasMet(tally);
    }

    /** One defect makes many loops fail: all of them together show which calls it concerns. */
    private static void requireNoneFailed(List<Future<?>> loops) throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        for (Future<?> loop : loops) {
            try {
                loop.get();
            } catch (ExecutionException e) {
                failures.add(e.getCause());
            }
        }
        if (!failures.isEmpty()) {
            String all = failures.stream().map(Throwable::getMessage).collect(Collectors.joining("\n"));
            throw new AssertionError(failures.size() + " loops failed:\n" + all, failures.get(0));
        }
    }

    private static List<FaultPlan> plans(Start start, long seed) {
        List<FaultPlan> plans = new ArrayList<>();
        for (Way way : Way.values()) {
            for (Operation.Kind kind : way.kinds()) {
                for (Scope scope : Scope.values()) {
                    if (way.canBe(scope, kind) && way.canFollow(start)) {
                        plans.add(new FaultPlan(start, seed, kind, way, scope, 1));
                    }
                }
            }
        }
        return plans;
    }

    /** For each n the n-th call, until the workload comes through without. */
    private static void loop(FaultPlan first, Start.Beginning beginning, FaultTally tally, Watch watch) {
        boolean hasStruck = true;
        for (long number = 1; hasStruck; number += FaultBudget.chosen().stepBehind(number)) {
            FaultPlan plan = first.withNumber(number);
            try {
                hasStruck = watch.over(plan, () -> FaultRun.run(plan, beginning, tally));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        e.getMessage()
                                + "\n  again with: mvn -pl recovery-tests -am test -Dtest=FaultLoopTest"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -Dtidemark.fault=" + plan,
                        e);
            }
        }
    }

    private static void assertEverythingWasMet(FaultTally tally) {
        for (Way way : Way.values()) {
            for (Operation.Kind kind : way.kinds()) {
                for (Scope scope : Scope.values()) {
                    if (way.canBe(scope, kind)) {
                        assertThat(tally.of(kind, way, scope))
                                .as("%s fails with %s %s", kind, way, scope)
                                .isPositive();
                    }
                }
            }
        }
        for (Told.Call call : Told.Call.values()) {
            assertThat(tally.of(call)).as("errors told by %s", call).isPositive();
        }
        assertThat(tally.of(Told.Call.PARTITION, ErrorCode.SEGMENT_UNREADABLE))
                .as("R7: a recovery could not read")
                .isPositive();
        for (RecoveryCase row : List.of(RecoveryCase.CLEAN, RecoveryCase.R1, RecoveryCase.R2, RecoveryCase.R6)) {
            assertThat(tally.of(row)).as("%s after a fault", row).isPositive();
        }
    }
}
