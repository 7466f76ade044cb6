package dev.tidemark.crashtest;

import java.util.List;

/**
 * What an adapter says about itself.
 *
 * @param survives what it promises
 * @param threads how many threads append at the same time
 * @param isOnDisk whether it can run on a simulated disk
 */
record AdapterTraits(Survives survives, int threads, boolean isOnDisk) {
    static final int MAX_THREADS = 64;

    static AdapterTraits of(LogAdapter adapter) {
        int threads = adapter.threads();
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads() must be 1 to " + MAX_THREADS + ": threads=" + threads);
        }
        return new AdapterTraits(adapter.survives(), threads, adapter instanceof DiskLogAdapter);
    }

    String toText() {
        return survives + " " + threads + " " + isOnDisk;
    }

    static AdapterTraits parse(String text) {
        List<String> words = List.of(text.split(" ", -1));
        return new AdapterTraits(
                Survives.valueOf(words.get(0)), Integer.parseInt(words.get(1)), Boolean.parseBoolean(words.get(2)));
    }
}
