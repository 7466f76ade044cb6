package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.LifeState;
import org.jspecify.annotations.Nullable;

/** {@link LifeState} as a byte. */
final class WireState {
    private WireState() {}

    static int code(LifeState state) {
        return switch (state) {
            case OPENING -> 0;
            case OPEN -> 1;
            case DRAINING -> 2;
            case CLOSED -> 3;
            case FAILED -> 4;
        };
    }

    static @Nullable LifeState ofCode(int code) {
        return switch (code) {
            case 0 -> LifeState.OPENING;
            case 1 -> LifeState.OPEN;
            case 2 -> LifeState.DRAINING;
            case 3 -> LifeState.CLOSED;
            case 4 -> LifeState.FAILED;
            default -> null;
        };
    }
}
