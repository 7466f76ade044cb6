package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.io.Clock;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressBarTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private long nanos;

    private final Clock clock = new Clock() {
        @Override
        public long millis() {
            return TimeUnit.NANOSECONDS.toMillis(nanos);
        }

        @Override
        public long nanos() {
            return nanos;
        }
    };

    private String drawn(boolean isTerminal, long total) {
        Console console = new Console(
                new ByteArrayInputStream(new byte[0]), new ByteArrayOutputStream(), err, false, isTerminal, Map.of());
        try (ProgressBar bar = new ProgressBar(console, "verify", clock)) {
            bar.at(0, total);
            nanos = TimeUnit.SECONDS.toNanos(1);
            bar.at(total / 2, total);
            bar.at(total / 2 + 1, total);
        }
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void onATerminal_isDrawnNowAndThenAndErasedAtTheEnd() {
        assertThat(drawn(true, 4096))
                .isEqualTo("\r\u001b[Kverify [" + "#".repeat(15) + ".".repeat(15) + "]  50% of 4.0 KiB\r\u001b[K");
    }

    @Test
    void elsewhere_isNothing() {
        assertThat(drawn(false, 4096)).isEmpty();
    }

    @Test
    void ofNothing_isComplete() {
        assertThat(drawn(true, 0)).contains("100% of 0 B");
    }
}
