package dev.tidemark.wal.api;

import java.util.Arrays;
import java.util.Objects;

/** A named value beside a record's value. The bytes are not copied: whoever passes them in no longer changes them. */
public record Header(String name, byte[] value) {
    /** Neither part may be null; both may be empty. */
    public Header {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
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
