package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code partitions}. */
class PartitionsTest {
    @TempDir
    Path directory;

    private Path damaged(String partition) throws IOException {
        Path store = CliRun.store(directory, partition, 5);
        Files.delete(store.resolve(partition).resolve("00000000000000000000-00000001.seg"));
        return store;
    }

    @Test
    void partitions_areListedWithTheirOffsets() {
        Path store = CliRun.store(directory, "orders-1", 10);
        CliRun.store(directory, "orders-0", 3);
        CliRun.of("trim", "--data", store, "orders-1", "--to", 4);
        CliRun run = CliRun.of("partitions", "--data", store);
        assertThat(run.exitCode()).isZero();
        assertThat(run.outLines()).containsExactly("orders-0 0..3", "orders-1 4..10");
        assertThat(CliRun.of("partitions", "--data", store, "list", "--json").outLines())
                .hasSize(2)
                .last()
                .asString()
                .contains("\"partition\":\"orders-1\"")
                .contains("\"start\":4")
                .contains("\"end\":10");
    }

    @Test
    void created_isThereAndEmpty() {
        CliRun made = CliRun.of("partitions", "--data", directory, "create", "orders-0", "orders-1");
        assertThat(made.exitCode()).isZero();
        assertThat(made.outLines()).containsExactly("orders-0 made", "orders-1 made");
        assertThat(CliRun.of("partitions", "--data", directory, "create", "orders-1")
                        .outLines())
                .containsExactly("orders-1 was there");
        assertThat(CliRun.of("partitions", "--data", directory).outLines())
                .containsExactly("orders-0 0..0", "orders-1 0..0");
    }

    @Test
    void deleted_isGoneAndTheOthersStay() throws IOException {
        Path store = CliRun.store(directory, "orders-0", 10);
        CliRun.store(directory, "orders-1", 3);
        CliRun run = CliRun.of("partitions", "--data", store, "delete", "orders-0", "--yes");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("orders-0 deleted");
        assertThat(CliRun.of("partitions", "--data", store).outLines()).containsExactly("orders-1 0..3");
        try (Stream<Path> left = Files.list(store)) {
            assertThat(left.filter(Files::isDirectory)
                            .map(path -> path.getFileName().toString()))
                    .containsExactly("orders-1");
        }
    }

    @Test
    void damagedPartition_isListedWithItsErrorAndCanBeDeleted() throws IOException {
        Path store = damaged("orders-0");
        CliRun listed = CliRun.of("partitions", "--data", store);
        assertThat(listed.exitCode()).isZero();
        assertThat(listed.outLines()).containsExactly("orders-0 SEGMENT_MISSING");
        assertThat(CliRun.of("partitions", "--data", store, "delete", "orders-0", "--yes")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("partitions", "--data", store).outLines()).isEmpty();
    }

    @Test
    void deleteWithoutYes_changesNothing() {
        Path store = CliRun.store(directory, "orders-0", 3);
        CliRun run = CliRun.of("partitions", "--data", store, "delete", "orders-0");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("--yes");
        assertThat(CliRun.of("partitions", "--data", store).outLines()).containsExactly("orders-0 0..3");
    }

    @Test
    void oneUnknownPartition_keepsAllFromBeingDeleted() {
        Path store = CliRun.store(directory, "orders-0", 3);
        CliRun run = CliRun.of("partitions", "--data", store, "delete", "orders-0", "order-1", "--yes");
        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).contains("PARTITION_UNKNOWN").contains("did you mean orders-0?");
        assertThat(CliRun.of("partitions", "--data", store).outLines()).containsExactly("orders-0 0..3");
    }

    @Test
    void wrongCalls_areTold() {
        Path store = CliRun.store(directory, "orders-0", 3);
        int usage = ExitCode.USAGE.number();
        assertThat(CliRun.of("partitions", "--data", store, "list", "orders-0").exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("partitions", "--data", store, "create").exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("partitions", "--data", store, "erase", "orders-0").exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("partitions", "--data", store, "create", "no number")
                        .exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("partitions", "--data", store.resolve("none")).exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
    }
}
