package dev.tidemark.damage;

/** How a file is damaged. */
enum InjuryKind {
    NOTHING("nothing"),
    FLIPPED_BIT("one bit flipped"),
    FLIPPED_BITS("bits flipped"),
    ZEROED_BLOCK("block zeroed"),
    GARBAGE_BLOCK("block of garbage"),
    DUPLICATED_BLOCK("block duplicated"),
    SWAPPED_BLOCKS("blocks swapped"),
    MISDIRECTED_BLOCK("block of another file"),
    EXCHANGED_BLOCKS("blocks of two files"),
    EARLIER_BLOCK("earlier block"),
    EARLIER_FILE("earlier file"),
    TRUNCATED("truncated"),
    EXTENDED_BY_ZEROS("extended by zeros"),
    EXTENDED_BY_GARBAGE("extended by garbage"),
    EXTENDED_BY_A_COPY("extended by a copy"),
    EMPTIED("emptied"),
    DELETED("deleted"),
    RENAMED("renamed"),
    EXCHANGED_NAMES("names exchanged"),
    COPIED("copied"),
    INSERTED_BYTES("bytes inserted"),
    REMOVED_BYTES("bytes removed"),
    EXTREME_FIELD("field at an extreme"),
    FORGED_FIELD("the same, signed anew");

    private final String words;

    InjuryKind(String words) {
        this.words = words;
    }

    String words() {
        return words;
    }

    /** Whether checksums were computed anew, so that only what does not fit together can show it. */
    boolean isForged() {
        return this == FORGED_FIELD;
    }
}
