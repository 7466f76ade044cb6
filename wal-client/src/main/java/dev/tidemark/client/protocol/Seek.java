package dev.tidemark.client.protocol;

import org.jspecify.annotations.Nullable;

/** What an {@code OFFSETS} request looks for. */
public enum Seek {
    /** Where the log starts. */
    START(0),
    /** The readable end. */
    END(1),
    /** The argument, which is tested: it has to be between start and readable end. */
    OFFSET(2),
    /** The first append at or after the argument, in milliseconds since 1970; the readable end, when there is none. */
    TIMESTAMP(3);

    private final int code;

    Seek(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static @Nullable Seek ofCode(int code) {
        return switch (code) {
            case 0 -> START;
            case 1 -> END;
            case 2 -> OFFSET;
            case 3 -> TIMESTAMP;
            default -> null;
        };
    }
}
