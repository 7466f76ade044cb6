package dev.tidemark.client.protocol;

import org.jspecify.annotations.Nullable;

/** What the payload of a {@code PRODUCE} is. */
public enum Shape {
    /** One value; takes one offset. */
    VALUE(1),
    /** Records, encoded as in a segment file ({@code docs/format.md}). */
    RECORDS(2),
    /** Another protocol's batch, kept verbatim. */
    OPAQUE(3);

    private final int code;

    Shape(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static @Nullable Shape ofCode(int code) {
        return switch (code) {
            case 1 -> VALUE;
            case 2 -> RECORDS;
            case 3 -> OPAQUE;
            default -> null;
        };
    }
}
