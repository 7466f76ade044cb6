package dev.tidemark.wal.format;

import java.util.Optional;

/**
 * The name of a partition, {@code <name>-<number>}, which is also the name of its directory. The characters are restricted so that no
 * name leads out of the data directory, and because the directory ends in a number, none can be mistaken for a file of the store.
 */
public record PartitionName(String name, int number) implements Comparable<PartitionName> {

    public static final int MAX_NAME_LENGTH = 200;

    public PartitionName {
        if (!isValidName(name)) {
            throw new IllegalArgumentException(
                    "partition name must be 1 to 200 of [A-Za-z0-9._-], but neither . nor ..: name=" + quoted(name));
        }
        if (number < 0) {
            throw new IllegalArgumentException("partition number must not be negative: number=" + number);
        }
    }

    public static boolean isValidName(String name) {
        if (name.isEmpty() || name.length() > MAX_NAME_LENGTH || name.equals(".") || name.equals("..")) {
            return false;
        }
        return name.chars().allMatch(PartitionName::isAllowed);
    }

    /** The partition a directory belongs to, or nothing when its name is not exactly what {@link #directory} prints. */
    public static Optional<PartitionName> parseDirectory(String directory) {
        int dash = directory.lastIndexOf('-');
        if (dash < 1 || !isValidName(directory.substring(0, dash))) {
            return Optional.empty();
        }
        long number = Decimal.parse(directory, dash + 1, directory.length(), Integer.MAX_VALUE);
        if (number < 0) {
            return Optional.empty();
        }
        PartitionName name = new PartitionName(directory.substring(0, dash), (int) number);
        return name.directory().equals(directory) ? Optional.of(name) : Optional.empty();
    }

    public String directory() {
        return name + "-" + number;
    }

    @Override
    public int compareTo(PartitionName other) {
        int byName = name.compareTo(other.name);
        return byName != 0 ? byName : Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return directory();
    }

    private static boolean isAllowed(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }

    /** A name that was refused goes into a message and from there into logs: shortened, and without anything that is not plain text. */
    private static String quoted(String name) {
        StringBuilder text = new StringBuilder("\"");
        name.chars().limit(MAX_NAME_LENGTH).forEach(c -> text.append(c >= ' ' && c < 0x7f ? (char) c : '?'));
        return text.append(name.length() > MAX_NAME_LENGTH ? "...\"" : "\"").toString();
    }
}
