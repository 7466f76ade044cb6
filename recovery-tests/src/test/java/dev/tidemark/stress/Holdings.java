package dev.tidemark.stress;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process holds at a moment that somebody has to give back.
 *
 * @param openFiles files below the directory that are open
 * @param threads the store's threads
 * @param directBytes direct memory of Netty
 */
record Holdings(int openFiles, int threads, long directBytes) {
    private static final String THREADS_OF_A_STORE = "wal-";

    static Holdings now(Path directory) throws IOException {
        return new Holdings(filesBelow(directory), storeThreads(), PlatformDependent.usedDirectMemory());
    }

    private static int filesBelow(Path directory) throws IOException {
        Path real = directory.toRealPath();
        List<Path> descriptors;
        try (Stream<Path> listed = Files.list(Path.of("/proc/self/fd"))) {
            descriptors = listed.toList();
        }
        int open = 0;
        for (Path descriptor : descriptors) {
            try {
                open += Files.readSymbolicLink(descriptor).startsWith(real) ? 1 : 0;
            } catch (NoSuchFileException e) {
                // Closed since it was listed, as the one of the listing itself.
                continue;
            }
        }
        return open;
    }

    private static int storeThreads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(THREADS_OF_A_STORE))
                .count();
    }
}
