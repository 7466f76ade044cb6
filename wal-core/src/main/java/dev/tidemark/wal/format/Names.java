package dev.tidemark.wal.format;

import dev.tidemark.wal.api.PartitionId;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The names of files and directories in a data directory, apart from segments ({@link SegmentName}). A partition's directory is called
 * as the partition is printed; as it ends in a number, none can be mistaken for a file of the store. Each temporary name carries a random id,
 * printed as 16 hexadecimal digits.
 */
public final class Names {

    public static final String LOCK = "LOCK";
    public static final String OWNER = "OWNER";
    public static final String STORE = "STORE";
    public static final String RESERVE = "RESERVE";
    public static final String JOURNAL = "journal";
    public static final String PARTITION = "PARTITION";
    public static final String REDO = "REDO";
    public static final String UNFINISHED_BACKUP = "BACKUP-UNFINISHED";

    private static final String TEMPORARY_SUFFIX = ".tmp";
    private static final String CUT_SUFFIX = ".cut";
    private static final String DAMAGED_SUFFIX = ".damaged";
    private static final String NEXT_PREFIX = "next-";
    private static final String CREATE_PREFIX = "create-";
    private static final String DELETE_PREFIX = "delete-";
    private static final int ID_DIGITS = 16;

    private Names() {}

    /** The directory of a partition. */
    public static String partitionDirectory(PartitionId partition) {
        return partition.toString();
    }

    /** The partition a directory belongs to, or nothing when its name is not exactly what {@link #partitionDirectory} prints. */
    public static Optional<PartitionId> parsePartitionDirectory(String directory) {
        int dash = directory.lastIndexOf('-');
        if (dash < 1 || !PartitionId.isValidName(directory.substring(0, dash))) {
            return Optional.empty();
        }
        long number = Decimal.parse(directory, dash + 1, directory.length(), Integer.MAX_VALUE);
        if (number < 0) {
            return Optional.empty();
        }
        PartitionId partition = new PartitionId(directory.substring(0, dash), (int) number);
        return partitionDirectory(partition).equals(directory) ? Optional.of(partition) : Optional.empty();
    }

    /** Under this name a metadata file is written and forced before it takes the place of the old one. */
    public static String aside(String metadataFile) {
        return metadataFile + TEMPORARY_SUFFIX;
    }

    /** Space prepared for the segment with this id. */
    public static String nextSegment(long segmentId) {
        return NEXT_PREFIX + hex(segmentId) + TEMPORARY_SUFFIX;
    }

    public static OptionalLong parseNextSegment(String fileName) {
        return parseId(fileName, NEXT_PREFIX);
    }

    /** A partition that is being made: complete before it gets its own name. */
    public static String createDirectory(long id) {
        return CREATE_PREFIX + hex(id) + TEMPORARY_SUFFIX;
    }

    public static OptionalLong parseCreateDirectory(String directory) {
        return parseId(directory, CREATE_PREFIX);
    }

    /** A partition that has been deleted and whose files are being removed. */
    public static String deleteDirectory(long id) {
        return DELETE_PREFIX + hex(id) + TEMPORARY_SUFFIX;
    }

    public static OptionalLong parseDeleteDirectory(String directory) {
        return parseId(directory, DELETE_PREFIX);
    }

    /** The bytes that recovery cut from a segment at this file position, kept for people. */
    public static String cutFile(SegmentName segment, long filePosition) {
        return segment.segmentFile() + "." + filePosition + CUT_SUFFIX;
    }

    /** The segment from which the bytes in a cut file come. */
    public static Optional<SegmentName> parseCutFile(String fileName) {
        if (!fileName.endsWith(CUT_SUFFIX)) {
            return Optional.empty();
        }
        String withoutSuffix = fileName.substring(0, fileName.length() - CUT_SUFFIX.length());
        int dot = withoutSuffix.lastIndexOf('.');
        if (dot < 0 || Decimal.parse(withoutSuffix, dot + 1, withoutSuffix.length(), Long.MAX_VALUE) < 0) {
            return Optional.empty();
        }
        return SegmentName.parseSegmentFile(withoutSuffix.substring(0, dot));
    }

    /** The whole of a file as a repair found it, kept for people. */
    public static String damagedFile(String file, long repairId) {
        return file + "." + hex(repairId) + DAMAGED_SUFFIX;
    }

    /** Whether this is what a repair has kept. */
    public static boolean isDamagedFile(String fileName) {
        return fileName.endsWith(DAMAGED_SUFFIX);
    }

    /** Whether the name is one that we give to what is not finished; recovery removes such files and directories, and no others. */
    public static boolean isTemporary(String name) {
        return name.equals(aside(STORE))
                || name.equals(aside(PARTITION))
                || name.equals(aside(OWNER))
                || isUnfinishedIndex(name)
                || parseNextSegment(name).isPresent()
                || parseCreateDirectory(name).isPresent()
                || parseDeleteDirectory(name).isPresent();
    }

    private static boolean isUnfinishedIndex(String name) {
        return name.endsWith(TEMPORARY_SUFFIX)
                && SegmentName.parseIndexFile(name.substring(0, name.length() - TEMPORARY_SUFFIX.length()))
                        .isPresent();
    }

    private static String hex(long id) {
        return String.format(Locale.ROOT, "%016x", id);
    }

    private static OptionalLong parseId(String name, String prefix) {
        int idEnd = prefix.length() + ID_DIGITS;
        if (!name.startsWith(prefix)
                || !name.endsWith(TEMPORARY_SUFFIX)
                || name.length() != idEnd + TEMPORARY_SUFFIX.length()) {
            return OptionalLong.empty();
        }
        String digits = name.substring(prefix.length(), idEnd);
        return digits.chars().allMatch(Names::isLowerHex)
                ? OptionalLong.of(Long.parseUnsignedLong(digits, 16))
                : OptionalLong.empty();
    }

    private static boolean isLowerHex(int c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
}
