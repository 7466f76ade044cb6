package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProduceAndFetchTest {

    @TempDir
    Path directory;

    private CliRun produce(String input, Object... options) {
        return CliRun.withInput(
                input,
                Stream.concat(Stream.of("produce", "--data", directory, "orders-0"), Stream.of(options))
                        .toArray());
    }

    private CliRun fetch(Object... options) {
        return CliRun.of(Stream.concat(Stream.of("fetch", "--data", directory, "orders-0"), Stream.of(options))
                .toArray());
    }

    @Test
    void lines_comeBackAsTheyWere() {
        CliRun produced = produce("one\n\nthree\n");

        assertThat(produced.exitCode()).isZero();
        assertThat(produced.out()).isEmpty();
        assertThat(produced.err()).contains("produced 3 records", "partition=orders-0", "first=0 end=3", "SYNCED");
        assertThat(fetch().out()).isEqualTo("one\n\nthree\n");
    }

    @Test
    void secondProduce_goesOnBehindTheFirst() {
        produce("a\nb\n");
        CliRun second = produce("c\n", "--durability", "written");

        assertThat(second.err()).contains("first=2 end=3", "WRITTEN");
        assertThat(fetch("--with-offsets").out()).isEqualTo("0\ta\n1\tb\n2\tc\n");
    }

    @Test
    void files_areReadInTheirOrder() throws IOException {
        Path first = Files.writeString(directory.resolve("1.txt"), "a\nb");
        Path second = Files.writeString(directory.resolve("2.txt"), "c\n");
        Path store = directory.resolve("store");
        CliRun produced = CliRun.of("produce", "--data", store, "orders-0", first, second);

        assertThat(produced.exitCode()).isZero();
        assertThat(CliRun.of("fetch", "--data", store, "orders-0").outLines()).containsExactly("a", "b", "c");
    }

    @Test
    void fileThatIsMissing_isToldBeforeAnythingIsAppended() throws IOException {
        Path present = Files.writeString(directory.resolve("1.txt"), "a\n");
        Path store = directory.resolve("store");
        CliRun produced = CliRun.of("produce", "--data", store, "orders-0", present, directory.resolve("2.txt"));

        assertThat(produced.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(produced.err()).startsWith("wal: FILE_UNKNOWN ");
        assertThat(store).doesNotExist();
    }

    @Test
    void lengthPrefixedRecords_mayHoldNewlines() {
        produce("\0\0\0\3a\nb\0\0\0\0", "--length-prefixed");

        assertThat(fetch("--json").out()).contains("\"value\":\"a\\nb\"").contains("\"value\":\"\"");
    }

    @Test
    void keysAndBatches_comeBack() {
        CliRun produced = produce("k1=v1\nk2=v=2\nno key\n", "--key-separator", "=", "--batch", "2");

        assertThat(produced.err()).contains("produced 3 records");
        assertThat(fetch("--key-separator", "=").out()).isEqualTo("k1=v1\nk2=v=2\nno key\n");
        assertThat(fetch("--json").outLines())
                .hasSize(3)
                .first()
                .asString()
                .contains("\"offset\":0", "\"kind\":\"RECORD\"", "\"key\":\"k1\"", "\"value\":\"v1\"");
    }

    @Test
    void bytesThatAreNoText_areBase64InJson() {
        CliRun.withInput(new byte[] {(byte) 0xff, (byte) 0xfe, '\n'}, "produce", "--data", directory, "orders-0");

        assertThat(fetch("--json").out()).contains("\"valueBase64\":\"//4=\"").doesNotContain("\"value\":");
    }

    @Test
    void fetchFromAnOffset_beginsThereAndStopsAtTheLimit() {
        produce("a\nb\nc\nd\n");

        assertThat(fetch("--from", "1", "--max", "2").out()).isEqualTo("b\nc\n");
        assertThat(fetch("--from", "end").out()).isEmpty();
        assertThat(fetch("--from", "start", "--max", "1").out()).isEqualTo("a\n");
    }

    @Test
    void numberThatMakesNoSense_isAWrongCall() {
        produce("a\n");

        assertThat(fetch("--max", "-1").exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(CliRun.of("tail", "--data", directory, "orders-0", "-n", "-1")
                        .exitCode())
                .isEqualTo(ExitCode.USAGE.number());
        assertThat(CliRun.of("dump", "--data", directory, "orders-0", "--max", "-1")
                        .exitCode())
                .isEqualTo(ExitCode.USAGE.number());
        for (String seconds : new String[] {"0", "-1", "NaN"}) {
            assertThat(CliRun.of("demo", "--seconds", seconds).exitCode())
                    .as(seconds)
                    .isEqualTo(ExitCode.USAGE.number());
        }
    }

    @Test
    void produceIntoAFile_saysThatItIsNoDirectory() throws Exception {
        Path file = Files.createFile(directory.resolve("a.txt"));

        CliRun run = CliRun.withInput(new byte[0], "produce", "--data", file, "orders-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: STORE_UNKNOWN not a directory");
    }

    @Test
    void fetchFromATime_beginsThere() {
        produce("a\n");

        assertThat(fetch("--from", "timestamp:2020-01-31T12:00:00Z").out()).isEqualTo("a\n");
        assertThat(fetch("--from", "timestamp:0").out()).isEqualTo("a\n");
        assertThat(fetch("--from", "timestamp:2100-01-31T12:00:00Z").out()).isEmpty();
    }

    @Test
    void placeThatIsNone_isAWrongCall() {
        produce("a\n");

        for (String place : new String[] {"-1", "middle", "timestamp:", "timestamp:noon", "99999999999999999999"}) {
            CliRun run = fetch("--from=" + place);
            assertThat(run.exitCode()).as(place).isEqualTo(ExitCode.USAGE.number());
            assertThat(run.err()).as(place).startsWith("wal: USAGE ").contains("is none of start, end, an offset");
        }
    }

    @Test
    void offsetBeyondTheEnd_isNotFound() {
        produce("a\n");
        CliRun run = fetch("--from", "7");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: OFFSET_BEYOND_END ");
    }

    @Test
    void lineThatIsTooLong_isRefusedAndWhatCameBeforeIsKept() {
        CliRun run = produce("ok\n" + "x".repeat(9 << 20) + "\nnever\n");

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("RECORD_TOO_LARGE", "record=1", "produced 1 record");
        assertThat(fetch().out()).isEqualTo("ok\n");
    }

    @Test
    void tail_printsTheLastAndAllWhereThereAreFewer() {
        produce("a\nb\nc\n");

        assertThat(CliRun.of("tail", "--data", directory, "orders-0", "-n", 2).out())
                .isEqualTo("b\nc\n");
        assertThat(CliRun.of("tail", "--data", directory, "orders-0").out()).isEqualTo("a\nb\nc\n");
        assertThat(CliRun.of("tail", "--data", directory, "orders-0", "-n", 0).out())
                .isEmpty();
    }

    @Test
    void partitionNameThatIsNone_isAWrongCall() {
        CliRun run = CliRun.of("fetch", "--data", directory, "orders");

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).startsWith("wal: NAME_INVALID ").contains("orders-0");
    }

    @Test
    void partitionThatIsNotThere_suggestsTheNearest() {
        produce("a\n");
        CliRun run = CliRun.of("fetch", "--data", directory, "order-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: PARTITION_UNKNOWN ").contains("did you mean orders-0?");
    }

    @Test
    void reading_makesNeitherStoreNorPartition() throws IOException {
        CliRun run = CliRun.of("fetch", "--data", directory, "orders-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: STORE_UNKNOWN ");
        try (Stream<Path> found = Files.list(directory)) {
            assertThat(found).isEmpty();
        }
    }

    @Test
    void directoryWithOtherFiles_isNotMadeAStore() throws IOException {
        Files.writeString(directory.resolve("letter.txt"), "dear");
        CliRun run = produce("a\n");

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: STORE_UNKNOWN ").contains("letter.txt");
    }

    @Test
    void storeThatThisProcessHasOpen_isLocked() {
        try (Wal wal = Wal.open(directory)) {
            wal.partition("orders", 0).append("a".getBytes(StandardCharsets.UTF_8));
            CliRun run = produce("b\n");

            assertThat(run.exitCode()).isEqualTo(ExitCode.LOCKED.number());
            assertThat(run.err())
                    .startsWith("wal: STORE_LOCKED ")
                    .contains("pid=" + ProcessHandle.current().pid());
            assertThat(fetch("--unproven").out()).isEqualTo("a\n");
        }
    }

    @Test
    void recordsAboveTheLastProof_areNotedAndShownOnRequest() throws IOException {
        Path copy = directory.resolve("copy");
        try (Wal wal = Wal.open(CliRun.withoutProofs(directory.resolve("store")))) {
            wal.partition("orders", 0).append("a".getBytes(StandardCharsets.UTF_8));
            StoreFiles.copy(directory.resolve("store"), copy);
        }
        CliRun proven = CliRun.of("fetch", "--data", copy, "orders-0");
        CliRun all = CliRun.of("fetch", "--data", copy, "orders-0", "--unproven");

        assertThat(all.out()).isEqualTo("a\n");
        assertThat(all.err()).isEmpty();
        assertThat(proven.out()).isEmpty();
        assertThat(proven.err()).contains("1 record above the last proof", "from=0", "--unproven");
    }
}
