package dev.tidemark.benchmarks;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One result: a flat JSON object on one line, with the fields in the order in which they were put. The harnesses below {@code benchmarks} write the
 * same, with the same names of fields.
 */
public final class JsonLine {
    private static final Pattern FIELD = Pattern.compile(
            "\"([a-zA-Z0-9_]+)\"\\s*:\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(-?[0-9][-+0-9.eE]*)|(true|false|null))");

    private final Map<String, String> fields = new LinkedHashMap<>();
    private final Map<String, Boolean> isText = new LinkedHashMap<>();

    /** Adds text. */
    public JsonLine put(String name, String text) {
        fields.put(name, text);
        isText.put(name, true);
        return this;
    }

    /** Adds a whole number. */
    public JsonLine put(String name, long number) {
        fields.put(name, Long.toString(number));
        isText.put(name, false);
        return this;
    }

    /** Adds a number, with four digits that count; one that is none is left out. */
    public JsonLine put(String name, double number) {
        if (Double.isFinite(number)) {
            fields.put(name, Math.abs(number) >= 1000 ? Long.toString(Math.round(number)) : fourDigits(number));
            isText.put(name, false);
        }
        return this;
    }

    private static String fourDigits(double number) {
        return String.format(Locale.ROOT, "%.4g", number);
    }

    /** Takes over all fields of another line. */
    public JsonLine putAll(JsonLine other) {
        fields.putAll(other.fields);
        isText.putAll(other.isText);
        return this;
    }

    /** Whether there is a field of this name. */
    public boolean has(String name) {
        return fields.containsKey(name);
    }

    /** The text of a field; empty if there is none. */
    public String text(String name) {
        return fields.getOrDefault(name, "");
    }

    /** The number in a field; {@code NaN} if there is none. */
    public double number(String name) {
        String value = fields.get(name);
        if (value == null) {
            return Double.NaN;
        }
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /** Reads what is flat of one line; anything else in it is passed over. */
    public static JsonLine parse(String line) {
        JsonLine parsed = new JsonLine();
        Matcher matcher = FIELD.matcher(line);
        while (matcher.find()) {
            String name = matcher.group(1);
            String text = matcher.group(2);
            if (text != null) {
                parsed.put(name, text.replaceAll("\\\\(.)", "$1"));
            } else {
                String number = matcher.group(3);
                parsed.fields.put(name, number != null ? number : matcher.group(4));
                parsed.isText.put(name, false);
            }
        }
        return parsed;
    }

    /** The line, without an end of line. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder("{");
        fields.forEach((name, value) -> {
            if (out.length() > 1) {
                out.append(',');
            }
            out.append('"').append(name).append("\":");
            if (Boolean.TRUE.equals(isText.get(name))) {
                out.append('"').append(escaped(value)).append('"');
            } else {
                out.append(value);
            }
        });
        return out.append('}').toString();
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else {
                out.append(c < ' ' ? ' ' : c);
            }
        }
        return out.toString();
    }
}
