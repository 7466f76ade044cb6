package dev.tidemark.benchmarks.scale;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScaleTest {

    @Test
    void pointThatFailedOrWasCutOff_isMeasuredAgain(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("scale.jsonl");
        Files.writeString(
                file,
                "{\"key\":\"whole\",\"status\":\"part\"}\n{\"key\":\"whole\",\"status\":\"done\"}\n"
                        + "{\"key\":\"bad\",\"status\":\"failed\"}\n{\"key\":\"cut\",\"status\":\"part\"}\n{\"key\":\"cut\",\"sta");

        assertThat(Scale.done(file)).containsExactly("whole");
    }

    @Test
    void withoutAFile_nothingIsDone(@TempDir Path directory) throws IOException {
        assertThat(Scale.done(directory.resolve("absent.jsonl"))).isEmpty();
    }
}
