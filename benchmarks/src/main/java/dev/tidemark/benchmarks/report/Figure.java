package dev.tidemark.benchmarks.report;

import java.util.Locale;

/** Numbers as people read them. */
final class Figure {
    private Figure() {}

    /** Three digits that count, and a letter for thousands: {@code 1.34M}, {@code 117k}, {@code 27.4}. */
    static String brief(double value) {
        double size = Math.abs(value);
        if (size >= 999.5e6) {
            return threeDigits(value / 1e9) + "G";
        }
        if (size >= 999_500) {
            return threeDigits(value / 1e6) + "M";
        }
        if (size >= 999.5) {
            return threeDigits(value / 1e3) + "k";
        }
        return threeDigits(value);
    }

    private static String threeDigits(double value) {
        double size = Math.abs(value);
        String format = size >= 99.95 ? "%.0f" : size >= 9.995 ? "%.1f" : "%.2f";
        String text = String.format(Locale.ROOT, format, value);
        if (text.indexOf('.') < 0) {
            return text;
        }
        String shorter = text.replaceAll("0+$", "");
        return shorter.endsWith(".") ? shorter.substring(0, shorter.length() - 1) : shorter;
    }

    /** A size: {@code 16 B}, {@code 4 KiB}, {@code 1 MiB}. */
    static String bytes(double value) {
        if (value >= 1 << 20 && value % (1 << 20) == 0) {
            return brief(value / (1 << 20)) + " MiB";
        }
        if (value >= 1 << 10 && value % (1 << 10) == 0) {
            return brief(value / (1 << 10)) + " KiB";
        }
        return brief(value) + " B";
    }
}
