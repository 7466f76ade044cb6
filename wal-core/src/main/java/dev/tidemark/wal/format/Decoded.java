package dev.tidemark.wal.format;

import java.util.Optional;

/**
 * What became of bytes that should hold a {@code T}. Bad bytes are data, not an exception; and a file from a newer version, which is
 * refused and left alone, is never mixed up with a damaged one: {@link Newer} is said only when the checksum holds.
 */
public sealed interface Decoded<T> {

    /** The value, when there is one. */
    Optional<T> value();

    /** Good bytes. */
    record Good<T>(T content) implements Decoded<T> {
        @Override
        public Optional<T> value() {
            return Optional.of(content);
        }
    }

    /** Bytes that no version of ours can have written like this; the reason says what failed first, for people. */
    record Damaged<T>(String reason) implements Decoded<T> {
        @Override
        public Optional<T> value() {
            return Optional.empty();
        }
    }

    /** Undamaged bytes of a version that came after this one. */
    record Newer<T>(int version) implements Decoded<T> {
        @Override
        public Optional<T> value() {
            return Optional.empty();
        }
    }
}
