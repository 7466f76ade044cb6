package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands {@code trim} and {@code checkpoint}. */
class TrimTest {
    @TempDir
    Path directory;

    @Test
    void trimmedToAnOffset_theLogStartsThere() {
        Path store = CliRun.store(directory, "orders-0", 10);
        CliRun run = CliRun.of("trim", "--data", store, "orders-0", "--to", 4);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("orders-0 starts at 4").contains("4 records given up");
        assertThat(CliRun.of("fetch", "--data", store, "orders-0").outLines())
                .hasSize(6)
                .first()
                .isEqualTo("value 4");
        CliRun again = CliRun.of("trim", "--data", store, "orders-0", "--to", 2);
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("starts at 4, as before");
    }

    @Test
    void checkpoint_isSetShownUsedAndRemoved() {
        Path store = CliRun.store(directory, "orders-0", 10);
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "billing", 7)
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0").outLines())
                .containsExactly("billing 7");
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "--json")
                        .outLines())
                .containsExactly("{\"partition\":\"orders-0\",\"checkpoint\":\"billing\",\"offset\":7}");
        CliRun trim = CliRun.of("trim", "--data", store, "orders-0", "--to-checkpoint", "billing", "--json");
        assertThat(trim.out()).contains("\"startBefore\":0").contains("\"start\":7");
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "billing", "--remove")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0").outLines())
                .isEmpty();
    }

    @Test
    void unknownCheckpoint_isToldWithTheNearestName() {
        Path store = CliRun.store(directory, "orders-0", 3);
        CliRun.of("checkpoint", "--data", store, "orders-0", "billing", 1);
        CliRun trim = CliRun.of("trim", "--data", store, "orders-0", "--to-checkpoint", "biling");
        assertThat(trim.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(trim.err()).contains("CHECKPOINT_UNKNOWN").contains("did you mean billing?");
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "gone", "--remove")
                        .exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
    }

    @Test
    void retention_keepsWhatItIsToldTo() {
        Path store = CliRun.store(directory, "orders-0", 10);
        CliRun run = CliRun.of("trim", "--data", store, "orders-0", "--max-bytes", 0);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).as("the newest segment stays").contains("starts at 0, as before");
    }

    @Test
    void wrongCalls_areToldAndChangeNothing() {
        Path store = CliRun.store(directory, "orders-0", 3);
        int usage = ExitCode.USAGE.number();
        assertThat(CliRun.of("trim", "--data", store, "orders-0").exitCode()).isEqualTo(usage);
        assertThat(CliRun.of("trim", "--data", store, "orders-0", "--to", 1, "--max-bytes", 5)
                        .exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("trim", "--data", store, "orders-0", "--to", 4).exitCode())
                .as("beyond the end")
                .isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("trim", "--data", store, "other-0", "--to", 1).exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("trim", "--data", store.resolve("none"), "orders-0", "--to", 1)
                        .exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "billing")
                        .exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "--remove")
                        .exitCode())
                .isEqualTo(usage);
        assertThat(CliRun.of("checkpoint", "--data", store, "orders-0", "billing", 4)
                        .exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("fetch", "--data", store, "orders-0").outLines()).hasSize(3);
    }
}
