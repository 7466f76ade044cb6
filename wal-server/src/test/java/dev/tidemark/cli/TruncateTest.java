package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.WalRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code truncate}. */
class TruncateTest {
    @TempDir
    Path directory;

    private Path store;

    @BeforeEach
    void make() {
        store = CliRun.store(directory, "orders-0", 10);
    }

    private CliRun truncate(Object... more) {
        return CliRun.of(with(more));
    }

    private Object[] with(Object... more) {
        Object[] all = new Object[4 + more.length];
        System.arraycopy(new Object[] {"truncate", "--data", store, "orders-0"}, 0, all, 0, 4);
        System.arraycopy(more, 0, all, 4, more.length);
        return all;
    }

    private List<String> values() {
        return CliRun.of("fetch", "--data", store, "orders-0").outLines();
    }

    @Test
    void truncatedToAnOffset_theLogEndsThereAndGoesOnThere() {
        CliRun run = truncate("--to", 4, "--yes");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("orders-0: 6 records to be given up, offsets=4..10")
                .contains("orders-0 ends at 4: 6 records given up");
        assertThat(values()).hasSize(4).last().isEqualTo("value 3");
        assertThat(CliRun.withInput("another\n", "produce", "--data", store, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(values()).hasSize(5).last().isEqualTo("another");
        CliRun again = truncate("--to", 5, "--yes");
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("ends at 5, as before").doesNotContain("nothing was changed");
    }

    @Test
    void dryRun_saysWhatWouldGoAndWhichCheckpointsWouldMove_andChangesNothing() {
        CliRun.of("checkpoint", "--data", store, "orders-0", "billing", 7);
        CliRun.of("checkpoint", "--data", store, "orders-0", "verified", 3);
        CliRun run = truncate("--to-checkpoint", "verified", "--dry-run");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("7 records to be given up, offsets=3..10")
                .contains("checkpoint billing at 7 moves to 3")
                .doesNotContain("checkpoint verified")
                .contains("nothing was changed");
        assertThat(values()).hasSize(10);
        CliRun json = truncate("--to-checkpoint", "verified", "--json", "--dry-run");
        assertThat(json.outLines())
                .containsExactly(
                        "{\"partition\":\"orders-0\",\"dryRun\":true,\"endBefore\":10,\"end\":3,\"records\":7,"
                                + "\"segments\":0,\"bytes\":0,\"movedCheckpoints\":[{\"checkpoint\":\"billing\",\"offset\":7}]}");
    }

    @Test
    void whoIsAsked_decides() {
        CliRun no = CliRun.answering("no\n", with("--to", 4));
        assertThat(no.exitCode()).isZero();
        assertThat(no.err()).contains("truncate orders-0?").contains("[y/N]");
        assertThat(no.out()).contains("nothing was changed");
        assertThat(values()).hasSize(10);
        CliRun yes = CliRun.answering("y\n", with("--to", 4));
        assertThat(yes.exitCode()).isZero();
        assertThat(values()).hasSize(4);
    }

    @Test
    void nobodyToAsk_isRefused() {
        for (CliRun run : List.of(truncate("--to", 4), CliRun.answering("y\n", with("--to", 4, "--json")))) {
            assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
            assertThat(run.err()).contains("--dry-run").contains("--yes");
        }
        assertThat(values()).hasSize(10);
    }

    @Test
    void middleOfABatch_isToldWithTheOffsetsOnBothSides_beforeAnybodyIsAsked() {
        try (Wal wal = Wal.open(store)) {
            List<WalRecord> batch = List.of("a", "b", "c").stream()
                    .map(value -> WalRecord.of(value.getBytes(StandardCharsets.UTF_8)))
                    .toList();
            wal.partition("orders", 0).append(batch);
        }
        CliRun run = CliRun.answering("y\n", with("--to", 11));
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err())
                .contains("in the middle of a batch")
                .contains("end it at 10 or 13")
                .doesNotContain("[y/N]");
        assertThat(values()).hasSize(13);
        assertThat(truncate("--to", 10, "--yes").exitCode()).isZero();
        assertThat(values()).hasSize(10);
    }

    @Test
    void wrongCalls_areToldAndChangeNothing() {
        CliRun.of("trim", "--data", store, "orders-0", "--to", 2);
        int missing = ExitCode.NOT_FOUND.number();
        assertThat(truncate("--to", 11, "--yes").exitCode()).isEqualTo(missing);
        assertThat(truncate("--to", 1, "--yes").exitCode()).isEqualTo(missing);
        assertThat(truncate("--to-checkpoint", "none", "--yes").exitCode()).isEqualTo(missing);
        assertThat(truncate("--yes").exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(CliRun.of("truncate", "--data", store, "other-0", "--to", 1, "--yes")
                        .exitCode())
                .isEqualTo(missing);
        assertThat(values()).hasSize(8);
    }
}
