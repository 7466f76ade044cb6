package dev.tidemark.cli;

/**
 * Marks up text for a terminal, or leaves it as it is.
 *
 * @param isOn whether there is a terminal that wants colours
 */
public record Paint(boolean isOn) {

    /** In this style. */
    public String bold(String text) {
        return in("1", text);
    }

    /** In this style. */
    public String faint(String text) {
        return in("2", text);
    }

    /** In this style. */
    public String red(String text) {
        return in("31", text);
    }

    /** In this style. */
    public String green(String text) {
        return in("32", text);
    }

    /** In this style. */
    public String yellow(String text) {
        return in("33", text);
    }

    private String in(String code, String text) {
        return isOn ? "\u001b[" + code + 'm' + text + "\u001b[0m" : text;
    }
}
