package dev.tidemark.benchmarks;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** A directory that a benchmark fills and takes away again. */
public final class Scratch implements AutoCloseable {
    private final Path directory;

    private Scratch(Path directory) {
        this.directory = directory;
    }

    /** A new directory below this one, which is made if there is none. */
    public static Scratch below(Path parent) throws IOException {
        Files.createDirectories(parent);
        return new Scratch(Files.createTempDirectory(parent, "tidemark-bench-"));
    }

    /** A new directory where the system keeps temporary files, or where the property {@code tidemark.bench.data} says. */
    public static Scratch ofThisProcess() throws IOException {
        return below(Path.of(System.getProperty("tidemark.bench.data", System.getProperty("java.io.tmpdir"))));
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** Deletes it with all that is in it. */
    @Override
    public void close() throws IOException {
        delete(directory);
    }

    /** Deletes a directory with all that is in it. What somebody else deletes at the same time is no error. */
    public static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
