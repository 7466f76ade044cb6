package dev.tidemark.planted.segment;

import dev.tidemark.planted.partition.ReadsTheClock;

final class UsesThePartition {
    private final ReadsTheClock below = new ReadsTheClock();

    long now() {
        return below.now();
    }
}
