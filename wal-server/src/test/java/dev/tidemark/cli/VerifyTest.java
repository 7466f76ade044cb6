package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyTest {

    private static final int FIRST_FRAME = 4096;
    /** A header of 40 bytes and a value of 8. */
    private static final int FRAME_BYTES = 48;

    @TempDir
    Path directory;

    private Path store;
    private Path sealed;
    private Path active;

    /** Partition orders-0 with ten records in a sealed segment and ten in the active one, and refunds-0 with one; closed in order. */
    @BeforeEach
    void twoPartitions() throws IOException {
        store = directory.resolve("store");
        try (Wal wal = Wal.open(CliRun.withoutProofs(store))) {
            LocalPartition orders = wal.partition("orders", 0);
            append(orders, 0);
            orders.rotate();
            append(orders, 10);
            append(wal.partition("refunds", 0), 0);
        }
        List<Path> segments = StoreFiles.segments(store, "orders-0");
        sealed = segments.get(0);
        active = segments.get(1);
    }

    private static void append(LocalPartition partition, int from) {
        for (int i = from; i < from + 10; i++) {
            partition.append(String.format("value %02d", i).getBytes(StandardCharsets.UTF_8));
        }
    }

    private CliRun verify(Object... more) {
        Object[] call = new Object[more.length + 3];
        call[0] = "verify";
        call[1] = "--data";
        call[2] = store;
        System.arraycopy(more, 0, call, 3, more.length);
        return CliRun.of(call);
    }

    private static List<String> ofType(CliRun run, String type) {
        return run.outLines().stream()
                .filter(line -> line.startsWith("{\"type\":\"" + type + '"'))
                .toList();
    }

    @Test
    void goodStore_isFineAndUnchanged() throws IOException {
        Map<String, Integer> before = StoreFiles.fingerprint(store);
        CliRun run = verify();

        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.out())
                .containsPattern("orders-0 +0 +20 +20 +2 .* ok\n")
                .containsPattern("refunds-0 +0 +10 +10 +1 .* ok\n")
                .contains("Nothing is wrong.", "2 partitions, 30 records");
        assertThat(run.err()).isEmpty();
        assertThat(StoreFiles.fingerprint(store)).isEqualTo(before);
    }

    @Test
    void json_isAnObjectALineWithASummaryAtTheEnd() {
        CliRun run = verify("--json");

        assertThat(run.outLines()).hasSize(3).allMatch(line -> line.startsWith("{\"type\":") && line.endsWith("}"));
        assertThat(ofType(run, "partition").get(0))
                .contains("\"partition\":\"orders-0\"", "\"end\":20", "\"segments\":2");
        assertThat(run.outLines().get(2)).contains("\"type\":\"summary\"", "\"worst\":\"OK\"", "\"findings\":0");
    }

    @Test
    void flippedBitsInSealedAndActiveSegment_areBothReportedWithTheirPlaces() throws IOException {
        StoreFiles.flip(sealed, FIRST_FRAME + 3 * FRAME_BYTES + 40);
        StoreFiles.flip(active, FIRST_FRAME + 5 * FRAME_BYTES + 8);
        Map<String, Integer> before = StoreFiles.fingerprint(store);
        CliRun run = verify("--json");

        assertThat(run.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(ofType(run, "finding"))
                .anyMatch(line -> line.contains("\"severity\":\"DAMAGE\"")
                        && line.contains("orders-0/" + sealed.getFileName())
                        && line.contains("\"filePosition\":" + (FIRST_FRAME + 3 * FRAME_BYTES))
                        && line.contains("\"firstOffset\":3,\"endOffset\":4"))
                .anyMatch(line -> line.contains("\"severity\":\"DAMAGE\"")
                        && line.contains("orders-0/" + active.getFileName())
                        && line.contains("\"filePosition\":" + (FIRST_FRAME + 5 * FRAME_BYTES))
                        && line.contains("\"firstOffset\":15"));
        assertThat(verify().out())
                .contains("damage", "Acknowledged data are damaged.")
                .containsPattern("refunds-0 .* ok\n");
        assertThat(StoreFiles.fingerprint(store)).isEqualTo(before);
    }

    @Test
    void damageInOnePartition_doesNotConcernTheOther() throws IOException {
        StoreFiles.flip(active, FIRST_FRAME + 8);

        assertThat(verify("refunds-0").exitCode()).isZero();
        assertThat(verify("orders-0").exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(verify("refunds-0", "orders-0").exitCode()).isEqualTo(ExitCode.DAMAGED.number());
    }

    @Test
    void damagedPartition_isRefusedAndTheOtherIsServed() throws IOException {
        StoreFiles.truncate(active, FIRST_FRAME + 2 * FRAME_BYTES);
        CliRun produced = CliRun.withInput("x\n", "produce", "--data", store, "orders-0");
        CliRun fetched = CliRun.of("fetch", "--data", store, "orders-0");

        assertThat(produced.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(fetched.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(fetched.err())
                .contains("wal: SEGMENT_TRUNCATED ", "orders-0/" + active.getFileName(), "wal verify")
                .doesNotContain("\tat ");
        assertThat(CliRun.withInput("x\n", "produce", "--data", store, "refunds-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("fetch", "--data", store, "refunds-0").outLines()).hasSize(11);
    }

    @Test
    void segmentThatIsCutOff_isDamage() throws IOException {
        StoreFiles.truncate(active, FIRST_FRAME + 2 * FRAME_BYTES);

        assertThat(verify().exitCode()).isEqualTo(ExitCode.DAMAGED.number());
    }

    @Test
    void segmentThatIsMissing_isDamage() throws IOException {
        Files.delete(sealed);
        CliRun run = verify();

        assertThat(run.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(run.out()).contains(sealed.getFileName().toString());
    }

    @Test
    void partitionFileThatIsMissing_isDamage() throws IOException {
        Files.delete(store.resolve("orders-0").resolve("PARTITION"));

        assertThat(verify().exitCode()).isEqualTo(ExitCode.DAMAGED.number());
    }

    @Test
    void tornTailOfAKilledStore_isUndecided() throws IOException {
        Path killed = directory.resolve("killed");
        try (Wal wal = Wal.open(CliRun.withoutProofs(directory.resolve("live")))) {
            append(wal.partition("orders", 0), 0);
            StoreFiles.copy(directory.resolve("live"), killed);
        }
        Files.deleteIfExists(killed.resolve("OWNER"));
        Path segment = StoreFiles.segments(killed, "orders-0").get(0);
        StoreFiles.flip(segment, FIRST_FRAME + 9 * FRAME_BYTES + 42);
        CliRun run = CliRun.of("verify", "--data", killed);

        assertThat(run.exitCode()).as(run.toString()).isEqualTo(ExitCode.UNDECIDED.number());
        assertThat(run.out()).contains("undecided", "nobody can tell");
    }

    @Test
    void storeFileOfANewerVersion_isRefused() throws IOException {
        StoreFiles.makeNewer(store.resolve("STORE"));
        CliRun run = verify();

        assertThat(run.exitCode()).as(run.toString()).isEqualTo(ExitCode.NEWER.number());
        assertThat(run.err()).startsWith("wal: FORMAT_NEWER ");
        assertThat(CliRun.of("stat", "--data", store).exitCode()).isEqualTo(ExitCode.NEWER.number());
        assertThat(CliRun.withInput("x\n", "produce", "--data", store, "orders-0")
                        .exitCode())
                .isEqualTo(ExitCode.NEWER.number());
    }

    @Test
    void directoryThatIsNoStore_isNotFound() throws IOException {
        Path empty = Files.createDirectory(directory.resolve("empty"));

        assertThat(CliRun.of("verify", "--data", empty).exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("verify", "--data", empty.resolve("absent")).exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
    }

    @Test
    void partitionThatIsNotThere_suggestsTheNearest() {
        CliRun run = verify("order-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).contains("did you mean orders-0?");
    }
}
