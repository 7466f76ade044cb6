package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code repair} on stores that are damaged, and what the other commands say of what was lost. */
class RepairTest {
    private static final int HEADER = 4096;

    @TempDir
    Path temporary;

    private Path data;

    /** Three segments of ten records each; a value of 100 bytes, so that a frame has 144. */
    @BeforeEach
    void store() {
        data = temporary.resolve("data");
        try (Wal wal =
                Wal.open(CliRun.withoutProofs(data).toBuilder().prefill(false).build())) {
            LocalPartition orders = wal.partition(PartitionId.parse("orders-0"));
            for (int i = 0; i < 30; i++) {
                orders.append(value(i).getBytes(StandardCharsets.UTF_8));
                if (i % 10 == 9 && i < 29) {
                    orders.rotate();
                }
            }
        }
        CliRun.store(data, "other-0", 3);
    }

    private static String value(int i) {
        return String.format("%-100d", i);
    }

    private static String[] values(IntStream offsets) {
        return offsets.mapToObj(RepairTest::value).toArray(String[]::new);
    }

    private static IntStream offsets(int... fromTo) {
        IntStream all = IntStream.empty();
        for (int i = 0; i < fromTo.length; i += 2) {
            all = IntStream.concat(all, IntStream.range(fromTo[i], fromTo[i + 1]));
        }
        return all;
    }

    private Path segment(int number) throws IOException {
        return StoreFiles.segments(data, "orders-0").get(number);
    }

    private void damageRecord(int offset) throws IOException {
        StoreFiles.flip(segment(offset / 10), HEADER + (offset % 10) * 144L + 60);
    }

    private CliRun repair(Object... options) {
        return CliRun.of(Stream.concat(Stream.of("repair", "--data", data), Stream.of(options))
                .toArray());
    }

    private List<Path> copiesAside() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("orders-0"))) {
            return files.filter(file -> file.toString().endsWith(".damaged")).toList();
        }
    }

    @Test
    void soundStore_hasNothingToRepair() throws IOException {
        Map<String, Integer> before = StoreFiles.fingerprint(data);
        CliRun dry = repair("--dry-run");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.outLines()).containsExactly("orders-0: nothing to repair", "other-0: nothing to repair");
        assertThat(StoreFiles.fingerprint(data)).isEqualTo(before);
        assertThat(repair("--yes").exitCode()).isZero();
        assertThat(copiesAside()).isEmpty();
    }

    @Test
    void dryRun_saysExactlyWhatWouldBeLost_andChangesNothing() throws IOException {
        damageRecord(23);
        damageRecord(24);
        Files.delete(segment(1));
        long bytes = Files.size(segment(1));
        Map<String, Integer> before = StoreFiles.fingerprint(data);
        CliRun dry = repair("--dry-run");
        assertThat(dry.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(dry.out())
                .contains("orders-0: 12 records lost, SEGMENT_MISSING ")
                .contains("lost   offsets=10..20 file=orders-0/00000000000000000010-00000002.seg at=4096 bytes=unknown")
                .contains("lost   offsets=23..25 file=orders-0/00000000000000000020-00000003.seg at=4528 bytes=288")
                .contains("file   orders-0/00000000000000000010-00000002.seg made, in place of one that is gone")
                .contains("file   orders-0/00000000000000000020-00000003.seg bytes=" + bytes
                        + " copied aside, then sealed at=" + bytes)
                .contains("appends go on at 30")
                .contains("other-0: nothing to repair")
                .endsWith("nothing was changed\n");
        assertThat(StoreFiles.fingerprint(data)).isEqualTo(before);
    }

    @Test
    void repairedStore_servesTheRest_andEveryCommandTellsOfTheGaps() throws IOException {
        damageRecord(23);
        Files.delete(segment(1));
        byte[] damaged = Files.readAllBytes(segment(1));
        CliRun repaired = repair("--yes");
        assertThat(repaired.exitCode()).isZero();
        assertThat(repaired.out()).contains("11 records lost").contains("orders-0: repaired");
        assertThat(copiesAside()).hasSize(1);
        assertThat(copiesAside().get(0)).hasBinaryContent(damaged);

        CliRun fetch = CliRun.of("fetch", "--data", data, "orders-0");
        assertThat(fetch.exitCode()).isZero();
        assertThat(fetch.outLines()).containsExactly(values(offsets(0, 10, 20, 23, 24, 30)));
        assertThat(fetch.err().lines().filter(line -> line.contains("RECORDS_LOST")))
                .hasSize(2)
                .first()
                .asString()
                .contains("offset=10 end=20");
        assertThat(CliRun.of("fetch", "--data", data, "orders-0", "--json").outLines())
                .hasSize(21)
                .contains(
                        "{\"kind\":\"GAP\",\"offset\":10,\"endOffset\":20}",
                        "{\"kind\":\"GAP\",\"offset\":23,\"endOffset\":24}");
        CliRun tail = CliRun.of("tail", "--data", data, "orders-0", "-n", 8);
        assertThat(tail.outLines()).containsExactly(values(offsets(22, 23, 24, 30)));
        assertThat(tail.err()).contains("offset=23 end=24");

        assertThat(CliRun.of("stat", "--data", data).out())
                .contains("lost offsets=10..20 reason=SEGMENT_MISSING")
                .contains("lost offsets=23..24");
        assertThat(CliRun.of("stat", "--data", data, "--json").out())
                .contains("\"losses\":[{\"firstOffset\":10,\"endOffset\":20,\"reason\":\"SEGMENT_MISSING\"");
        assertThat(CliRun.of("partitions", "list", "--data", data).outLines())
                .containsExactly("orders-0 0..30, 11 records lost", "other-0 0..3");
        assertThat(CliRun.of("partitions", "list", "--data", data, "--json").out())
                .contains("\"lostRecords\":11");
        CliRun verify = CliRun.of("verify", "--data", data);
        assertThat(verify.exitCode()).isZero();
        assertThat(verify.out())
                .contains("offset=10 end=20")
                .contains("offset=23 end=24")
                .contains("on record");

        assertThat(CliRun.withInput("one more\n", "produce", "--data", data, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("fetch", "--data", data, "orders-0", "--from", 30).outLines())
                .containsExactly("one more");
        assertThat(repair("--dry-run").out()).contains("orders-0: nothing to repair");
    }

    @Test
    void badHeaderAndPartitionFile_areMadeAgain_andNothingIsLost() throws IOException {
        StoreFiles.flip(segment(1), 40);
        StoreFiles.flip(data.resolve("orders-0").resolve("PARTITION"), 40);
        CliRun repaired = repair("orders-0", "--yes");
        assertThat(repaired.exitCode()).isZero();
        assertThat(repaired.out())
                .contains("orders-0: nothing is lost, METADATA_CORRUPT")
                .contains("header made again")
                .contains("orders-0/PARTITION bytes=")
                .doesNotContain("other-0");
        assertThat(copiesAside()).hasSize(2);
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).containsExactly(values(offsets(0, 30)));
        assertThat(CliRun.of("verify", "--data", data).exitCode()).isZero();
    }

    @Test
    void damageWhereOpeningDoesNotLook_isFound() throws IOException {
        damageRecord(3);
        assertThat(CliRun.of("stat", "--data", data).exitCode()).isZero();
        CliRun repaired = repair("--yes");
        assertThat(repaired.exitCode()).isZero();
        assertThat(repaired.out()).contains("lost   offsets=3..4");
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines())
                .containsExactly(values(offsets(0, 3, 4, 30)));
    }

    @Test
    void sealThatWasDamagedAfterACleanClose_isMadeAgain() throws IOException {
        StoreFiles.truncate(segment(0), Files.size(segment(0)) - 20);
        assertThat(CliRun.of("verify", "--data", data).exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        CliRun repaired = repair("--yes");
        assertThat(repaired.exitCode()).isZero();
        assertThat(repaired.out()).contains("orders-0: nothing is lost").contains("then cut and sealed at=5536");
        assertThat(CliRun.of("verify", "--data", data).exitCode()).isZero();
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).hasSize(30);
    }

    @Test
    void withoutATerminal_yesHasToBeSaid() throws IOException {
        damageRecord(23);
        Map<String, Integer> before = StoreFiles.fingerprint(data);
        CliRun run = repair();
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("--dry-run").contains("--yes");
        assertThat(CliRun.answering("y\n", "repair", "--data", data, "--json").exitCode())
                .isEqualTo(ExitCode.USAGE.number());
        assertThat(StoreFiles.fingerprint(data)).isEqualTo(before);
    }

    @Test
    void onATerminal_itAsks() throws IOException {
        damageRecord(23);
        byte[] damaged = Files.readAllBytes(segment(2));
        for (String no : List.of("n\n", "\n", "", "yesterday\n")) {
            CliRun refused = CliRun.answering(no, "repair", "--data", data);
            assertThat(refused.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
            assertThat(refused.err()).contains("lost for good. [y/N]");
            assertThat(refused.out()).contains("lost   offsets=23..24").endsWith("nothing was changed\n");
            assertThat(segment(2)).hasBinaryContent(damaged);
            assertThat(copiesAside()).isEmpty();
        }
        CliRun done = CliRun.answering("y\n", "repair", "--data", data);
        assertThat(done.exitCode()).isZero();
        assertThat(copiesAside()).hasSize(1);
    }

    @Test
    void partitionThatCannotBeRepaired_staysAsItIs_andTheOthersAreRepaired() throws IOException {
        damageRecord(23);
        Files.copy(
                data.resolve("orders-0").resolve("PARTITION"),
                data.resolve("other-0").resolve("PARTITION"),
                StandardCopyOption.REPLACE_EXISTING);
        CliRun run = repair("--yes");
        assertThat(run.exitCode()).isEqualTo(ExitCode.DAMAGED.number());
        assertThat(run.out()).contains("other-0: cannot be repaired").contains("orders-0: repaired");
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).hasSize(29);
    }

    @Test
    void fileOfANewerVersion_isLeftAlone() throws IOException {
        StoreFiles.makeNewer(data.resolve("other-0").resolve("PARTITION"));
        Map<String, Integer> before = StoreFiles.fingerprint(data.resolve("other-0"));
        assertThat(repair("--yes").exitCode()).isEqualTo(ExitCode.NEWER.number());
        assertThat(StoreFiles.fingerprint(data.resolve("other-0"))).isEqualTo(before);
    }

    @Test
    void storeInUse_isRefused_alsoToADryRun() {
        try (Wal wal = Wal.open(CliRun.withoutProofs(data))) {
            assertThat(wal.partitions()).hasSize(2);
            assertThat(repair("--yes").exitCode()).isEqualTo(ExitCode.LOCKED.number());
            CliRun dry = repair("--dry-run");
            assertThat(dry.exitCode()).isEqualTo(ExitCode.LOCKED.number());
            assertThat(dry.err()).contains("STORE_LOCKED").contains("wal verify");
        }
    }

    @Test
    void unknownNames_areTold() {
        assertThat(repair("--yes", "order-0").exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(CliRun.of("repair", "--data", temporary.resolve("nothing"), "--dry-run")
                        .exitCode())
                .isEqualTo(ExitCode.NOT_FOUND.number());
    }

    @Test
    void json_hasAnObjectForEachPartition_andForEachRepair() throws IOException {
        damageRecord(23);
        CliRun run = repair("--yes", "--json");
        assertThat(run.exitCode()).isZero();
        assertThat(run.outLines()).hasSize(3);
        assertThat(run.outLines().get(0))
                .contains("\"outlook\":\"damaged\"")
                .contains("\"lostRecords\":1")
                .contains("\"firstOffset\":23,\"endOffset\":24,")
                .contains("\"filePosition\":4528,\"bytes\":144")
                .contains("\"appendsGoOnAt\":30");
        assertThat(run.outLines().get(1)).contains("\"outlook\":\"sound\"");
        assertThat(run.outLines().get(2)).contains("\"type\":\"repaired\"").contains(".damaged");
    }
}
