package dev.tidemark.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.Semaphore;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The control: what {@code RoundWriter} would be if the holder of a right looked for work <em>before</em> releasing it. It has to
 * fail; if it passes, the others' passing means nothing.
 */
@JCStressTest
@Outcome(
        id = {"true, false", "false, true", "true, true"},
        expect = ACCEPTABLE,
        desc = "somebody is at the work")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "the work is left with nobody at it")
@State
public class BrokenHandOver {
    private final Semaphore right = new Semaphore(0);
    private volatile boolean isWorkThere;

    /** Looks, then releases: the wrong way round. */
    @Actor
    public void holder(ZZ_Result atWork) {
        atWork.r1 = isWorkThere;
        right.release();
    }

    /** Publishes, then tries. */
    @Actor
    public void bringer(ZZ_Result atWork) {
        isWorkThere = true;
        atWork.r2 = right.tryAcquire();
    }
}
