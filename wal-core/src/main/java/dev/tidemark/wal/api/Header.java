package dev.tidemark.wal.api;

import java.util.Arrays;
import java.util.Objects;

/** A named value beside a record's value. The bytes are not copied: whoever passes them in no longer changes them. */
public final class Header {
    private final String name;
    private final byte[] value;

    private Header(String name, byte[] value) {
        this.name = Objects.requireNonNull(name, "name");
        this.value = Objects.requireNonNull(value, "value");
    }

    /** Neither part may be null; both may be empty. */
    public static Header of(String name, byte[] value) {
        return new Header(name, value);
    }

    /** The name; several headers of a record may have the same. */
    public String name() {
        return name;
    }

    /** The value. */
    public byte[] value() {
        return value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Header that && name.equals(that.name) && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return name + '[' + value.length + ']';
    }
}
