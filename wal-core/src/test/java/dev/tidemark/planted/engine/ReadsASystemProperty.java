package dev.tidemark.planted.engine;

final class ReadsASystemProperty {
    int limit() {
        return Integer.getInteger("limit", 7);
    }
}
