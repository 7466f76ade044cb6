package dev.tidemark.wal.format;

import java.util.Optional;

/**
 * The name of a segment: first offset and epoch. The epoch rises with every new segment of a partition; a base offset alone can come back
 * after a truncation.
 */
public record SegmentName(long baseOffset, int epoch) implements Comparable<SegmentName> {

    public static final String SEGMENT_SUFFIX = ".seg";
    public static final String INDEX_SUFFIX = ".idx";

    private static final int OFFSET_DIGITS = 20;
    private static final int EPOCH_DIGITS = 8;

    public SegmentName {
        if (baseOffset < 0 || epoch < 1) {
            throw new IllegalArgumentException("no such segment: baseOffset=" + baseOffset + " epoch=" + epoch);
        }
    }

    /** The name in {@code <base>-<epoch>.seg}, or nothing when the text is not exactly what {@link #segmentFile} prints. */
    public static Optional<SegmentName> parseSegmentFile(String fileName) {
        return parse(fileName, SEGMENT_SUFFIX);
    }

    /** The name in {@code <base>-<epoch>.idx}, or nothing when the text is not exactly what {@link #indexFile} prints. */
    public static Optional<SegmentName> parseIndexFile(String fileName) {
        return parse(fileName, INDEX_SUFFIX);
    }

    public String segmentFile() {
        return this + SEGMENT_SUFFIX;
    }

    public String indexFile() {
        return this + INDEX_SUFFIX;
    }

    /** In the order in which the segments were made; base offsets fall only where a truncation lies between. */
    @Override
    public int compareTo(SegmentName other) {
        int byEpoch = Integer.compare(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compare(baseOffset, other.baseOffset);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(OFFSET_DIGITS + 1 + EPOCH_DIGITS);
        appendPadded(text, baseOffset, OFFSET_DIGITS);
        text.append('-');
        appendPadded(text, epoch, EPOCH_DIGITS);
        return text.toString();
    }

    private static Optional<SegmentName> parse(String fileName, String suffix) {
        int epochAt = OFFSET_DIGITS + 1;
        int epochEnd = fileName.length() - suffix.length();
        if (!fileName.endsWith(suffix) || epochEnd < epochAt + EPOCH_DIGITS || fileName.charAt(epochAt - 1) != '-') {
            return Optional.empty();
        }
        long baseOffset = Decimal.parse(fileName, 0, OFFSET_DIGITS, Long.MAX_VALUE);
        long epoch = Decimal.parse(fileName, epochAt, epochEnd, Integer.MAX_VALUE);
        if (baseOffset < 0 || epoch < 1) {
            return Optional.empty();
        }
        SegmentName name = new SegmentName(baseOffset, (int) epoch);
        // One segment, one spelling: an epoch with more zeros in front than we print is somebody else's file.
        return fileName.startsWith(name.toString()) && name.toString().length() == epochEnd
                ? Optional.of(name)
                : Optional.empty();
    }

    private static void appendPadded(StringBuilder text, long value, int digits) {
        String number = Long.toString(value);
        for (int i = number.length(); i < digits; i++) {
            text.append('0');
        }
        text.append(number);
    }
}
