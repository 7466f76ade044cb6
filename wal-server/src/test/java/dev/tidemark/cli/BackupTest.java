package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.PartitionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code backup}. */
class BackupTest {
    @TempDir
    Path temporary;

    private Path store;
    private Path copy;

    @BeforeEach
    void directories() {
        store = temporary.resolve("data");
        copy = temporary.resolve("copy");
    }

    @Test
    void copy_isAStoreWithTheSameRecords() throws IOException {
        CliRun.store(store, "orders-0", 10);
        Map<String, Integer> before = StoreFiles.fingerprint(store);

        CliRun run = CliRun.of("backup", "--data", store, "--to", copy);

        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.outLines()).hasSize(2);
        assertThat(run.outLines().get(0)).startsWith("orders-0 0..10: 10 records, 1 segment, ");
        assertThat(run.outLines().get(1)).startsWith("backed up to ").endsWith("read back and verified");
        assertThat(StoreFiles.fingerprint(store)).isEqualTo(before);
        assertThat(CliRun.of("verify", "--data", copy).exitCode()).isZero();
        assertThat(CliRun.of("fetch", "--data", copy, "orders-0").outLines())
                .hasSize(10)
                .last()
                .isEqualTo("value 9");
        assertThat(CliRun.withInput("one more\n", "produce", "--data", copy, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("fetch", "--data", copy, "orders-0").outLines()).hasSize(11);
    }

    @Test
    void storeInUse_isCopiedToo() {
        try (Wal wal = Wal.open(CliRun.withoutProofs(store))) {
            wal.partition(PartitionId.parse("orders-0")).append("value".getBytes(StandardCharsets.UTF_8));
            CliRun run = CliRun.of("backup", "--data", store, "--to", copy, "--json");
            assertThat(run.exitCode()).isZero();
            assertThat(run.outLines().get(0))
                    .startsWith("{\"type\":\"partition\",\"partition\":\"orders-0\",\"start\":0,\"end\":1,");
            assertThat(run.outLines().get(1)).startsWith("{\"type\":\"summary\",\"directory\":");
        }
        assertThat(CliRun.of("fetch", "--data", copy, "orders-0").outLines()).containsExactly("value");
    }

    @Test
    void damagedStore_isNotBackedUp() throws IOException {
        CliRun.store(store, "orders-0", 10);
        StoreFiles.flip(StoreFiles.segments(store, "orders-0").get(0), 4096 + 50);

        CliRun run = CliRun.of("backup", "--data", store, "--to", copy);

        assertThat(run.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(run.err()).contains("SEGMENT_CORRUPT").contains("orders-0/");
        assertThat(CliRun.of("stat", "--data", copy).exitCode()).isNotZero();
    }

    @Test
    void wrongCalls_areToldAndChangeNothing() throws IOException {
        CliRun.store(store, "orders-0", 3);
        int usage = ExitCode.USAGE.number();
        assertThat(CliRun.of("backup", "--data", store).exitCode()).isEqualTo(usage);
        assertThat(CliRun.of("backup", "--data", store, "--to", store).exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("backup", "--data", store.resolve("none"), "--to", copy)
                        .exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
        Files.createDirectory(copy);
        Files.writeString(copy.resolve("mine"), "mine");
        CliRun run = CliRun.of("backup", "--data", store, "--to", copy);
        assertThat(run.exitCode()).isEqualTo(usage);
        assertThat(run.err()).contains("absent or empty").contains("found=mine");
    }
}
