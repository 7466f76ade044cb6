package dev.tidemark.wal.api;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What may be trimmed without being asked for, in every partition of a store: whole segments, oldest first, up to the first that has to stay. A
 * segment has to stay while it is the newest, while a cursor or a slice holds it, and while no rule lets it go.
 *
 * <p>A segment may go when it is too old <em>or</em> in excess of the bytes to keep. With {@linkplain #keepingCheckpoints checkpoints}, it may go only
 * when also every checkpoint of the partition lies behind it; and where neither age nor bytes are limited, that alone lets it go.
 */
public final class Retention {
    /** Nothing is trimmed without being asked for. */
    public static final Retention FOREVER = new Retention(Optional.empty(), OptionalLong.empty(), false);

    private static final Duration LONGEST = Duration.ofDays(100 * 365);

    private final Optional<Duration> maxAge;
    private final OptionalLong maxBytes;
    private final boolean isKeepingCheckpoints;

    private Retention(Optional<Duration> maxAge, OptionalLong maxBytes, boolean isKeepingCheckpoints) {
        this.maxAge = maxAge;
        this.maxBytes = maxBytes;
        this.isKeepingCheckpoints = isKeepingCheckpoints;
    }

    /** A segment may go when its newest record is older than this: a millisecond to 100 years. */
    public Retention withMaxAge(Duration age) {
        if (age.compareTo(Duration.ofMillis(1)) < 0 || age.compareTo(LONGEST) > 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "retention is a millisecond to 100 years: maxAge=" + age);
        }
        return new Retention(Optional.of(age), maxBytes, isKeepingCheckpoints);
    }

    /** A segment may go when those behind it hold at least so much. */
    public Retention withMaxBytes(long bytes) {
        if (bytes < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "retention cannot keep less than nothing: maxBytes=" + bytes);
        }
        return new Retention(maxAge, OptionalLong.of(bytes), isKeepingCheckpoints);
    }

    /** No segment goes that a checkpoint of its partition lies in or before. In a partition without any checkpoint nothing goes. */
    public Retention keepingCheckpoints() {
        return new Retention(maxAge, maxBytes, true);
    }

    /** The age from which a segment may go. */
    public Optional<Duration> maxAge() {
        return maxAge;
    }

    /** How many bytes behind it let a segment go. */
    public OptionalLong maxBytes() {
        return maxBytes;
    }

    /** Whether checkpoints keep segments. */
    public boolean isKeepingCheckpoints() {
        return isKeepingCheckpoints;
    }

    /** Whether nothing ever goes. */
    public boolean isForever() {
        return maxAge.isEmpty() && maxBytes.isEmpty() && !isKeepingCheckpoints;
    }

    @Override
    public String toString() {
        return "maxAge=" + maxAge.map(Duration::toString).orElse("none") + " maxBytes="
                + (maxBytes.isPresent() ? Long.toString(maxBytes.getAsLong()) : "none") + " keepingCheckpoints="
                + isKeepingCheckpoints;
    }
}
