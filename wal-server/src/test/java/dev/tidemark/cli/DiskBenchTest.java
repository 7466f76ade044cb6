package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskBenchTest {

    private static List<Path> in(Path directory) throws IOException {
        try (Stream<Path> found = Files.list(directory)) {
            return found.toList();
        }
    }

    @Test
    void withoutAPartition_theDiskAndTheLogOnItAreShown_andNothingIsLeft(@TempDir Path directory) throws IOException {
        CliRun run = CliRun.of("bench", "--dir", directory, "--seconds", "0.02");

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.outLines().get(0)).startsWith("disk  " + directory).contains(" median, ");
        assertThat(run.out())
                .containsPattern("1 thread, each append waits, 128 B +[0-9,]+/s +[0-9,]+/s +[0-9.]+ ")
                .containsPattern("8 threads, 64 appends under way, 16 KiB +[0-9,]+ MB/s +[0-9,]+ MB/s +[0-9.]+ ")
                .containsPattern("reading, 1 KiB, checksums tested +[0-9,]+ MB/s +[0-9,]+ MB/s")
                .contains("  tidemark \u2588");
        assertThat(in(directory)).isEmpty();
    }

    @Test
    void asJson_itIsOneObjectWithARowForEachComparison(@TempDir Path directory) throws IOException {
        CliRun run = CliRun.of("bench", "--dir", directory, "--seconds", "0.02", "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.outLines()).hasSize(1);
        assertThat(run.out())
                .startsWith("{\"directory\":")
                .contains("\"rows\":[{\"name\":\"1 thread, each append waits, 128 B\",\"unit\":\"/s\",\"disk\":");
        assertThat(in(directory)).isEmpty();
    }

    @Test
    void storeWithoutAPartition_isRefused(@TempDir Path directory) throws IOException {
        CliRun run = CliRun.of("bench", "--data", directory);

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("name the partition");
        assertThat(in(directory)).isEmpty();
    }

    @Test
    void directoryThatIsNotThere_isNotMade(@TempDir Path directory) throws IOException {
        CliRun run = CliRun.of("bench", "--dir", directory.resolve("absent"));

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(in(directory)).isEmpty();
    }

    @Test
    void partitionAndADisk_areNotMeasuredTogether(@TempDir Path directory) {
        CliRun run = CliRun.of("bench", "--data", directory.resolve("data"), "--dir", directory, "bench-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("--dir");
    }

    @Test
    void timeThatIsNone_isRefused(@TempDir Path directory) {
        for (String seconds : List.of("0", "-1", "NaN", "1e9")) {
            assertThat(CliRun.of("bench", "--dir", directory, "--seconds", seconds)
                            .exitCode())
                    .as(seconds)
                    .isEqualTo(ExitCode.USAGE.number());
        }
    }

    @Test
    void bars_areAsLongAsTheirNumbers_downToAnEighth() {
        assertThat(DiskBenchReport.bar(5, 5)).isEqualTo("\u2588".repeat(40));
        assertThat(DiskBenchReport.bar(1, 80)).isEqualTo("\u258c");
        assertThat(DiskBenchReport.bar(1, 1_000_000)).isEqualTo("\u258f");
        assertThat(DiskBenchReport.bar(0, 5)).isEmpty();
    }

    @Test
    void ratio_ofADiskThatDidNothing_isNone() {
        assertThat(new DiskBench.Row("a", "/s", 0, 5, 0, 0).ratio()).isZero();
        assertThat(new DiskBench.Row("a", "/s", 4, 5, 0, 0).ratio()).isEqualTo(1.25);
    }
}
