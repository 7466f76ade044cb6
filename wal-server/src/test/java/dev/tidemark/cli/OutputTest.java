package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputTest {

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }

    @Test
    void readerThatHasGone_isToldFromAnError() {
        assertThatThrownBy(() -> new Output(failing("Broken pipe")).line("x").flush())
                .isInstanceOf(OutputClosedException.class);
        assertThatThrownBy(() ->
                        new Output(failing("No space left on device")).line("x").flush())
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("OUTPUT_FAILED");
    }

    @Test
    void outputThatCannotBeWritten_isReportedOnce(@TempDir Path directory) {
        CliRun.store(directory, "orders-0", 1);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new ByteArrayInputStream(new byte[0]), failing("No space left on device"), err, false, false, Map.of());

        assertThat(Main.run(console, "fetch", "--data", directory.toString(), "orders-0"))
                .isEqualTo(ExitCode.FAILED.number());
        assertThat(err.toString(StandardCharsets.UTF_8)).containsOnlyOnce("OUTPUT_FAILED");
    }

    @Test
    void readerThatHasGone_endsTheCommandQuietly() {
        Console console = new Console(
                new ByteArrayInputStream(new byte[0]),
                failing("Broken pipe"),
                OutputStream.nullOutputStream(),
                false,
                false,
                Map.of());

        assertThat(Main.run(console, "--help")).isEqualTo(ExitCode.PIPE_CLOSED.number());
    }
}
