package dev.tidemark.cli;

/**
 * Marks up text for a terminal, or leaves it as it is.
 *
 * @param isOn whether there is a terminal that wants colours
 */
record Paint(boolean isOn) {

    String bold(String text) {
        return in("1", text);
    }

    String faint(String text) {
        return in("2", text);
    }

    String red(String text) {
        return in("31", text);
    }

    String green(String text) {
        return in("32", text);
    }

    String yellow(String text) {
        return in("33", text);
    }

    private String in(String code, String text) {
        return isOn ? "\u001b[" + code + 'm' + text + "\u001b[0m" : text;
    }
}
