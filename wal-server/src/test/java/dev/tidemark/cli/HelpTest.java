package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HelpTest {

    private static final Path DOC = Path.of("..", "docs", "cli.md");

    static Stream<String> commands() {
        return Main.commandLine(Console.ofProcess()).getSubcommands().keySet().stream();
    }

    @Test
    void commands_areAllThere() {
        assertThat(commands()).contains("demo", "stat", "dump", "verify", "repair", "produce", "fetch", "tail");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpOfEveryCommand_hasExamplesAndExitCodes(String command) {
        CliRun run = CliRun.of(command, "--help");

        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("Usage: wal " + command).contains("Exit codes:");
        assertThat(run.out().substring(run.out().indexOf("Examples:"))).contains("  wal ");
    }

    @Test
    void exitCodesInTheDocument_areThoseOfTheProgram() throws IOException {
        Map<String, String> inDoc = new LinkedHashMap<>();
        Matcher rows = Pattern.compile("(?m)^\\| (\\d+) \\| (.+) \\|$").matcher(Files.readString(DOC));
        while (rows.find()) {
            inDoc.put(rows.group(1), rows.group(2));
        }

        assertThat(inDoc).containsExactlyEntriesOf(ExitCode.table());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommand_isInTheDocument(String command) throws IOException {
        boolean isHidden = Main.commandLine(Console.ofProcess())
                .getSubcommands()
                .get(command)
                .getCommandSpec()
                .usageMessage()
                .hidden();

        assertThat(Files.readString(DOC).contains("## wal " + command + "\n")).isNotEqualTo(isHidden);
    }
}
