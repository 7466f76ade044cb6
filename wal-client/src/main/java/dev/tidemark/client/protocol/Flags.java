package dev.tidemark.client.protocol;

/** The bits of a message's flags. What they mean depends on the kind; all others are zero. */
final class Flags {
    /** {@code PRODUCE}: id, epoch and sequence of the producer follow the fixed fields. */
    static final int HAS_PRODUCER = 0x01;
    /** {@code PRODUCE}: an expected offset follows. */
    static final int HAS_EXPECTED_OFFSET = 0x02;
    /** {@code PRODUCE}: a partition that does not exist is created. */
    static final int MAY_CREATE = 0x04;
    /** {@code LIST}: the last partition of the page before comes first. */
    static final int HAS_AFTER = 0x01;
    /** {@code DESCRIBED}: an error follows the segments. */
    static final int HAS_FAILURE = 0x01;

    private Flags() {}

    /** The bits that may be set in a message of this kind. */
    static int possible(MessageKind kind) {
        return switch (kind) {
            case PRODUCE -> HAS_PRODUCER | HAS_EXPECTED_OFFSET | MAY_CREATE;
            case LIST -> HAS_AFTER;
            case DESCRIBED -> HAS_FAILURE;
            default -> 0;
        };
    }
}
