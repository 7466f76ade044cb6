package dev.tidemark.server.security;

import dev.tidemark.client.protocol.MessageKind;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.server.security.Rights.Right;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which right a request needs. The decision is made from the name of the partition alone, before anybody looks whether there is one: so what is said to who has no right, and how long it takes,
 * tells nothing about that.
 */
public final class Gate {
    /** Of these rights one is needed. */
    private static final Map<MessageKind, Set<Right>> NEEDED = needed();

    /** {@code LIST} leaves out what one may not know; the others are about nothing that was not permitted before. */
    private static final Set<MessageKind> FREE = EnumSet.of(
            MessageKind.HELLO, MessageKind.PING, MessageKind.LIST, MessageKind.CREDIT, MessageKind.UNSUBSCRIBE);

    private Gate() {}

    private static Map<MessageKind, Set<Right>> needed() {
        EnumMap<MessageKind, Set<Right>> needed = new EnumMap<>(MessageKind.class);
        needed.put(MessageKind.PRODUCE, EnumSet.of(Right.PRODUCE));
        needed.put(MessageKind.SYNC, EnumSet.of(Right.PRODUCE));
        needed.put(MessageKind.FETCH, EnumSet.of(Right.FETCH));
        needed.put(MessageKind.SUBSCRIBE, EnumSet.of(Right.FETCH));
        // Opens what is there; who may make it is asked when there is none.
        needed.put(MessageKind.CREATE, Rights.ANY);
        needed.put(MessageKind.OFFSETS, Rights.ANY);
        needed.put(MessageKind.DESCRIBE, EnumSet.of(Right.FETCH, Right.ADMIN, Right.MONITOR));
        needed.put(MessageKind.CHECKPOINTS, EnumSet.of(Right.FETCH, Right.ADMIN, Right.MONITOR));
        needed.put(MessageKind.SET_CHECKPOINT, EnumSet.of(Right.FETCH, Right.ADMIN));
        needed.put(MessageKind.REMOVE_CHECKPOINT, EnumSet.of(Right.FETCH, Right.ADMIN));
        needed.put(MessageKind.TRIM, EnumSet.of(Right.ADMIN));
        needed.put(MessageKind.DELETE, EnumSet.of(Right.ADMIN));
        return needed;
    }

    /** Why the request is refused, if it is. A kind of which nobody has said who may send it is a mistake of ours, and is not served. */
    public static Optional<WalException> refusal(Identity identity, Rights rights, Request request) {
        Set<Right> oneOf = NEEDED.get(request.kind());
        if (oneOf == null && FREE.contains(request.kind())) {
            return Optional.empty();
        }
        if (oneOf == null || !(request instanceof Request.OfPartition about)) {
            throw new IllegalStateException("nobody has said who may send this: kind=" + request.kind());
        }
        return rights.hasAny(oneOf, about.partition())
                ? Optional.empty()
                : Optional.of(refused(identity, oneOf, about.partition(), request instanceof Request.Produce));
    }

    private static WalException refused(
            Identity identity, Set<Right> oneOf, PartitionName partition, boolean isAppend) {
        String needed = oneOf.stream()
                .sorted()
                .map(right -> right.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining("|"));
        String said = "not permitted: identity=" + identity.name() + " needs=" + needed + " partition="
                + partition.name() + '-' + partition.number();
        return isAppend
                ? new AppendRefusedException(ErrorCode.NOT_PERMITTED, said)
                : new UnavailableException(ErrorCode.NOT_PERMITTED, said);
    }
}
