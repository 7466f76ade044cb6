package dev.tidemark.damage;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentName;
import java.nio.file.Path;
import java.util.Optional;

/** What a file of a store is for, told by its name. */
enum FileKind {
    LOCK("LOCK", false),
    OWNER("OWNER", false),
    RESERVE("RESERVE", false),
    STORE("STORE", true),
    PARTITION("PARTITION", true),
    SEALED("sealed .seg", true),
    ACTIVE("active .seg", true),
    INDEX(".idx", false),
    NEXT("next-*.tmp", false),
    ASIDE("*.tmp aside", false),
    CUT("*.cut", false),
    LEFTOVER("create-, delete-*", false),
    FOREIGN("other names", false);

    private final String words;
    private final boolean matters;

    FileKind(String words, boolean matters) {
        this.words = words;
        this.matters = matters;
    }

    String words() {
        return words;
    }

    /** Whether anything depends on what is in it. What does not matter may be damaged, and nobody has to notice. */
    boolean matters() {
        return matters;
    }

    /**
     * The kind of a file.
     *
     * @param file relative to the store
     * @param active the newest segment of the file's partition
     */
    static FileKind of(Path file, Optional<SegmentName> active) {
        String name = file.getFileName().toString();
        if (file.getNameCount() == 1) {
            return ofStore(name);
        }
        if (Names.parsePartitionDirectory(file.getName(0).toString()).isEmpty()) {
            return Names.isTemporary(file.getName(0).toString()) ? LEFTOVER : FOREIGN;
        }
        Optional<SegmentName> segment = SegmentName.parseSegmentFile(name);
        if (segment.isPresent()) {
            return segment.equals(active) ? ACTIVE : SEALED;
        }
        if (name.equals(Names.PARTITION)) {
            return PARTITION;
        }
        if (SegmentName.parseIndexFile(name).isPresent()) {
            return INDEX;
        }
        if (Names.parseCutFile(name).isPresent()) {
            return CUT;
        }
        if (Names.parseNextSegment(name).isPresent()) {
            return NEXT;
        }
        return Names.isTemporary(name) ? ASIDE : FOREIGN;
    }

    private static FileKind ofStore(String name) {
        return switch (name) {
            case Names.LOCK -> LOCK;
            case Names.OWNER -> OWNER;
            case Names.RESERVE -> RESERVE;
            case Names.STORE -> STORE;
            default -> Names.isTemporary(name) ? ASIDE : FOREIGN;
        };
    }
}
