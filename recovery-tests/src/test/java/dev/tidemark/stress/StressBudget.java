package dev.tidemark.stress;

/** How much the tests of this package do: the property {@code tidemark.budget}, and numbers of their own that override it. */
enum StressBudget {
    SHORT,
    NORMAL,
    LONG;

    static StressBudget present() {
        return switch (System.getProperty("tidemark.budget", "normal")) {
            case "short" -> SHORT;
            case "long" -> LONG;
            default -> NORMAL;
        };
    }

    /** The number for this budget, unless the property says another. */
    static long number(String property, long inShort, long inNormal, long inLong) {
        long usual = switch (present()) {
            case SHORT -> inShort;
            case NORMAL -> inNormal;
            case LONG -> inLong;
        };
        return Long.getLong(property, usual);
    }
}
