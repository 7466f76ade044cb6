package network;

import java.util.Locale;

/**
 * What one phase of one side gave. Of a phase that appends the unit is an append, of one that reads a gigabyte of values.
 *
 * @param rate units in a second
 */
record Measured(String side, double rate, double p50Micros, double p99Micros, double serverCpuMicros, double ownCpuMicros) {
    /** A line of the log. */
    String line() {
        return String.format(
                Locale.ROOT,
                "%-9s rate=%-10s p50=%.0f us p99=%.0f us cpu of server=%s own=%s",
                side,
                number(rate),
                p50Micros,
                p99Micros,
                number(serverCpuMicros),
                number(ownCpuMicros));
    }

    static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 100 ? "%.2f" : "%.0f", value);
    }
}
