package dev.tidemark.wal.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a configuration is checked. */
class WalConfigTest {
    private static final Path DATA = Path.of("data");

    @Test
    void severalProblems_areListedInOneMessage() {
        WalConfig.Builder wrong = WalConfig.builder(DATA)
                .segmentBytes(100)
                .maxLinger(Duration.ofSeconds(2))
                .flusherThreads(0)
                .openFiles(1);

        assertThatThrownBy(wrong::build).isInstanceOfSatisfying(InvalidCallException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.CONFIG_INVALID);
            assertThat(e.getMessage())
                    .contains("4 problems")
                    .contains("segmentBytes=100", "maxLinger=PT2S", "flusherThreads=0", "openFiles=1");
        });
    }

    @Test
    void directoryInAnArchive_isAProblemOfTheConfiguration(@TempDir Path temporary) throws IOException {
        URI archive = URI.create("jar:" + temporary.resolve("data.zip").toUri());
        try (FileSystem inside = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
            assertThatThrownBy(() -> WalConfig.of(inside.getPath("/data")))
                    .isInstanceOfSatisfying(
                            InvalidCallException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIG_INVALID))
                    .hasMessageContaining("directory=/data");
        }
    }

    @Test
    void readOptionsWithoutAVisibility_areRefused() {
        assertThatThrownBy(() -> new ReadOptions(null, 4096))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("visibility");
    }

    @Test
    void timesThatFitIntoNoClock_areRefusedByWhoeverTakesThem() {
        WalConfig.Builder never = WalConfig.builder(DATA).segmentAge(Duration.ofSeconds(Long.MAX_VALUE));
        assertThatThrownBy(never::build)
                .isInstanceOf(InvalidCallException.class)
                .hasMessageContaining("segmentAge=");

        AppendRequest request = AppendRequest.of(new byte[1]);
        for (Duration wrong : List.of(Duration.ofNanos(-1), Duration.ofDays(1), Duration.ofSeconds(Long.MAX_VALUE))) {
            assertThatThrownBy(() -> request.withTimeout(wrong))
                    .isInstanceOfSatisfying(
                            InvalidCallException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID));
        }
        assertThat(request.withTimeout(Duration.ofHours(1)).timeout(Duration.ZERO))
                .isEqualTo(Duration.ofHours(1));
    }

    @Test
    void boundsThatContradictEachOther_areAProblem() {
        WalConfig.Builder wrong = WalConfig.builder(DATA).storeQueueBytes(1 << 20);

        assertThatThrownBy(wrong::build)
                .isInstanceOf(InvalidCallException.class)
                .hasMessageContaining("partitionQueueBytes=67108864 must not exceed storeQueueBytes");
    }

    @Test
    void toBuilder_changesNothingElse() {
        WalConfig config = WalConfig.builder(DATA)
                .defaultDurability(Durability.WRITTEN)
                .segmentBytes(64 << 10)
                .prefill(false)
                .build();

        WalConfig copy = config.toBuilder().openFiles(99).build();

        assertThat(copy.openFiles()).isEqualTo(99);
        assertThat(copy.defaultDurability()).isEqualTo(Durability.WRITTEN);
        assertThat(copy.segmentBytes()).isEqualTo(64 << 10);
        assertThat(copy.prefill()).isFalse();
        assertThat(config.openFiles()).isEqualTo(2_048);
    }

    @Test
    void largestAppend_isBoundedByTheSegment() {
        assertThat(WalConfig.of(DATA).largestAppendBytes()).isEqualTo(8 << 20);
        assertThat(WalConfig.builder(DATA).segmentBytes(16 << 10).build().largestAppendBytes())
                .isLessThan(16 << 10);
    }
}
