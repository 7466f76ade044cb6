package dev.tidemark.wal.format;

import org.jspecify.annotations.Nullable;

/** What a frame's payload is. The codes are part of the format and are never reused. */
public enum FrameKind {
    /** The payload is one value; the frame takes exactly one offset. */
    RAW(1),
    /** The payload is {@code count} records with key, value, headers and timestamp: see {@code RecordsReader}. */
    RECORDS(2),
    /** Another protocol's batch, kept verbatim; whoever appended it said how many offsets it takes. */
    OPAQUE(3),
    /** The last frame of a finished segment: see {@code SealPayload}. */
    SEAL(4),
    /** A proof, or the snapshot that a clean close leaves behind: see {@code ControlPayload}. */
    CONTROL(5),
    /** Fills a block that a write in direct mode must not leave half empty. Carries nothing. */
    PAD(6);

    private static final @Nullable FrameKind[] BY_CODE = byCode();

    private final int code;

    FrameKind(int code) {
        this.code = code;
    }

    /** The kind with this code, or null when version 1 has no such kind. */
    static @Nullable FrameKind ofCode(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }

    public int code() {
        return code;
    }

    /** Whether frames of this kind take offsets, so that a reader of the log is shown their payload. */
    public boolean takesOffsets() {
        return this == RAW || this == RECORDS || this == OPAQUE;
    }

    /** Whether a frame of this kind may say it takes {@code count} offsets. */
    boolean allowsCount(int count) {
        if (!takesOffsets()) {
            return count == 0;
        }
        return this == RAW ? count == 1 : count >= 1;
    }

    private static @Nullable FrameKind[] byCode() {
        @Nullable FrameKind[] kinds = new @Nullable FrameKind[values().length + 1];
        for (FrameKind kind : values()) {
            kinds[kind.code] = kind;
        }
        return kinds;
    }
}
