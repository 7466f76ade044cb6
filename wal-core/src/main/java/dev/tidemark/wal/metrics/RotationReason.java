package dev.tidemark.wal.metrics;

import java.util.Locale;

/** Why a segment was sealed. */
public enum RotationReason {
    /** The next append did not fit any more. */
    SIZE,
    /** It had been in use for long enough. */
    AGE,
    /** Somebody asked for it. */
    REQUEST,
    /** Recovery had cut its end, so nothing may be written behind that place. */
    RECOVERY;

    private final String label;

    RotationReason() {
        label = name().toLowerCase(Locale.ROOT);
    }

    /** The value of the tag {@code reason}. */
    public String label() {
        return label;
    }
}
