package dev.tidemark.crash;

import dev.tidemark.wal.io.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What had been done last when the crash came: the steps of {@code docs/architecture.md}, each told by its operation on the disk. */
public enum CrashPoint {
    /** STORE, OWNER, LOCK, RESERVE. */
    STORE_FILES,
    /** A partition is being made under its temporary name. */
    PARTITION_MAKING,
    /** All of it is there, and its directory forced. */
    PARTITION_MADE,
    /** It has its final name. */
    PARTITION_NAMED,
    /** The store's directory is forced: the name survives loss of power. */
    PARTITION_NAME_FORCED,
    /** A deleted partition has its temporary name. */
    PARTITION_DELETED,
    /** The store's directory is forced behind that. */
    PARTITION_DELETED_FORCED,
    /** Files of a deleted partition, or its directory, were removed. */
    PARTITION_REMOVED,
    /** A round, or part of it, was written to the active segment. */
    ROUND_WRITTEN,
    /** A segment that goes on was forced. */
    ROUND_FORCED,
    /** Zeros were written ahead. */
    ZEROS_AHEAD,
    /** What was refused is cut away. */
    REFUSED_CUT,
    /** Space for the next segment was prepared. */
    SUCCESSOR_PREPARED,
    /** The old segment is forced to its end, for a change of segment. */
    OLD_FORCED,
    /** The successor has its header, not forced. */
    HEADER_WRITTEN,
    /** Forced. */
    HEADER_FORCED,
    /** It has its final name. */
    RENAMED,
    /** The directory is forced. */
    NAME_FORCED,
    /** PARTITION is replaced in a rotation, not durably yet. */
    NAMING_ACTIVE,
    /** Durably. */
    NAMED_ACTIVE,
    /** The old segment has its seal. */
    SEAL_WRITTEN,
    /** It is cut behind it. */
    SEAL_CUT,
    /** That is forced. */
    OLD_SEALED,
    /** The first round in the new segment was written. */
    SWAPPED,
    /** PARTITION is replaced otherwise, as the clean stamp is set or withdrawn or recovery ends: it is written aside. */
    METADATA_CHANGING,
    /** That is forced. */
    METADATA_FORCED,
    /** It has its final name. */
    METADATA_RENAMED,
    /** Durably. */
    METADATA_CHANGED,
    /** A trimmed segment, or its index, was deleted. */
    SEGMENT_DELETED,
    /** A temporary file was removed. */
    LEFTOVER_REMOVED,
    /** Recovery keeps aside what it cuts. */
    KEPT_ASIDE,
    /** A directory was forced, for other reasons. */
    NAMES_FORCED;

    /**
     * Names the operations of one process, in their order; those that changed nothing have the name of the one before.
     *
     * @param store the directory of the store
     */
    public static List<CrashPoint> of(List<Operation> operations, Path store) {
        Reader reader = new Reader(store);
        List<CrashPoint> points = new ArrayList<>();
        CrashPoint last = STORE_FILES;
        Map<Path, Integer> lastForces = new HashMap<>();
        for (Operation operation : operations) {
            if (operation.changedTheDisk()) {
                CrashPoint before = last;
                last = reader.point(operation);
                Path directory = operation.path().getParent();
                if (last == ROUND_FORCED) {
                    lastForces.put(directory, points.size());
                } else if (last == ROUND_WRITTEN || last == ZEROS_AHEAD) {
                    lastForces.remove(directory);
                } else if (last == HEADER_WRITTEN && before != HEADER_WRITTEN) {
                    // Only what follows shows that this force was the first step of a rotation.
                    Integer forced = lastForces.remove(directory);
                    if (forced != null) {
                        points.set(forced, OLD_FORCED);
                    }
                }
            }
            points.add(last);
        }
        return points;
    }

    /** Reads the operations in order and keeps in mind which rotations are under way. */
    private static final class Reader {
        private final Path store;
        private final Set<Path> headersWritten = new HashSet<>();
        private final Set<Path> rotating = new HashSet<>();
        private final Set<Path> fresh = new HashSet<>();
        private final Set<Path> justReplaced = new HashSet<>();
        private final Set<Path> justRenamed = new HashSet<>();
        private final Set<Path> sealing = new HashSet<>();
        private boolean isPartitionNamed;
        private boolean isPartitionDeleted;

        Reader(Path store) {
            this.store = store;
        }

        CrashPoint point(Operation operation) {
            Path path = operation.path();
            Path target = operation.target().orElse(path);
            Path directory = directoryOf(operation);
            if (directory.toString().contains("/delete-")) {
                return PARTITION_REMOVED;
            }
            if (directory.equals(store) || !directory.startsWith(store)) {
                return inStore(operation, target);
            }
            if (directory.toString().contains("/create-")) {
                return operation.kind() == Operation.Kind.FORCE_DIRECTORY ? PARTITION_MADE : PARTITION_MAKING;
            }
            String name = String.valueOf(target.getFileName());
            if (operation.kind() == Operation.Kind.FORCE_DIRECTORY) {
                return directoryForced(directory);
            }
            if (name.startsWith("PARTITION")) {
                return metadata(operation, directory);
            }
            if (name.endsWith(".cut")) {
                return KEPT_ASIDE;
            }
            if (operation.kind() == Operation.Kind.DELETE) {
                return name.endsWith(".seg") ? SEGMENT_DELETED : LEFTOVER_REMOVED;
            }
            if (operation.kind() == Operation.Kind.RENAME) {
                rotating.add(directory);
                justRenamed.add(directory);
                fresh.add(target);
                return RENAMED;
            }
            return name.startsWith("next-") ? successor(operation) : segment(operation, directory);
        }

        private CrashPoint inStore(Operation operation, Path target) {
            if (target.getFileName() != null && isPartition(target)) {
                isPartitionNamed = true;
                return PARTITION_NAMED;
            }
            if (target.toString().contains("/delete-")) {
                isPartitionDeleted = operation.kind() == Operation.Kind.RENAME;
                return isPartitionDeleted ? PARTITION_DELETED : PARTITION_REMOVED;
            }
            if (isPartitionDeleted && operation.kind() == Operation.Kind.FORCE_DIRECTORY) {
                isPartitionDeleted = false;
                return PARTITION_DELETED_FORCED;
            }
            if (isPartitionNamed && operation.kind() == Operation.Kind.FORCE_DIRECTORY) {
                isPartitionNamed = false;
                return PARTITION_NAME_FORCED;
            }
            return target.toString().contains("/create-") ? PARTITION_MAKING : STORE_FILES;
        }

        private Path directoryOf(Operation operation) {
            Path path = operation.target().orElse(operation.path());
            boolean isPartition = operation.kind() == Operation.Kind.FORCE_DIRECTORY && isPartition(path)
                    || operation.kind() == Operation.Kind.FORCE_DIRECTORY
                            && path.toString().contains("/create-");
            Path parent = path.getParent();
            return isPartition || parent == null ? path : parent;
        }

        private boolean isPartition(Path path) {
            return store.equals(path.getParent())
                    && path.getFileName().toString().matches(".*-[0-9]+");
        }

        private CrashPoint directoryForced(Path directory) {
            if (justRenamed.remove(directory)) {
                return NAME_FORCED;
            }
            if (justReplaced.remove(directory)) {
                return rotating.contains(directory) ? NAMED_ACTIVE : METADATA_CHANGED;
            }
            return NAMES_FORCED;
        }

        private CrashPoint metadata(Operation operation, Path directory) {
            if (operation.kind() == Operation.Kind.RENAME) {
                justReplaced.add(directory);
            }
            if (rotating.contains(directory)) {
                return NAMING_ACTIVE;
            }
            return switch (operation.kind()) {
                case RENAME -> METADATA_RENAMED;
                case FORCE -> METADATA_FORCED;
                default -> METADATA_CHANGING;
            };
        }

        private CrashPoint successor(Operation operation) {
            Path path = operation.path();
            if (operation.kind() == Operation.Kind.WRITE && !operation.wroteOnlyZeros()) {
                headersWritten.add(path);
            }
            if (!headersWritten.contains(path)) {
                return SUCCESSOR_PREPARED;
            }
            return operation.kind() == Operation.Kind.FORCE ? HEADER_FORCED : HEADER_WRITTEN;
        }

        private CrashPoint segment(Operation operation, Path directory) {
            boolean isOld = rotating.contains(directory) && !fresh.contains(operation.path());
            switch (operation.kind()) {
                case WRITE:
                    if (operation.wroteOnlyZeros()) {
                        return ZEROS_AHEAD;
                    }
                    if (isOld) {
                        sealing.add(operation.path());
                        return SEAL_WRITTEN;
                    }
                    rotating.remove(directory);
                    return fresh.remove(operation.path()) ? SWAPPED : ROUND_WRITTEN;
                case TRUNCATE:
                    return isOld ? SEAL_CUT : REFUSED_CUT;
                default:
                    return sealing.remove(operation.path()) ? OLD_SEALED : ROUND_FORCED;
            }
        }
    }
}
