package dev.tidemark.stress;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory for stores on a real disk: below the property {@code tidemark.dir}, or where the system keeps temporary files. */
final class TestDirectory implements AutoCloseable {
    private final Path path;

    private TestDirectory(Path path) {
        this.path = path;
    }

    static TestDirectory create() throws IOException {
        String wanted = System.getProperty("tidemark.dir");
        return wanted == null
                ? new TestDirectory(Files.createTempDirectory("tidemark-stress"))
                : in(Files.createDirectories(Path.of(wanted)));
    }

    static TestDirectory in(Path parent) throws IOException {
        return new TestDirectory(Files.createTempDirectory(parent, "tidemark-stress"));
    }

    Path path() {
        return path;
    }

    Path resolve(String name) {
        return path.resolve(name);
    }

    /** Removes it with all that is in it. */
    @Override
    public void close() throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
            for (Path each : deepestFirst) {
                Files.delete(each);
            }
        }
    }
}
