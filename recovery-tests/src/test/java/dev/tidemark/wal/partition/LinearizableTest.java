package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What of ours is shared without a lock and has more than one writer, under Lincheck: in each interleaving of a few calls it does what
 * it would do if they came one after the other. It tries the interleavings of its own machine, whose memory is sequentially
 * consistent; what weaker memory does is for the cases of jcstress.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LinearizableTest {
    private static final int SCENARIOS = Integer.getInteger("tidemark.lincheck", 12);

    private static ModelCheckingOptions options() {
        return new ModelCheckingOptions()
                .iterations(SCENARIOS)
                .invocationsPerIteration(400)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(2)
                .actorsAfter(1);
    }

    @Test
    void stepsOfALife_comeOneAfterTheOther() {
        options().check(LifeSteps.class);
    }

    @Test
    void bytesOfABudget_areNeitherLostNorThereTwice() {
        options().check(Budget.class);
    }

    @Test
    void aBudgetThatLooksAndThenStores_isFound() {
        assertThatThrownBy(() -> options().check(BrokenBudget.class))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Invalid execution results");
    }

    /** The state machine of a store or partition. */
    public static class LifeSteps {
        private static final WalException CAUSE = new UnavailableException(ErrorCode.PARTITION_CLOSED, "a cause");

        private final Life life = new Life();

        /** Opens. */
        @Operation
        public boolean open() {
            return life.open();
        }

        /** Begins to close. */
        @Operation
        public boolean drain() {
            return life.drain();
        }

        /** Ends. */
        @Operation
        public boolean closed() {
            return life.closed();
        }

        /** Fails. */
        @Operation
        public boolean fail() {
            return life.fail(CAUSE);
        }

        /** Looks. */
        @Operation
        public LifeState state() {
            return life.state();
        }

        /** Looks. */
        @Operation
        public boolean hasFailure() {
            return life.failure().isPresent();
        }
    }

    /** The part of the memory budget that takes no lock: nobody waits. */
    public static class Budget {
        private static final Clock CLOCK = Environment.real().clock();
        private static final int LIMIT = 30;

        private final QueueMemory memory = new QueueMemory(
                LIMIT,
                CLOCK,
                RankedLock.exclusive(
                        LockRank.MEMORY,
                        new CompositeMeterRegistry().timer("waits"),
                        CLOCK,
                        TimeUnit.SECONDS.toNanos(30)));

        /** With most of it taken: what is given back below never is more. */
        public Budget() {
            memory.tryTake(LIMIT - 1);
        }

        /** One. */
        @Operation
        public boolean takeOne() {
            return memory.tryTake(1);
        }

        /** More than there may be. */
        @Operation
        public boolean takeTwo() {
            return memory.tryTake(2);
        }

        /** One. */
        @Operation
        public void give() {
            memory.give(1);
        }

        /** Looks. */
        @Operation
        public long taken() {
            return memory.takenBytes();
        }
    }

    /** The control: what a budget would be without compare and set. */
    public static class BrokenBudget {
        // More than the calls before the race can take.
        private volatile long free = 5;

        /** Looks, then stores. */
        @Operation
        public boolean takeOne() {
            long seen = free;
            if (seen < 1) {
                return false;
            }
            free = seen - 1;
            return true;
        }
    }
}
