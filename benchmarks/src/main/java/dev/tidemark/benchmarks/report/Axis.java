package dev.tidemark.benchmarks.report;

import java.util.ArrayList;
import java.util.List;

/** From the least to the most of an axis, with round numbers in between. */
record Axis(double least, double most, boolean isLogarithmic, List<Double> ticks) {

    /** From 0 to a round number that is enough. */
    static Axis fromZero(double most) {
        double step = roundStep(most / 4);
        List<Double> ticks = new ArrayList<>();
        int steps = Math.max(1, (int) Math.ceil(most / step - 1e-9));
        for (int i = 0; i <= steps; i++) {
            ticks.add(i * step);
        }
        return new Axis(0, steps * step, false, ticks);
    }

    /** From a power of ten to another. */
    static Axis logarithmic(double least, double most) {
        int from = (int) Math.floor(Math.log10(least) + 1e-9);
        int to = Math.max(from + 1, (int) Math.ceil(Math.log10(most) - 1e-9));
        List<Double> ticks = new ArrayList<>();
        for (int i = from; i <= to; i++) {
            ticks.add(Math.pow(10, i));
        }
        return new Axis(Math.pow(10, from), Math.pow(10, to), true, ticks);
    }

    /** 1, 2 or 5 times a power of ten, at least so much. */
    private static double roundStep(double atLeast) {
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(atLeast, 1e-9))));
        for (double factor : new double[] {1, 2, 5}) {
            if (factor * power >= atLeast - 1e-9) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    /** How far up it is, from 0 to 1. */
    double share(double value) {
        return isLogarithmic
                ? (Math.log10(value) - Math.log10(least)) / (Math.log10(most) - Math.log10(least))
                : (value - least) / (most - least);
    }
}
