package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class LifeTest {
    private static final WalException CAUSE = new StorageException(ErrorCode.STORAGE_FAILED, "the first");

    private enum Step {
        OPEN(Life::open),
        DRAIN(Life::drain),
        CLOSED(Life::closed),
        FAIL(life -> life.fail(CAUSE));

        final Predicate<Life> action;

        Step(Predicate<Life> action) {
            this.action = action;
        }
    }

    private static final Map<LifeState, Set<Step>> LEGAL = Map.of(
            LifeState.OPENING, EnumSet.of(Step.OPEN, Step.FAIL),
            LifeState.OPEN, EnumSet.of(Step.DRAIN, Step.FAIL),
            LifeState.DRAINING, EnumSet.of(Step.CLOSED, Step.FAIL),
            LifeState.FAILED, EnumSet.of(Step.CLOSED),
            LifeState.CLOSED, EnumSet.noneOf(Step.class));

    @Test
    void everyStepThatIsNotInTheDrawing_changesNothing() {
        LEGAL.forEach((state, legal) -> {
            for (Step step : Step.values()) {
                Life life = lifeIn(state);
                boolean done = step.action.test(life);
                assertThat(done).as("%s from %s", step, state).isEqualTo(legal.contains(step));
                assertThat(life.state() != state)
                        .as("%s from %s moved", step, state)
                        .isEqualTo(done);
            }
        });
    }

    @Test
    void failsTwice_theFirstCauseStaysAlsoWhenClosed() {
        Life life = lifeIn(LifeState.OPEN);
        assertThat(life.fail(CAUSE)).isTrue();
        assertThat(life.fail(new StorageException(ErrorCode.STORAGE_FAILED, "the second")))
                .isFalse();
        assertThat(life.closed()).isTrue();
        assertThat(life.state()).isEqualTo(LifeState.CLOSED);
        assertThat(life.failure()).containsSame(CAUSE);
    }

    @Test
    void manyAskForTheSameStep_oneIsToldThatItMadeIt() throws Exception {
        int threads = 4;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 500; round++) {
                Life life = lifeIn(LifeState.OPEN);
                CyclicBarrier start = new CyclicBarrier(threads);
                List<Callable<Boolean>> racers = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    racers.add(() -> {
                        start.await();
                        return life.drain();
                    });
                }
                long winners = 0;
                for (Future<Boolean> racer : pool.invokeAll(racers)) {
                    winners += racer.get() ? 1 : 0;
                }
                assertThat(winners).isEqualTo(1);
                assertThat(life.state()).isEqualTo(LifeState.DRAINING);
            }
        } finally {
            pool.shutdown();
        }
    }

    private static Life lifeIn(LifeState state) {
        Life life = new Life();
        switch (state) {
            case OPENING -> {}
            case OPEN -> life.open();
            case DRAINING -> {
                life.open();
                life.drain();
            }
            case CLOSED -> {
                life.open();
                life.drain();
                life.closed();
            }
            case FAILED -> {
                life.open();
                life.fail(CAUSE);
            }
        }
        assertThat(life.state()).isEqualTo(state);
        return life;
    }
}
