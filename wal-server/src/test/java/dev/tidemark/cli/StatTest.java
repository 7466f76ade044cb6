package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatTest {

    @TempDir
    Path directory;

    @Test
    void storeThatWasClosed_isShownWithItsPartitions() throws IOException {
        CliRun.store(directory, "orders-0", 7);
        CliRun.store(directory, "refunds-3", 2);
        Map<String, Integer> before = StoreFiles.fingerprint(directory);
        CliRun run = CliRun.of("stat", "--data", directory, "--segments");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("last close  clean", "partitions  2", "nobody is writing")
                .containsPattern("orders-0 +OPEN +0 +7 +7 +1 ")
                .containsPattern("refunds-3 +OPEN +0 +2 +2 +1 ")
                .contains("00000000000000000000-00000001.seg offsets=0..7");
        assertThat(StoreFiles.fingerprint(directory)).isEqualTo(before);
    }

    @Test
    void json_isOneObjectWithTheRecoveryReport() {
        CliRun.store(directory, "orders-0", 7);
        CliRun run = CliRun.of("stat", "--data", directory, "--json");

        assertThat(run.outLines())
                .singleElement()
                .asString()
                .startsWith("{\"directory\":")
                .contains(
                        "\"partition\":\"orders-0\"",
                        "\"durable\":7",
                        "\"recovery\":{\"wasClean\":true",
                        "\"isSealed\":false")
                .endsWith("}");
    }

    @Test
    void damagedPartition_isShownAndDecidesTheExitCode() throws IOException {
        CliRun.store(directory, "orders-0", 7);
        CliRun.store(directory, "refunds-3", 2);
        Files.delete(StoreFiles.segments(directory, "orders-0").get(0));
        CliRun run = CliRun.of("stat", "--data", directory);

        assertThat(run.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(run.out()).contains("SEGMENT_MISSING").containsPattern("refunds-3 +OPEN +0 +2 ");
        CliRun json = CliRun.of("stat", "--data", directory, "--json");
        assertThat(json.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(json.out()).contains("\"failure\":{\"code\":\"SEGMENT_MISSING\"");
    }

    @Test
    void emptyStore_isFine() {
        CliRun.withInput("", "produce", "--data", directory, "orders-0");
        CliRun run = CliRun.of("stat", "--data", directory);

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).containsPattern("orders-0 +OPEN +0 +0 +0 ");
    }
}
