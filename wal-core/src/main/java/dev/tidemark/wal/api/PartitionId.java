package dev.tidemark.wal.api;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The name of one log in a store: a topic-like name and a number, printed as {@code orders-0}.
 *
 * <p>The name becomes a directory, so only letters, digits, dot, underscore and hyphen are accepted (1 to 200 of them),
 * and neither {@code .} nor {@code ..}: no name leads out of the store.
 */
public record PartitionId(String name, int number) implements Comparable<PartitionId> {
    /** The longest name accepted, in characters. */
    public static final int MAX_NAME_CHARS = 200;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1," + MAX_NAME_CHARS + "}");

    /** Checks the name and the number; see the class for the rule. */
    public PartitionId {
        Objects.requireNonNull(name, "name");
        if (!isValidName(name)) {
            throw new InvalidCallException(
                    ErrorCode.NAME_INVALID,
                    "partition name must be 1 to " + MAX_NAME_CHARS
                            + " of A-Z a-z 0-9 . _ - and neither . nor ..: name=" + quoted(name));
        }
        if (number < 0) {
            throw new InvalidCallException(
                    ErrorCode.NAME_INVALID, "partition number must not be negative: number=" + number);
        }
    }

    /** Whether a store accepts this name. */
    public static boolean isValidName(String name) {
        return NAME.matcher(name).matches() && !name.equals(".") && !name.equals("..");
    }

    /** Reads the printed form, {@code <name>-<number>}; the number is what follows the last hyphen. */
    public static PartitionId parse(String text) {
        int hyphen = text.lastIndexOf('-');
        if (hyphen <= 0 || hyphen == text.length() - 1) {
            throw unreadable(text);
        }
        String digits = text.substring(hyphen + 1);
        try {
            int number = Integer.parseInt(digits);
            if (!digits.equals(Integer.toString(number))) {
                throw unreadable(text);
            }
            return new PartitionId(text.substring(0, hyphen), number);
        } catch (NumberFormatException e) {
            throw unreadable(text);
        }
    }

    private static InvalidCallException unreadable(String text) {
        return new InvalidCallException(
                ErrorCode.NAME_INVALID, "a partition is written <name>-<number>, like orders-0: text=" + quoted(text));
    }

    /** What came from outside is shown bounded and without control characters. */
    private static String quoted(String text) {
        String shown = text.length() <= 80 ? text : text.substring(0, 80) + "...(" + text.length() + " characters)";
        return '\'' + shown.replaceAll("\\p{Cntrl}", "?") + '\'';
    }

    @Override
    public int compareTo(PartitionId other) {
        int byName = name.compareTo(other.name);
        return byName != 0 ? byName : Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return name + '-' + number;
    }
}
