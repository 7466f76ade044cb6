package dev.tidemark.damage;

import dev.tidemark.wal.io.SimulatedDisk;
import java.util.SplittableRandom;

/**
 * One store, damaged in one way, and judged. The same two numbers give the same trial.
 *
 * @param seed of the store
 * @param number of the trial on that store
 */
record Trial(long seed, int number) {
    /** The property that replays one trial: its value is what {@link #toString} prints. */
    static final String REPLAY = "tidemark.damage";

    /** One trial in so many is also mended: by a repair, or by the policy {@code QUARANTINE}. */
    private static final int MENDED_OF = 8;

    static Trial parse(String text) {
        String[] parts = text.split("/", 2);
        return new Trial(Long.parseLong(parts[0]), Integer.parseInt(parts[1]));
    }

    /** Does it, and notes it. */
    void run(Specimen specimen, DamageTally tally) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
        SimulatedDisk disk = specimen.copy();
        Injury injury = new Injurer(specimen, disk, random).inflict();
        SimulatedDisk toBeMended = disk.copy();
        toBeMended.recordNothing();
        try {
            if (number % MENDED_OF == 0) {
                Mending mending = new Mending(specimen, injury, toBeMended, new SplittableRandom(seed ^ number));
                mending.judge(number % (2 * MENDED_OF) == 0);
                tally.add(mending);
            }
            tally.add(this, injury, new Judge(specimen, injury, disk, random).judge());
        } catch (RuntimeException | AssertionError | OutOfMemoryError e) {
            throw new AssertionError(
                    "trial " + this + ": " + e.getMessage()
                            + "\n  store: " + specimen.shape()
                            + "\n  damage: " + injury
                            + "\n  again with: mvn -pl recovery-tests -am test -Dtest=DamageTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false -D" + REPLAY + "=" + this,
                    e);
        }
    }

    /** What it does, for people. */
    String describe(Specimen specimen) {
        SimulatedDisk disk = specimen.copy();
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
        return "trial " + this + "\n  store: " + specimen.shape() + "\n  damage: "
                + new Injurer(specimen, disk, random).inflict();
    }

    @Override
    public String toString() {
        return seed + "/" + number;
    }
}
