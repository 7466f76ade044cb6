package dev.tidemark.wal.format;

/** Numbers in file names: ASCII digits only, no sign, bounded. {@code Long.parseLong} would take other scripts' digits and a sign. */
final class Decimal {

    private Decimal() {}

    /** The number that {@code text} spells between the two indexes, or -1 when it spells none or one above {@code max}. */
    static long parse(String text, int from, int to, long max) {
        if (from >= to || to > text.length()) {
            return -1;
        }
        long number = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || number > (max - digit) / 10) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
