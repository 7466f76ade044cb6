package dev.tidemark.crash;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Random numbers that remember which step drew them: so a workload can be run again without some of its steps, and the others draw
 * what they drew before. A step that draws more than it did goes on with numbers of its own.
 *
 * <p><b>Threads.</b> One.
 */
final class Tape implements RandomGenerator {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;
    private final @Nullable Tape recorded;
    private SplittableRandom source;
    private long[] drawn = new long[256];
    private int size;
    /** Where each step begins; step 0 is what comes before the first. */
    private int[] begins = new int[64];

    private int step;
    private int playedTo;
    private int playEnd;

    private Tape(long seed, @Nullable Tape recorded) {
        this.seed = seed;
        this.recorded = recorded;
        this.source = new SplittableRandom(seed);
        play(0);
    }

    /** What a {@link SplittableRandom} of this seed gives, recorded. */
    static Tape record(long seed) {
        return new Tape(seed, null);
    }

    /** The same numbers for the same steps, whichever of them are taken. */
    Tape again() {
        return new Tape(seed, this);
    }

    /** What is drawn from here on belongs to this step; steps come in order. */
    void step(int number) {
        while (step < number) {
            step++;
            if (step == begins.length) {
                begins = Arrays.copyOf(begins, 2 * step);
            }
            begins[step] = size;
        }
        play(number);
    }

    private void play(int number) {
        Tape other = recorded;
        if (other != null) {
            playedTo = number <= other.step ? other.begins[number] : other.size;
            playEnd = number < other.step ? other.begins[number + 1] : other.size;
            source = new SplittableRandom(seed + (number + 1) * GOLDEN);
        }
    }

    @Override
    public long nextLong() {
        Tape other = recorded;
        return note(other != null && playedTo < playEnd ? other.drawn[playedTo++] : source.nextLong());
    }

    @Override
    public int nextInt() {
        Tape other = recorded;
        return (int) note(other != null && playedTo < playEnd ? other.drawn[playedTo++] : source.nextInt());
    }

    private long note(long value) {
        if (size == drawn.length) {
            drawn = Arrays.copyOf(drawn, 2 * size);
        }
        drawn[size++] = value;
        return value;
    }
}
