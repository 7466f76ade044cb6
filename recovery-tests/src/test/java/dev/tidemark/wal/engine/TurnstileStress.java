package dev.tidemark.wal.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The fence of a store's disk: a change is refused, or it is over before the lock of the directory is given back. */
public class TurnstileStress {

    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "The change came too late and was refused.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The change was made, and quiet only afterwards.")
    @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "It was said to be quiet while the change was under way.")
    @Outcome(id = "., -1", expect = FORBIDDEN, desc = "Nobody ever said that it is quiet: the lock is kept for good.")
    @State
    public static class ChangeOrFence {
        private final Turnstile changes = new Turnstile();
        private int disk;
        private volatile int seenWhenQuiet = -1;

        @Actor
        public void change(II_Result result) {
            if (changes.enter()) {
                disk = 1;
                result.r1 = 1;
                changes.leave();
            }
        }

        @Actor
        public void fence() {
            changes.shut();
            changes.whenEmpty(() -> seenWhenQuiet = disk);
        }

        @Arbiter
        public void afterwards(II_Result result) {
            result.r2 = seenWhenQuiet;
        }
    }
}
