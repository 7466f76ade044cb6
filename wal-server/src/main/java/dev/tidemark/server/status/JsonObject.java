package dev.tidemark.server.status;

import java.util.List;

/**
 * An object of JSON, written field by field.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class JsonObject {
    private final StringBuilder text = new StringBuilder("{");

    JsonObject put(String name, String value) {
        key(name);
        quote(value);
        return this;
    }

    JsonObject put(String name, long value) {
        key(name).append(value);
        return this;
    }

    /** What is no number is null: JSON has none for it. */
    JsonObject put(String name, double value) {
        key(name);
        if (!Double.isFinite(value)) {
            text.append("null");
        } else if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            text.append((long) value);
        } else {
            text.append(value);
        }
        return this;
    }

    JsonObject put(String name, boolean value) {
        key(name).append(value);
        return this;
    }

    JsonObject put(String name, JsonObject value) {
        key(name).append(value);
        return this;
    }

    JsonObject put(String name, List<JsonObject> values) {
        key(name).append('[');
        for (int i = 0; i < values.size(); i++) {
            text.append(i == 0 ? "" : ",").append(values.get(i));
        }
        text.append(']');
        return this;
    }

    JsonObject putTexts(String name, List<String> values) {
        key(name).append('[');
        for (int i = 0; i < values.size(); i++) {
            text.append(i == 0 ? "" : ",");
            quote(values.get(i));
        }
        text.append(']');
        return this;
    }

    private StringBuilder key(String name) {
        if (text.length() > 1) {
            text.append(',');
        }
        quote(name);
        return text.append(':');
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c) || c == '<' || c == '>' || c == '&') {
                // The last three for whoever shows the answer where it is taken for a page.
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    @Override
    public String toString() {
        return text + "}";
    }
}
