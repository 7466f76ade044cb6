package dev.tidemark.damage;

/** What came of a damaged store, the worst first. */
enum Outcome {
    STORE_REFUSED("store refused"),
    PARTITION_REFUSED("partition refused"),
    READ_ERROR("error when read"),
    UNDECIDED("undecided, kept"),
    VERIFY_DAMAGE("verify: damage"),
    SHORTER("shorter, unproven"),
    NOTED("verify: note"),
    ALL_THERE("all there");

    private final String words;

    Outcome(String words) {
        this.words = words;
    }

    String words() {
        return words;
    }
}
