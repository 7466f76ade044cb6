package dev.tidemark.planted.partition;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

final class OpensAFile {
    byte[] read(Path file) throws IOException {
        return Files.readAllBytes(file);
    }
}
