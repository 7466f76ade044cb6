package dev.tidemark.cli;

import java.util.function.Consumer;

/**
 * One JSON object on one line, field by field. Few fields and no nesting to speak of: not worth a library.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
public final class Json {
    private final StringBuilder text = new StringBuilder("{");

    /** An object without fields yet. */
    public Json() {}

    /** A field that is a text. */
    public Json put(String name, String value) {
        return raw(name, quoted(value));
    }

    /** A field that is a number. */
    public Json put(String name, long value) {
        return raw(name, Long.toString(value));
    }

    /** A field that is true or false. */
    public Json put(String name, boolean value) {
        return raw(name, Boolean.toString(value));
    }

    /** A field whose value is JSON already. */
    public Json raw(String name, String json) {
        if (text.length() > 1) {
            text.append(',');
        }
        text.append(quoted(name)).append(':').append(json);
        return this;
    }

    /** A field that is an array, an object an item. */
    public <T> Json putEach(String name, Iterable<T> items, Consumer<? super Item<T>> fill) {
        StringBuilder array = new StringBuilder("[");
        for (T item : items) {
            Json object = new Json();
            fill.accept(new Item<>(item, object));
            array.append(array.length() > 1 ? "," : "").append(object);
        }
        return raw(name, array.append(']').toString());
    }

    /**
     * One item of an array.
     *
     * @param <T> what it is made of
     * @param value what it is made of
     * @param json where its fields go
     */
    public record Item<T>(T value, Json json) {}

    /** A text as JSON writes it. */
    public static String quoted(String value) {
        StringBuilder out = new StringBuilder(value.length() + 2).append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || (Character.isSurrogate(c) && !isPaired(value, i))) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"').toString();
    }

    /** A lone surrogate has no UTF-8: it would come out as a question mark. */
    private static boolean isPaired(String value, int at) {
        char c = value.charAt(at);
        if (Character.isHighSurrogate(c)) {
            return at + 1 < value.length() && Character.isLowSurrogate(value.charAt(at + 1));
        }
        return at > 0 && Character.isHighSurrogate(value.charAt(at - 1));
    }

    @Override
    public String toString() {
        return text + "}";
    }
}
