package dev.tidemark.server.security;

import java.util.Locale;

/** Texts that somebody else has chosen, as they are written into a log: nothing in them can end a line, begin another value, or move a terminal's cursor; and they have an end. */
public final class Quoted {
    private static final int MAX_CHARACTERS = 300;

    private Quoted() {}

    /** As it is where that can be no other value, else in quotation marks and escaped. */
    public static String value(String text) {
        if (!text.isEmpty() && text.length() <= MAX_CHARACTERS && text.chars().allMatch(Quoted::isPlain)) {
            return text;
        }
        return '"' + escaped(text) + '"';
    }

    private static boolean isPlain(int character) {
        return (character >= 'a' && character <= 'z')
                || (character >= 'A' && character <= 'Z')
                || (character >= '0' && character <= '9')
                || "._:/@-+".indexOf(character) >= 0;
    }

    /** In one line of visible ASCII, and cut when it is long. */
    public static String escaped(String text) {
        int length = Math.min(text.length(), MAX_CHARACTERS);
        StringBuilder line = new StringBuilder(length + 16);
        for (int i = 0; i < length; i++) {
            char character = text.charAt(i);
            if (character == '"' || character == '\\') {
                line.append('\\').append(character);
            } else if (character >= ' ' && character <= '~') {
                line.append(character);
            } else {
                line.append(String.format(Locale.ROOT, "\\u%04x", (int) character));
            }
        }
        return text.length() > length ? line + "..." : line.toString();
    }
}
