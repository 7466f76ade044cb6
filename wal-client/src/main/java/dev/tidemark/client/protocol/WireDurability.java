package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Durability;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@link Durability} as a byte, with one more that stands for what the log is configured to. */
final class WireDurability {
    private static final int OF_THE_LOG = 0;

    private WireDurability() {}

    static int code(Optional<Durability> durability) {
        return durability.map(WireDurability::code).orElse(OF_THE_LOG);
    }

    static int code(Durability durability) {
        return switch (durability) {
            case ACCEPTED -> 1;
            case WRITTEN -> 2;
            case SYNCED -> 3;
        };
    }

    /** Null for a byte that stands for none; {@link #OF_THE_LOG} is not asked here. */
    static @Nullable Durability ofCode(int code) {
        return switch (code) {
            case 1 -> Durability.ACCEPTED;
            case 2 -> Durability.WRITTEN;
            case 3 -> Durability.SYNCED;
            default -> null;
        };
    }

    static boolean isOfTheLog(int code) {
        return code == OF_THE_LOG;
    }
}
