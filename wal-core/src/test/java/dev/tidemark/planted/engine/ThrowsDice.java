package dev.tidemark.planted.engine;

import java.util.concurrent.ThreadLocalRandom;

final class ThrowsDice {
    int roll() {
        return ThreadLocalRandom.current().nextInt(6);
    }
}
