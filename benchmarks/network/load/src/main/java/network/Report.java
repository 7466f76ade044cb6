package network;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What the pairs say: a row of a table for each quantity, with the median of both sides, and the median and the range of the pairs' ratios. */
final class Report {
    private Report() {}

    static void print(String title, List<Measured> a, List<Measured> b, boolean isReading) {
        String nameA = a.get(0).side();
        String nameB = b.get(0).side();
        System.out.printf(
                Locale.ROOT, "%n%s%n%n| | %s | %s | %s : %s (least to most of %d pairs) | %s - %s |%n|---|--:|--:|--:|--:|%n",
                title, nameA, nameB, nameB, nameA, a.size(), nameB, nameA);
        if (isReading) {
            row("GB/s", a, b, Measured::rate);
            row("ms of CPU for a GB, server", a, b, one -> one.serverCpuMicros() / 1e3);
            row("ms of CPU for a GB, reader", a, b, one -> one.ownCpuMicros() / 1e3);
        } else {
            row("appends/s", a, b, Measured::rate);
            row("p50, us", a, b, Measured::p50Micros);
            row("p99, us", a, b, Measured::p99Micros);
            row("us of CPU for an append, server", a, b, Measured::serverCpuMicros);
            row("us of CPU for an append, producers", a, b, Measured::ownCpuMicros);
        }
        System.out.println();
    }

    private static void row(String what, List<Measured> a, List<Measured> b, ToDoubleFunction<Measured> quantity) {
        double[] ofA = sorted(a.stream().mapToDouble(quantity).toArray());
        double[] ofB = sorted(b.stream().mapToDouble(quantity).toArray());
        double[] ratios = new double[a.size()];
        double[] differences = new double[a.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = quantity.applyAsDouble(b.get(i)) / quantity.applyAsDouble(a.get(i));
            differences[i] = quantity.applyAsDouble(b.get(i)) - quantity.applyAsDouble(a.get(i));
        }
        sorted(ratios);
        sorted(differences);
        String compared = Double.isFinite(ratios[ratios.length - 1])
                ? String.format(
                        Locale.ROOT,
                        "%.2f (%.2f to %.2f)",
                        median(ratios),
                        ratios[0],
                        ratios[ratios.length - 1])
                : "";
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s |%n",
                what,
                Measured.number(median(ofA)),
                Measured.number(median(ofB)),
                compared,
                Measured.number(median(differences)));
    }

    private static double[] sorted(double[] values) {
        Arrays.sort(values);
        return values;
    }

    private static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
