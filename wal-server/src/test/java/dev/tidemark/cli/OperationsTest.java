package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.PartitionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The procedures of {@code docs/operations.md}: the commands of each are read from there and run, and end as the page says. What a program does itself in
 * a procedure is in the test of the same name in {@code wal-core}.
 */
class OperationsTest {
    private static final Path PAGE = Path.of("..", "docs", "operations.md");
    private static final String EXIT_CODE = "# exit code ";

    @TempDir
    Path temporary;

    private Path data;

    /** One command, and how the page says that it ends. */
    private record Command(List<String> words, int exitCode) {
        static Command parse(String line) {
            int comment = line.indexOf(EXIT_CODE);
            String words = comment < 0 ? line : line.substring(0, comment);
            int exitCode = comment < 0
                    ? 0
                    : Integer.parseInt(
                            line.substring(comment + EXIT_CODE.length()).strip());
            return new Command(List.of(words.strip().split(" +")), exitCode);
        }
    }

    @BeforeEach
    void store() {
        data = temporary.resolve("data");
        CliRun.store(data, "orders-0", 50);
        CliRun.store(data, "orders-1", 5);
    }

    @Test
    void everyProcedure_isRunHere() throws IOException {
        assertThat(Files.readAllLines(PAGE).stream()
                        .filter(line -> line.startsWith("### "))
                        .map(line -> line.substring(4)))
                .containsExactly(
                        "A full disk",
                        "A failed force",
                        "Damage",
                        "A backup, and its restore",
                        "A store that cannot be opened because it is in use",
                        "An upgrade");
    }

    @Test
    void fullDisk_isToldAndTrimmed() throws IOException {
        runBlock("A full disk", 0);
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines())
                .hasSize(10)
                .first()
                .isEqualTo("value 40");
    }

    @Test
    void failedForce_isFollowedByALook() throws IOException {
        runBlock("A failed force", 0);
    }

    @Test
    void damage_isFoundAndThePartitionComesFromTheBackup() throws IOException {
        runBlock("A backup, and its restore", 0);
        damage();
        runBlock("Damage", 0);
        runBlock("Damage", 2);
        runBlock("Damage", 1);
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).hasSize(50);
        assertThat(CliRun.withInput("one more\n", "produce", "--data", data, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).hasSize(51);
    }

    @Test
    void damageWithoutABackup_isGivenUpAndTheRestGoesOn() throws IOException {
        damage();
        runBlock("Damage", 0);
        runBlock("Damage", 2);
        runBlock("Damage", 3);
        runBlock("Damage", 4);
        CliRun fetch = CliRun.of("fetch", "--data", data, "orders-0");
        assertThat(fetch.exitCode()).isZero();
        assertThat(fetch.outLines()).hasSize(49);
        assertThat(fetch.err()).contains("RECORDS_LOST");
        assertThat(CliRun.withInput("one more\n", "produce", "--data", data, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.of("fetch", "--data", data, "orders-0", "--from", 50).outLines())
                .containsExactly("one more");
    }

    @Test
    void backup_isTheStoreAgain() throws IOException {
        runBlock("A backup, and its restore", 0);
        runBlock("A backup, and its restore", 1);
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").outLines()).hasSize(50);
        assertThat(CliRun.withInput("one more\n", "produce", "--data", data, "orders-1")
                        .exitCode())
                .isZero();
    }

    @Test
    void storeInUse_canBeRead() throws IOException {
        try (Wal wal = Wal.open(CliRun.withoutProofs(data))) {
            wal.partition(PartitionId.parse("orders-0")).append("value".getBytes(StandardCharsets.UTF_8));
            CliRun refused = CliRun.withInput("x\n", "produce", "--data", data, "orders-0");
            assertThat(refused.exitCode()).isEqualTo(ExitCode.LOCKED.number());
            assertThat(refused.err()).contains("STORE_LOCKED").contains("pid");
            runBlock("A store that cannot be opened because it is in use", 0);
        }
    }

    @Test
    void upgrade_beginsWithABackup() throws IOException {
        for (int block = 0; block < 3; block++) {
            runBlock("An upgrade", block);
        }
        assertThat(CliRun.of("verify", "--data", temporary.resolve("backup")).exitCode())
                .isZero();
    }

    private void damage() throws IOException {
        StoreFiles.flip(StoreFiles.segments(data, "orders-0").get(0), 4096 + 50);
    }

    /** Runs what stands in the n-th block below a heading. */
    private void runBlock(String heading, int number) throws IOException {
        List<Command> commands = blocks(heading).get(number);
        assertThat(commands).isNotEmpty();
        for (Command command : commands) {
            assertThat(exitCode(command.words())).as("%s", command).isEqualTo(command.exitCode());
        }
    }

    private int exitCode(List<String> words) throws IOException {
        switch (words.get(0)) {
            case "mv" -> Files.move(temporary.resolve(words.get(1)), temporary.resolve(words.get(2)));
            case "cp" -> StoreFiles.copy(temporary.resolve(words.get(2)), temporary.resolve(words.get(3)));
            default -> {
                assertThat(words.get(0)).isEqualTo("wal");
                List<String> arguments = new ArrayList<>(words.subList(1, words.size()));
                // The first one is the command, which may be called as a directory is.
                arguments.subList(1, arguments.size()).replaceAll(this::placed);
                return CliRun.of(arguments.toArray()).exitCode();
            }
        }
        return 0;
    }

    private String placed(String word) {
        return word.equals("data") || word.equals("backup")
                ? temporary.resolve(word).toString()
                : word;
    }

    private static List<List<Command>> blocks(String heading) throws IOException {
        List<List<Command>> blocks = new ArrayList<>();
        boolean isBelow = false;
        boolean isInside = false;
        for (String line : Files.readAllLines(PAGE)) {
            if (line.startsWith("#")) {
                isBelow = line.equals("### " + heading);
            } else if (isBelow && line.startsWith("```")) {
                isInside = !isInside;
                if (isInside) {
                    blocks.add(new ArrayList<>());
                }
            } else if (isBelow && isInside) {
                blocks.get(blocks.size() - 1).add(Command.parse(line));
            }
        }
        return blocks;
    }
}
