package dev.tidemark.crashtest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory with all that is in it. */
final class Tree {
    private Tree() {}

    static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.filter(Files::isRegularFile).sorted().toList();
        }
    }

    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> found = Files.walk(from)) {
            List<Path> topFirst = found.sorted().toList();
            for (Path path : topFirst) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else if (Files.isRegularFile(path)) {
                    Files.copy(path, target);
                }
            }
        }
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> found = Files.walk(directory)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** Makes a directory whose name survives a loss of power, so that what the log does is all that is tested. */
    static Path createDurably(Path directory) throws IOException {
        Files.createDirectories(directory);
        for (Path path = directory.toAbsolutePath(); path != null; path = path.getParent()) {
            try (FileChannel names = FileChannel.open(path, StandardOpenOption.READ)) {
                names.force(true);
            } catch (IOException e) {
                if (path.equals(directory.toAbsolutePath())) {
                    throw e;
                }
                // Directories further up, which others made, may be nobody's to open.
                break;
            }
        }
        return directory;
    }
}
