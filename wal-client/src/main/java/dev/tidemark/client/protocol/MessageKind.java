package dev.tidemark.client.protocol;

import org.jspecify.annotations.Nullable;

/** What a message is. An answer has the code of its request and the top bit. Codes are never reused. */
public enum MessageKind {
    HELLO(0x01),
    PING(0x02),
    PRODUCE(0x03),
    FETCH(0x04),
    SUBSCRIBE(0x05),
    CREDIT(0x06),
    UNSUBSCRIBE(0x07),
    OFFSETS(0x08),
    CREATE(0x09),
    LIST(0x0a),
    DESCRIBE(0x0b),
    DELETE(0x0c),
    TRIM(0x0d),
    CHECKPOINTS(0x0e),
    SET_CHECKPOINT(0x0f),
    REMOVE_CHECKPOINT(0x10),
    SYNC(0x11),

    WELCOME(0x81),
    PONG(0x82),
    PRODUCED(0x83),
    FETCHED(0x84),
    SUBSCRIBED(0x85),
    /** Frames of a subscription. Its number goes with {@code CREDIT}, which has no other answer. */
    PUSHED(0x86),
    UNSUBSCRIBED(0x87),
    FOUND(0x88),
    CREATED(0x89),
    LISTED(0x8a),
    DESCRIBED(0x8b),
    DELETED(0x8c),
    TRIMMED(0x8d),
    CHECKPOINTS_ARE(0x8e),
    CHECKPOINT_SET(0x8f),
    CHECKPOINT_REMOVED(0x90),
    SYNCED(0x91),
    ERROR(0xff);

    private static final @Nullable MessageKind[] BY_CODE = byCode();

    private final int code;

    MessageKind(int code) {
        this.code = code;
    }

    /** The byte on the wire. */
    public int code() {
        return code;
    }

    /** Whether it goes from the client to the server. */
    public boolean isRequest() {
        return code < 0x80;
    }

    static @Nullable MessageKind ofCode(int code) {
        return BY_CODE[code];
    }

    private static @Nullable MessageKind[] byCode() {
        @Nullable MessageKind[] kinds = new @Nullable MessageKind[256];
        for (MessageKind kind : values()) {
            kinds[kind.code] = kind;
        }
        return kinds;
    }
}
