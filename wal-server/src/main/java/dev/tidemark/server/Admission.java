package dev.tidemark.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts connections, and says whether there may be one more: in all, of one address, and of those that have not said hello. So nobody who has not shown who he is takes all of the room,
 * and nobody takes it from one place.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> A connection is counted before it is looked whether that is too many, and one that is too many is counted until it has gone. So there are never more than the limit that stay; and
 * where several come at once at the limit, one too few may be let in.
 */
final class Admission {
    /** Of an address of version 6, whoever has one has as many as there are behind these bytes. */
    private static final int NETWORK_BYTES = 8;

    private final int max;
    private final int maxOfAddress;
    private final int maxStrangers;
    private final AtomicInteger all;
    private final AtomicInteger strangers;
    private final ConcurrentHashMap<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();

    /**
     * Nobody is there yet.
     *
     * @param maxStrangers how many there may be that have not said hello
     * @param all counts all, for whoever else wants to know
     * @param strangers counts those that have not said hello
     */
    Admission(int max, int maxOfAddress, int maxStrangers, AtomicInteger all, AtomicInteger strangers) {
        this.max = max;
        this.maxOfAddress = maxOfAddress;
        this.maxStrangers = maxStrangers;
        this.all = all;
        this.strangers = strangers;
    }

    /** Why one is not let in. */
    record Refusal(ServerMeters.End end, String why) {}

    /** One connection, from its first moment to its last. Used by its own event loop only. */
    final class Guest {
        private final InetAddress address;
        private boolean isStranger = true;
        private boolean isGone;

        private Guest(InetAddress address) {
            this.address = address;
        }

        /** It has said hello, and was let in. */
        void isKnown() {
            if (isStranger) {
                isStranger = false;
                strangers.decrementAndGet();
            }
        }

        void leave() {
            if (!isGone) {
                isGone = true;
                isKnown();
                all.decrementAndGet();
                byAddress.computeIfPresent(address, (from, count) -> count > 1 ? count - 1 : null);
            }
        }

        /** Why it may not stay, if it may not. */
        Optional<Refusal> refusal() {
            if (all.get() > max) {
                return refused(ServerMeters.End.LIMIT, "too many connections", max);
            } else if (byAddress.getOrDefault(address, 0) > maxOfAddress) {
                return refused(ServerMeters.End.ADDRESS_LIMIT, "too many connections from your address", maxOfAddress);
            } else if (isStranger && strangers.get() > maxStrangers) {
                return refused(
                        ServerMeters.End.STRANGER_LIMIT,
                        "too many connections that have not said hello yet",
                        maxStrangers);
            }
            return Optional.empty();
        }

        private Optional<Refusal> refused(ServerMeters.End end, String what, int limit) {
            return Optional.of(new Refusal(end, what + ": limit=" + limit));
        }
    }

    /** One has come; it is to leave, too, also when it is refused. */
    Guest enter(SocketAddress from) {
        InetAddress address = place(from);
        all.incrementAndGet();
        strangers.incrementAndGet();
        byAddress.merge(address, 1, Integer::sum);
        return new Guest(address);
    }

    /** What counts as one address. */
    static InetAddress place(SocketAddress from) {
        if (!(from instanceof InetSocketAddress known) || known.getAddress() == null) {
            // Gone before it was looked at.
            return InetAddress.getLoopbackAddress();
        }
        if (!(known.getAddress() instanceof Inet6Address address)) {
            return known.getAddress();
        }
        byte[] network = Arrays.copyOf(Arrays.copyOf(address.getAddress(), NETWORK_BYTES), 16);
        try {
            return InetAddress.getByAddress(network);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("sixteen bytes are an address", e);
        }
    }

    /** Of how many addresses there are some. */
    int addresses() {
        return byAddress.size();
    }
}
