package dev.tidemark.wal.api;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One record of a batch: a value, and optionally a key, headers and a timestamp of the caller's. Immutable, but for the
 * arrays, which are not copied: whoever passes them in no longer changes them.
 */
public final class WalRecord {
    private final byte @Nullable [] key;
    private final byte[] value;
    private final List<Header> headers;
    private final boolean hasTimestamp;
    private final long timestampMillis;

    private WalRecord(
            byte @Nullable [] key, byte[] value, List<Header> headers, boolean hasTimestamp, long timestampMillis) {
        this.key = key;
        this.value = Objects.requireNonNull(value, "value");
        this.headers = headers;
        this.hasTimestamp = hasTimestamp;
        this.timestampMillis = timestampMillis;
    }

    /** A value alone. */
    public static WalRecord of(byte[] value) {
        return new WalRecord(null, value, List.of(), false, 0);
    }

    /** A key and a value. */
    public static WalRecord of(byte[] key, byte[] value) {
        return new WalRecord(Objects.requireNonNull(key, "key"), value, List.of(), false, 0);
    }

    /** The same with these headers, in this order. */
    public WalRecord withHeaders(List<Header> newHeaders) {
        return new WalRecord(key, value, List.copyOf(newHeaders), hasTimestamp, timestampMillis);
    }

    /** The same with a timestamp of the caller's, in milliseconds; without one the log's own time applies. */
    public WalRecord withTimestamp(long millis) {
        return new WalRecord(key, value, headers, true, millis);
    }

    /** The key, if there is one; an empty key is a key. */
    public Optional<byte[]> key() {
        return Optional.ofNullable(key);
    }

    /** The value; may be empty. */
    public byte[] value() {
        return value;
    }

    /** The headers in order; may be empty. */
    public List<Header> headers() {
        return headers;
    }

    /** The caller's timestamp, if one was given. */
    public OptionalLong timestampMillis() {
        return hasTimestamp ? OptionalLong.of(timestampMillis) : OptionalLong.empty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WalRecord that
                && Arrays.equals(key, that.key)
                && Arrays.equals(value, that.value)
                && headers.equals(that.headers)
                && hasTimestamp == that.hasTimestamp
                && timestampMillis == that.timestampMillis;
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(key), Arrays.hashCode(value), headers, hasTimestamp, timestampMillis);
    }

    @Override
    public String toString() {
        byte[] shown = key;
        return "WalRecord[key=" + (shown == null ? "none" : shown.length + " bytes") + ", value=" + value.length
                + " bytes, headers=" + headers + ']';
    }
}
