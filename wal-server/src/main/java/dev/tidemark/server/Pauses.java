package dev.tidemark.server;

import io.netty.channel.Channel;
import java.util.EnumSet;

/**
 * Why a connection is not read at the moment; it is, when there is no reason left.
 *
 * <p><b>Threads.</b> The connection's event loop.
 */
final class Pauses {
    /** Why. */
    enum Reason {
        /** Its requests have too many bytes. */
        REQUESTS,
        /** All requests together have too many bytes. */
        ALL_REQUESTS,
        /** An append waits for room in the log. */
        APPEND,
        /** Its identity has sent too many requests in a second. */
        RATE,
        /** It does not take its answers. */
        ANSWERS
    }

    private final Channel channel;
    private final ServerMeters meters;
    private final EnumSet<Reason> reasons = EnumSet.noneOf(Reason.class);

    Pauses(Channel channel, ServerMeters meters) {
        this.channel = channel;
        this.meters = meters;
    }

    void set(Reason reason, boolean isOn) {
        boolean wasReading = reasons.isEmpty();
        if (isOn) {
            if (reasons.add(reason)) {
                meters.paused(reason);
            }
        } else {
            reasons.remove(reason);
        }
        if (wasReading != reasons.isEmpty()) {
            channel.config().setAutoRead(reasons.isEmpty());
        }
    }

    boolean has(Reason reason) {
        return reasons.contains(reason);
    }

    boolean isReading() {
        return reasons.isEmpty();
    }
}
